#include <algorithm>
#include <charconv>
#include <chopsticks/s3/protocol/list.hpp>
#include <cstring>

#include "text.hpp"
#include "xml_tree.hpp"

namespace chopsticks::s3 {

namespace {

/// Names of elements, by list_kind.
struct list_words {
    std::string_view root;
    std::string_view entry;
    std::string_view token;
    std::string_view marker = {};  ///< an entry too, of what is no object
    std::string_view version_token = {};
};
constexpr list_words words_of[] = {
    {"ListBucketResult", "Contents", "NextContinuationToken"},
    {"ListBucketResult", "Contents", "NextMarker"},
    {"ListVersionsResult", "Version", "NextKeyMarker", "DeleteMarker", "NextVersionIdMarker"},
};

const list_words& words(list_kind kind) noexcept {
    return words_of[static_cast<std::size_t>(kind)];
}

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

constexpr bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr bool is_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

/// A number for a name: the same for the same one, another for another of up to 24 bytes.
std::uint64_t print_of(std::string_view name) noexcept {
    const std::uint64_t size = name.size();
    const auto word = [&name]<typename Word>(Word, std::uint64_t at) {
        Word bytes;
        std::memcpy(&bytes, name.data() + at, sizeof bytes);
        return std::uint64_t{bytes};
    };
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15ULL;
    constexpr std::uint64_t eight = 0;
    constexpr std::uint32_t four = 0;
    if (size > 16) {
        return (word(eight, 0) * factor + word(eight, size / 2 - 4)) * factor +
               word(eight, size - 8) + size;
    }
    if (size >= 8) return word(eight, 0) * factor + word(eight, size - 8) + size;
    if (size >= 4) return word(four, 0) * factor + word(four, size - 4) + size;
    std::uint64_t print = size;
    for (const char c : name)
        print = print * 256 + static_cast<unsigned char>(c);
    return print;
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
            // No longer than one that comes in pieces may be: where it is cut is no matter.
            const bool fits = text.size() <= name_.size();
            if (!fits || !(name == tag + 1 ? open_element(text) : close_element(text))) {
                state_ = state::bad;
            }
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
        if (text.size() > text_.size() - text_size_)
            return false;  // no key of S3 is so long either
        if (!text.empty()) std::memcpy(text_.data() + text_size_, text.data(), text.size());
        text_size_ += text.size();
        return true;
    }
    if (depth_ > 0 || text.empty()) return true;
    if (!seen_root_) {
        while (mark_bytes_ < byte_order_mark.size() && !text.empty() &&
               text.front() == byte_order_mark[mark_bytes_]) {
            text.remove_prefix(1);
            ++mark_bytes_;
        }
        if (text.empty()) return true;
        if (mark_bytes_ == 0) mark_bytes_ = byte_order_mark.size();
        if (mark_bytes_ < byte_order_mark.size()) return false;
    }
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
    open_[depth_] = print_of(name);
    if (depth_ == 0) {
        const bool half_mark = mark_bytes_ > 0 && mark_bytes_ < byte_order_mark.size();
        if (seen_root_ || half_mark || xml_local_name(name) != words(kind_).root) return false;
        seen_root_ = true;
    } else if (depth_ == 1) {
        const std::string_view local = xml_local_name(name);
        const list_words& known = words(kind_);
        if (local == known.entry) {
            in_first_entry_ = keys_++ == 0;
            in_entry_ = true;
        } else if (local == "CommonPrefixes") {
            ++common_prefixes_;
        } else if (local == "IsTruncated") {
            capture_ = capture::truncated;
        } else if (local == known.token) {
            capture_ = capture::token;
        } else if (!known.marker.empty() && local == known.marker) {
            ++markers_;
        } else if (!known.version_token.empty() && local == known.version_token) {
            capture_ = capture::version_token;
        }
        text_size_ = 0;
    } else if (depth_ == 2 && (in_first_entry_ || (in_entry_ && kind_ == list_kind::v1)) &&
               xml_local_name(name) == "Key") {
        capture_ = capture::key;
        text_size_ = 0;
    }
    ++depth_;
    return true;
}

bool list_scanner::close_element(std::string_view name) noexcept {
    if (depth_ == 0) return false;
    --depth_;
    if (open_[depth_] != print_of(name)) return false;
    if (capture_ != capture::none && !finish_capture(xml_local_name(name))) return false;
    if (depth_ == 1) {
        // An entry without a key lists nothing.
        if (in_first_entry_ && key_size_ == 0) return false;
        in_first_entry_ = in_entry_ = false;
    }
    if (depth_ == 0) {
        if (xml_local_name(name) != words(kind_).root) return false;
        state_ = state::complete;
    }
    return true;
}

bool list_scanner::finish_capture(std::string_view name) noexcept {
    const capture what = capture_;
    capture_ = capture::none;
    const std::string_view text(text_.data(), text_size_);
    if (what == capture::truncated) {
        says_truncated_ = name == "IsTruncated";
        is_truncated_ = trimmed(text) == "true";
        return says_truncated_ && (is_truncated_ || trimmed(text) == "false");
    }
    // In place: what is written never overtakes what is read.
    const char* const end = xml_unescape_to(text_.data(), text);
    if (end == nullptr) return false;
    const auto size = static_cast<std::size_t>(end - text_.data());
    const std::string_view plain(text_.data(), size);
    const auto keep = [&plain](auto& room, std::size_t& kept) {
        if (plain.size() > room.size()) return false;
        kept = plain.copy(room.data(), plain.size());
        return true;
    };
    if (what == capture::key) {
        if (in_first_entry_) key_size_ = plain.copy(key_.data(), key_.size());
        // The list goes on behind the last key, unless it says behind what.
        return kind_ != list_kind::v1 || names_marker_ || keep(token_, token_size_);
    }
    if (what == capture::version_token) {
        return name == words(kind_).version_token && keep(version_token_, version_token_size_);
    }
    if (name != words(kind_).token) return false;
    names_marker_ = !plain.empty();
    return plain.empty() || keep(token_, token_size_);
}

void list_scanner::reset(list_kind kind) noexcept {
    kind_ = kind;
    state_ = state::need_more;
    phase_ = phase::text;
    capture_ = capture::none;
    is_truncated_ = false;
    says_truncated_ = false;
    seen_root_ = false;
    in_first_entry_ = in_entry_ = names_marker_ = false;
    mark_bytes_ = 0;
    depth_ = 0;
    keys_ = 0;
    common_prefixes_ = 0;
    markers_ = 0;
    token_size_ = 0;
    version_token_size_ = 0;
    key_size_ = 0;
    text_size_ = 0;
}

namespace {

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
        const std::string_view name = xml_local_name(node.name());
        if (name == "Contents") {
            list_entry entry;
            entry.key = text_of(node, "Key");
            entry.etag = text_of(node, "ETag");
            entry.last_modified = text_of(node, "LastModified");
            if (entry.key.empty() || !parse_number(text_of(node, "Size"), entry.size)) {
                return bad_body();
            }
            page.keys.push_back(std::move(entry));
        } else if (name == "CommonPrefixes") {
            page.prefixes.emplace_back(text_of(node, "Prefix"));
        }
    }
    const std::string_view truncated = trimmed(text_of(root, "IsTruncated"));
    page.is_truncated = truncated == "true";
    page.token = text_of(root, "NextContinuationToken");
    if (!page.is_truncated && truncated != "false") return bad_body();
    if (page.is_truncated && page.token.empty()) return bad_body();
    return page;
}

result<std::vector<std::string>> parse_buckets(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ListAllMyBucketsResult");
    if (!root) return bad_body();
    std::vector<std::string> names;
    for (const pugi::xml_node bucket : child_of(root, "Buckets").children()) {
        if (xml_local_name(bucket.name()) != "Bucket") continue;
        names.emplace_back(text_of(bucket, "Name"));
        if (names.back().empty()) return bad_body();
    }
    return names;
}

}  // namespace chopsticks::s3
