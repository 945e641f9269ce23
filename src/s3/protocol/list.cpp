#include <charconv>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstring>
#include <pugixml.hpp>

namespace chopsticks::s3 {

namespace {

constexpr std::string_view root_name = "ListBucketResult";
constexpr std::uint32_t max_depth = 32;

constexpr bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr bool is_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

error_code bad_body() {
    return make_error_code(boost::system::errc::bad_message);
}

}  // namespace

list_scanner::state list_scanner::feed(std::string_view slice) noexcept {
    const char* p = slice.data();
    const char* const end = p + slice.size();
    while (p != end && state_ != state::bad) {
        if (phase_ != phase::text) {
            if (!tag_byte(*p++)) state_ = state::bad;
            continue;
        }
        const auto* const tag =
            static_cast<const char*>(std::memchr(p, '<', static_cast<std::size_t>(end - p)));
        const char* const text_end = tag != nullptr ? tag : end;
        if (!take_text({p, static_cast<std::size_t>(text_end - p)})) {
            state_ = state::bad;
            break;
        }
        if (tag == nullptr) break;
        // Nearly every tag is <name> or </name> and whole: those are taken in one go.
        const char* const name = tag + 1 + (end - tag > 1 && tag[1] == '/' ? 1 : 0);
        const char* name_end = name;
        while (name_end < end && is_name(*name_end))
            ++name_end;
        if (name_end < end && *name_end == '>' && name_end != name) {
            const std::string_view text(name, static_cast<std::size_t>(name_end - name));
            if (!(name == tag + 1 ? open_element(text) : close_element(text))) state_ = state::bad;
            p = name_end + 1;
            continue;
        }
        phase_ = phase::tag_start;
        p = tag + 1;
    }
    return state_;
}

bool list_scanner::take_text(std::string_view text) noexcept {
    if (capture_ != capture::none) {
        if (text.size() > text_.size() - text_size_) return false;
        if (!text.empty()) std::memcpy(text_.data() + text_size_, text.data(), text.size());
        text_size_ += text.size();
        return true;
    }
    if (depth_ > 0) return true;
    return trimmed(text).empty();
}

bool list_scanner::tag_byte(char c) noexcept {
    switch (phase_) {
        case phase::tag_start:
            closing_ = false;
            self_closing_ = false;
            name_size_ = 0;
            phase_ = phase::tag_name;
            if (c == '/') {
                closing_ = true;
                return true;
            }
            if (c == '?') {
                phase_ = phase::declaration;
                return true;
            }
            if (c == '!') {
                phase_ = phase::bang;
                return true;
            }
            [[fallthrough]];
        case phase::tag_name:
            if (is_name(c)) {
                if (name_size_ == name_.size()) return false;
                name_[name_size_++] = c;
                return true;
            }
            if (name_size_ == 0) return false;
            phase_ = phase::tag_rest;
            [[fallthrough]];
        case phase::tag_rest:
            if (c == '>') return end_tag();
            if (self_closing_ || c == '<') return false;
            if (closing_) return is_space(c);
            if (c == '/') {
                self_closing_ = true;
            } else if (c == '"' || c == '\'') {
                quote_ = c;
                phase_ = phase::tag_quoted;
            }
            return true;
        case phase::tag_quoted:
            if (c == quote_) phase_ = phase::tag_rest;
            return c != '<';
        case phase::declaration:
            if (c == '?') phase_ = phase::declaration_end;
            return true;
        case phase::declaration_end:
            phase_ = c == '>'   ? phase::text
                     : c == '?' ? phase::declaration_end
                                : phase::declaration;
            return true;
        // Comments are skipped. A document type or a CDATA section is nothing S3 sends.
        case phase::bang:
            phase_ = phase::bang_dash;
            return c == '-';
        case phase::bang_dash:
            phase_ = phase::comment;
            return c == '-';
        case phase::comment:
            if (c == '-') phase_ = phase::comment_dash;
            return true;
        case phase::comment_dash:
            phase_ = c == '-' ? phase::comment_end : phase::comment;
            return true;
        case phase::comment_end:
            phase_ = phase::text;
            return c == '>';
        case phase::text:
            break;
    }
    return false;
}

bool list_scanner::end_tag() noexcept {
    phase_ = phase::text;
    const std::string_view name(name_.data(), name_size_);
    if (closing_) return close_element(name);
    return open_element(name) && (!self_closing_ || close_element(name));
}

bool list_scanner::open_element(std::string_view name) noexcept {
    if (capture_ != capture::none || depth_ == max_depth) return false;
    if (depth_ == 0) {
        if (seen_root_ || name != root_name) return false;
        seen_root_ = true;
    } else if (depth_ == 1) {
        if (name == "Contents") {
            ++keys_;
        } else if (name == "CommonPrefixes") {
            ++common_prefixes_;
        } else if (name == "IsTruncated") {
            capture_ = capture::truncated;
        } else if (name == "NextContinuationToken") {
            capture_ = capture::token;
        }
        text_size_ = 0;
    }
    ++depth_;
    return true;
}

bool list_scanner::close_element(std::string_view name) noexcept {
    if (depth_ == 0) return false;
    --depth_;
    if (capture_ != capture::none && !finish_capture(name)) return false;
    if (depth_ == 0) {
        if (name != root_name) return false;
        state_ = state::complete;
    }
    return true;
}

bool list_scanner::finish_capture(std::string_view name) noexcept {
    const bool token = capture_ == capture::token;
    capture_ = capture::none;
    if (name != (token ? "NextContinuationToken" : "IsTruncated")) return false;
    const std::string_view text(text_.data(), text_size_);
    if (!token) {
        is_truncated_ = trimmed(text) == "true";
        return is_truncated_ || trimmed(text) == "false";
    }
    // In place: what is written never overtakes what is read.
    const char* const end = xml_unescape_to(text_.data(), text);
    if (end == nullptr) return false;
    token_size_ = static_cast<std::size_t>(end - text_.data());
    if (token_size_ > token_.size()) {
        token_size_ = 0;
        return false;
    }
    std::memcpy(token_.data(), text_.data(), token_size_);
    return true;
}

void list_scanner::reset() noexcept {
    state_ = state::need_more;
    phase_ = phase::text;
    capture_ = capture::none;
    is_truncated_ = false;
    seen_root_ = false;
    depth_ = 0;
    keys_ = 0;
    common_prefixes_ = 0;
    token_size_ = 0;
    text_size_ = 0;
}

namespace {

/// Parses and finds the root; an empty node when either fails.
pugi::xml_node parse_root(pugi::xml_document& document, std::string_view body, const char* name) {
    // White space in keys is theirs: parse_default normalises line ends only.
    if (!document.load_buffer(body.data(), body.size(),
                              pugi::parse_default | pugi::parse_ws_pcdata_single)) {
        return {};
    }
    return document.child(name);
}

bool parse_number(std::string_view text, std::uint64_t& out) {
    text = trimmed(text);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

}  // namespace

result<list_page> parse_list(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ListBucketResult");
    if (!root) return bad_body();
    list_page page;
    for (const pugi::xml_node node : root.children()) {
        const std::string_view name = node.name();
        if (name == "Contents") {
            list_entry entry;
            entry.key = node.child_value("Key");
            entry.etag = node.child_value("ETag");
            entry.last_modified = node.child_value("LastModified");
            if (entry.key.empty() || !parse_number(node.child_value("Size"), entry.size)) {
                return bad_body();
            }
            page.keys.push_back(std::move(entry));
        } else if (name == "CommonPrefixes") {
            page.prefixes.emplace_back(node.child_value("Prefix"));
        }
    }
    page.is_truncated = trimmed(root.child_value("IsTruncated")) == "true";
    page.token = root.child_value("NextContinuationToken");
    return page;
}

result<std::vector<std::string>> parse_buckets(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ListAllMyBucketsResult");
    if (!root) return bad_body();
    std::vector<std::string> names;
    for (const pugi::xml_node bucket : root.child("Buckets").children("Bucket")) {
        names.emplace_back(bucket.child_value("Name"));
        if (names.back().empty()) return bad_body();
    }
    return names;
}

}  // namespace chopsticks::s3
