// What single operations ask of a success beyond its status.

#include <algorithm>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "judge.hpp"
#include "text.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::size_t answer_line_bytes = sizeof(failure::text);

/// Whether the document ends as it began; of one that was not kept whole nobody knows.
bool is_closed(const answer& a, std::string_view root) {
    if (a.received > a.text.size()) return true;
    const std::string_view end = trimmed(a.text);
    if (end.ends_with("/>")) return find_xml_root(a.text).inside.empty();
    const std::size_t close = end.rfind("</");
    return close != std::string_view::npos && end.ends_with('>') &&
           xml_local_name(end.substr(close + 2, end.size() - close - 3)) == root;
}

/// Of an ETag in a document, which is text in XML; 0: there is none.
std::uint64_t mark_in(std::string_view document) {
    const auto text = xml_unescape(xml_element(document, "ETag"));
    const std::string_view tag = text ? etag_tag(*text) : std::string_view();
    return tag.empty() ? 0 : etag_mark(tag);
}

void set_wrong_etag(const asked& what, failure& out) {
    char text[answer_line_bytes];
    std::snprintf(text, sizeof text,
                  "object %llu version %u: another ETag than in an earlier answer",
                  static_cast<unsigned long long>(what.object), what.version);
    out.set(op_status::corrupt, "WrongETag", text);
}

/// Marks the subject of a key; false: it is none of them. Answers come in the order of the request,
/// mostly, so that the search begins behind the last one.
bool mark_done(std::span<subject> all, std::size_t& next, std::uint64_t object) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t at = (next + i) % all.size();
        if (all[at].object != object || all[at].done) continue;
        all[at].done = true;
        next = at + 1;
        return true;
    }
    return false;
}

bool is_among(std::span<const subject> all, std::uint64_t object) {
    return std::any_of(all.begin(), all.end(),
                       [object](const subject& one) { return one.object == object; });
}

/// It was said to be done, and failed as well.
bool take_back(std::span<subject> all, std::uint64_t object) {
    for (subject& one : all) {
        if (one.object != object || !one.done) continue;
        one.done = false;
        return true;
    }
    return false;
}

std::optional<std::uint64_t> object_of(const asked& what, std::string_view escaped) {
    const auto key = xml_unescape(xml_element(escaped, "Key"));
    return key ? parse_object_key(what.prefix, *key) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> take_element(std::string_view& body, std::string_view name) {
    for (;;) {
        const std::size_t open = body.find('<');
        const std::size_t end = open == std::string_view::npos ? open : body.find('>', open);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view tag = body.substr(open + 1, end - open - 1);
        body.remove_prefix(end + 1);
        if (xml_local_name(tag) != name) continue;
        const std::string close = "</" + std::string(tag) + ">";
        const std::size_t at = body.find(close);
        if (at == std::string_view::npos) return std::nullopt;
        const std::string_view inside = body.substr(0, at);
        body.remove_prefix(at + close.size());
        return inside;
    }
}

bool is_document(const operation_row& row, const answer& a, failure& out) {
    if (!succeeded(row, a, out)) return false;
    const xml_root root = find_xml_root(a.text);
    const bool holds = row.holds.empty() ||
                       root.inside.find(std::string(row.holds) + ">") != std::string_view::npos ||
                       root.inside.find(std::string(row.holds) + "/>") != std::string_view::npos;
    if (root.name == row.root && holds && is_closed(a, root.name)) return true;
    char text[answer_line_bytes];
    std::snprintf(text, sizeof text,
                  "the answer is not a whole <%.*s>; does the service have this?",
                  static_cast<int>(row.root.size()), row.root.data());
    out.set(op_status::bad_response, "NotThatDocument", text);
    return false;
}

std::uint64_t judge_document(const operation_row& row, const asked&, const answer& a, etag_memory&,
                             failure& out) {
    static_cast<void>(is_document(row, a, out));
    return 0;
}

std::uint64_t judge_policy(const operation_row& row, const asked&, const answer& a, etag_memory&,
                           failure& out) {
    error_info error;
    const std::string_view text = trimmed(a.text);
    answer without_text = a;
    if (!error_in_success(a.text, error)) without_text.text = {};
    if (!succeeded(row, without_text, out)) return 0;
    if (!text.starts_with('{') || (a.received == a.text.size() && !text.ends_with('}'))) {
        out.set(op_status::bad_response, "NotThatDocument", "the answer is no policy in JSON");
    }
    return 0;
}

std::uint64_t judge_copy(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out) {
    if (!is_document(row, a, out)) return 0;
    const std::uint64_t mark = mark_in(find_xml_root(a.text).inside);
    if (mark == 0) {
        out.set(op_status::bad_response, "NoETag", "the answer to a copy names no ETag of it");
        return 0;
    }
    // An object that was put in parts has another one from now on.
    etags.put(what.object, what.version, mark);
    return 0;
}

std::uint64_t judge_posted(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out) {
    if (!is_document(row, a, out)) return 0;
    const std::string_view inside = find_xml_root(a.text).inside;
    char suffix[key_suffix_size];
    write_key_suffix(what.object, suffix);
    const auto key = xml_unescape(xml_element(inside, "Key"));
    if (!key || !key->ends_with(std::string_view(suffix, sizeof suffix))) {
        out.set(op_status::bad_response, "WrongKey",
                "the answer to a form does not name the key that was in it");
        return 0;
    }
    const std::uint64_t mark = a.etag_mark != 0 ? a.etag_mark : mark_in(inside);
    if (mark != 0) etags.put(what.object, what.version, mark);
    return what.size;
}

std::uint64_t judge_attributes(const operation_row& row, const asked& what, const answer& a,
                               etag_memory& etags, failure& out) {
    if (!is_document(row, a, out)) return 0;
    const std::string_view inside = find_xml_root(a.text).inside;
    const std::string_view size = xml_element(inside, "ObjectSize");
    char text[answer_line_bytes];
    if (size != std::to_string(what.size)) {
        std::snprintf(text, sizeof text,
                      "object %llu: the attributes say \"%.*s\" bytes instead of %llu",
                      static_cast<unsigned long long>(what.object),
                      static_cast<int>(std::min<std::size_t>(size.size(), 20)), size.data(),
                      static_cast<unsigned long long>(what.size));
        out.set(op_status::corrupt, "WrongSize", text);
        return 0;
    }
    const std::uint64_t mark = mark_in(inside);
    if (mark != 0 && !etags.seen(what.object, what.version, mark)) set_wrong_etag(what, out);
    return 0;
}

std::uint64_t judge_tags(const operation_row& row, const asked& what, const answer& a, etag_memory&,
                         failure& out) {
    if (!is_document(row, a, out)) return 0;
    std::string_view left = find_xml_root(a.text).inside;
    while (const auto tag = take_element(left, "Tag")) {
        const std::string_view name = xml_element(*tag, "Key");
        const std::string_view value = xml_element(*tag, "Value");
        if (is_tag_of(what.object, name, value)) continue;
        char text[answer_line_bytes];
        std::snprintf(text, sizeof text, "object %llu has the tag \"%.*s\", which it was not given",
                      static_cast<unsigned long long>(what.object),
                      static_cast<int>(std::min<std::size_t>(name.size(), 40)), name.data());
        out.set(op_status::corrupt, "WrongTags", text);
        return 0;
    }
    return 0;
}

std::uint64_t judge_deleted(const operation_row& row, const asked& what, const answer& a,
                            etag_memory&, failure& out) {
    if (!is_document(row, a, out)) return 0;
    std::string_view left = find_xml_root(a.text).inside;
    std::size_t next = 0;
    std::size_t done = 0;
    std::size_t unasked = 0;
    while (const auto deleted = take_element(left, "Deleted")) {
        const auto object = object_of(what, *deleted);
        if (object && mark_done(what.subjects, next, *object)) {
            ++done;
        } else if (!object || !is_among(what.subjects, *object)) {
            ++unasked;
        }
    }
    // What an error says is kept over what is only missing.
    left = find_xml_root(a.text).inside;
    std::size_t refused = 0;
    std::string_view code;
    std::string_view message;
    while (const auto error = take_element(left, "Error")) {
        const auto object = object_of(what, *error);
        if (object && take_back(what.subjects, *object)) --done;
        if (refused++ > 0) continue;
        code = xml_element(*error, "Code");
        message = xml_element(*error, "Message");
    }
    // It is the answer to another request, or of somebody who deletes what is not ours.
    if (unasked > 0) {
        for (subject& one : what.subjects)
            one.done = false;
        char text[answer_line_bytes];
        std::snprintf(text, sizeof text,
                      "HTTP 200, and %zu keys are said to be deleted that were not asked for",
                      unasked);
        out.set(op_status::bad_response, "UnaskedKey", text);
        return 0;
    }
    if (done == what.subjects.size()) return 0;
    char said[80] = {};
    said[write_plain_text(message, std::span(said).first(sizeof said - 1))] = '\0';
    char text[answer_line_bytes];
    std::snprintf(text, sizeof text,
                  "HTTP 200, but %zu of %zu keys are not said to be deleted%s%.*s%s%s",
                  what.subjects.size() - done, what.subjects.size(), code.empty() ? "" : ": ",
                  static_cast<int>(std::min<std::size_t>(code.size(), 40)), code.data(),
                  said[0] != '\0' ? ": " : "", said);
    if (refused == 0) {
        out.set(op_status::bad_response, "NotDeleted", text);
    } else {
        const op_status passing = classify_in_success(code);
        out.set(passing == op_status::bad_response ? op_status::client_error : passing, code, text);
    }
    return 0;
}

std::uint64_t judge_ignored(const operation_row&, const asked& what, const answer& a, etag_memory&,
                            failure& out) {
    char text[answer_line_bytes];
    if (what.learns_etag) {
        std::snprintf(text, sizeof text,
                      "object %llu: this core did not know its ETag yet, which is not its MD5 here",
                      static_cast<unsigned long long>(what.object));
        out.set(op_status::client_error, "UnknownETag", text);
        return 0;
    }
    std::snprintf(text, sizeof text,
                  "HTTP %d, where the condition of the request is not met: the service ignores it",
                  a.status);
    out.set(op_status::bad_response, "ConditionIgnored", text);
    return 0;
}

}  // namespace chopsticks::s3
