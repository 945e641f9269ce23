#include "judge.hpp"

#include <algorithm>
#include <chopsticks/core/unsupported.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>
#include <cstring>
#include <string>

namespace chopsticks::s3 {

namespace {

using ull = unsigned long long;

constexpr std::size_t line_bytes = sizeof(failure::text);

/// An XML document, and no page for browsers; or nothing but white space.
bool is_result(std::string_view body) noexcept {
    const std::string_view root = find_xml_root(body).name;
    if (root == "html" || root == "HTML") return false;
    return !root.empty() || body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// A line for failure::text, cut to it.
class one_line {
  public:
    one_line& operator<<(std::string_view text) noexcept {
        const std::size_t take = std::min(text.size(), sizeof text_ - size_);
        if (take > 0) std::memcpy(text_ + size_, text.data(), take);
        size_ += take;
        return *this;
    }
    /// What somebody else wrote, if there is anything.
    void add_foreign(std::string_view before, std::string_view text) noexcept {
        const std::size_t start = size_;
        *this << before;
        const std::size_t wrote = write_plain_text(text, std::span(text_).subspan(size_));
        size_ = wrote == 0 ? start : size_ + wrote;
    }
    std::string_view text() const noexcept { return {text_, size_}; }

  private:
    char text_[line_bytes - 1];
    std::size_t size_ = 0;
};

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) noexcept {
    to[write_plain_text(text, std::span(to, Size - 1))] = '\0';
}

void judge_etag(const asked& what, const answer& a, bool of_put, etag_memory& etags, failure& out) {
    if (a.etag_mark == 0) {
        out.set(op_status::bad_response, a.etag_sent ? "BadETag" : "NoETag",
                a.etag_sent ? "the ETag of the answer is none"
                            : "the answer has no ETag; is this an S3 endpoint, or does a proxy "
                              "drop the field?");
        return;
    }
    if (of_put) {
        etags.put(what.object, what.version, a.etag_mark);
    } else if (!etags.seen(what.object, what.version, a.etag_mark)) {
        char text[line_bytes];
        std::snprintf(text, sizeof text,
                      "object %llu version %u: another ETag than in an earlier answer",
                      ull{what.object}, what.version);
        out.set(op_status::corrupt, "WrongETag", text);
    }
}

void judge_refusal(const answer& a, failure& out) {
    const error_info error = parse_error(a.text);
    const op_status status = classify(a.status, error.code);
    const bool unsupported = means_unsupported(native_code::of_http(a.status), error.code);
    char number[16];
    std::snprintf(number, sizeof number, "HTTP %d", a.status);
    one_line said;
    said << number;
    if (!error.code.empty()) said << " " << error.code;
    if (unsupported) said << " (the service does not have this)";
    if (a.status < 400 && a.region[0] != '\0') said << ", region " << a.region;
    // No S3 service, or what stands before one: its name and the beginning of what it says.
    if (error.code.empty() && a.server[0] != '\0') said << " from " << a.server;
    said.add_foreign(": ", error.code.empty() ? a.text.substr(0, 80) : error.message);
    char code[16];
    std::snprintf(code, sizeof code, "HTTP%d", a.status);
    out.set(status == op_status::ok ? op_status::bad_response : status,
            error.code.empty() ? std::string_view(code) : error.code, said.text());
}

/// `rest`: of the first key, behind the prefix.
void judge_first_key(const asked& what, std::string_view rest, failure& out) {
    char start[key_suffix_size];
    write_key_suffix(what.object, start);
    if (what.behind_a_key && what.token.empty() && rest <= std::string_view(start, sizeof start)) {
        out.set(op_status::bad_response, "StartIgnored",
                "the listing shows a key before the one that it was to begin behind");
    } else if (what.delimited && !what.one_directory && rest.find('/') != std::string_view::npos) {
        out.set(op_status::bad_response, "DelimiterIgnored",
                "the listing shows keys with the delimiter that it was asked to stop at");
    }
}

bool is_encrypted_as_asked(const object_fields& asked_for, const answer& a) {
    if (asked_for.encryption == "AES256") return a.by_aes256;
    if (asked_for.encryption == "kms") return a.by_kms;
    return asked_for.encryption != "customer" || a.by_customer_key;
}

/// What the row takes for done, though it is no 2xx.
bool is_right_refusal(const operation_row& row, const answer& a) {
    for (const expected_refusal& r : row.refusals) {
        if (r.status != a.status) continue;
        if (r.code.empty() || parse_error(a.text).code == r.code) return true;
    }
    return false;
}

}  // namespace

bool succeeded(const operation_row& row, const answer& a, failure& out) {
    // Nearly every answer.
    if (a.status == 200 && a.text.empty()) return true;
    if (!a.text.empty()) {
        error_info error;
        if (error_in_success(a.text, error)) {
            char number[16];
            std::snprintf(number, sizeof number, "HTTP %d", a.status);
            one_line said;
            said << number << ", but its body is an error";
            if (!error.code.empty()) said << ": " << error.code;
            said.add_foreign(": ", error.message);
            out.set(classify_in_success(error.code),
                    error.code.empty() ? "ErrorInSuccess" : error.code, said.text());
            return false;
        }
        // Some services send a result where S3 sends nothing; it is one element of theirs.
        if (!is_result(a.text)) {
            char text[line_bytes];
            char start[60];
            copy_text(start, a.text);
            std::snprintf(text, sizeof text, "HTTP %d with a body that is none of S3 (%s)",
                          a.status, start);
            out.set(op_status::bad_response, "NotS3", text);
            return false;
        }
    }
    for (const std::uint16_t right : row.successes) {
        if (right == a.status) return true;
    }
    char code[16];
    char text[line_bytes];
    std::snprintf(code, sizeof code, "HTTP%d", a.status);
    std::snprintf(text, sizeof text, "HTTP %d does not say that it is done", a.status);
    out.set(op_status::bad_response, code, text);
    return false;
}

std::uint64_t judge_put(const operation_row& row, const asked& what, const answer& a,
                        etag_memory& etags, failure& out) {
    if (!succeeded(row, a, out)) return 0;
    judge_etag(what, a, true, etags, out);
    return what.size;
}

std::uint64_t judge_upload_begun(const operation_row& row, const asked&, const answer& a,
                                 etag_memory&, failure& out) {
    std::string id;
    if (succeeded(row, a, out) && !append_upload_id(id, a.text)) {
        out.set(op_status::bad_response, "NoUploadId",
                "the answer does not name an upload; does the service have multipart uploads?");
    }
    return 0;
}

std::uint64_t judge_part(const operation_row& row, const asked& what, const answer& a, etag_memory&,
                         failure& out) {
    if (!succeeded(row, a, out)) return 0;
    if (a.etag_size == 0) {
        out.set(op_status::bad_response, a.etag_sent ? "BadETag" : "NoETag",
                a.etag_sent ? "the ETag of the part is none that could be sent back"
                            : "the answer to a part has no ETag to complete the upload with");
    }
    return what.part_bytes();
}

std::uint64_t judge_upload_completed(const operation_row& row, const asked& what, const answer& a,
                                     etag_memory& etags, failure& out) {
    if (!succeeded(row, a, out)) return 0;
    const xml_root root = find_xml_root(a.text);
    const bool is_result = root.name == "CompleteMultipartUploadResult";
    std::string tag;
    if (is_result) {
        const auto text = xml_unescape(xml_element(root.inside, "ETag"));
        if (text) tag = etag_tag(*text);
    }
    // Ceph's RGW (16.2) names the key and leaves the ETag empty.
    if (!is_result || (tag.empty() && xml_element(root.inside, "Key").empty())) {
        out.set(op_status::bad_response, "NotCompleted",
                "the answer does not say that the upload was completed: no object is named");
        return 0;
    }
    if (!tag.empty()) etags.put(what.object, what.version, etag_mark(tag));
    return 0;
}

std::uint64_t judge_get(const operation_row& row, const asked& what, const answer& a,
                        etag_memory& etags, failure& out) {
    const std::uint64_t expected = what.part_bytes();
    char text[line_bytes];
    if (what.length > 0 && a.status != 206) {
        out.set(op_status::bad_response, "RangeIgnored",
                "the server answered a range with the whole object");
    } else if (!a.range_as_asked) {
        std::snprintf(text, sizeof text,
                      "object %llu: Content-Range is not of bytes %llu-%llu/%llu", ull{what.object},
                      ull{what.offset}, ull{what.offset + expected - 1}, ull{what.size});
        out.set(op_status::bad_response, "WrongRange", text);
    } else if (a.received != expected) {
        std::snprintf(text, sizeof text, "object %llu: %llu bytes instead of %llu",
                      ull{what.object}, ull{a.received}, ull{expected});
        out.set(op_status::corrupt, "WrongSize", text);
    } else if (a.mismatch != answer::right) {
        std::snprintf(text, sizeof text, "object %llu version %u: first wrong byte at offset %llu",
                      ull{what.object}, what.version, ull{a.mismatch});
        out.set(op_status::corrupt, "WrongContent", text);
    } else if (succeeded(row, a, out)) {
        judge_etag(what, a, false, etags, out);
    }
    return a.received;
}

std::uint64_t judge_head(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out) {
    if (!succeeded(row, a, out)) return 0;
    if (!a.has_content_length) {
        out.set(op_status::bad_response, "NoLength",
                "the answer to head does not name the object's length");
    } else if (a.content_length != what.size) {
        char text[line_bytes];
        std::snprintf(text, sizeof text, "object %llu: head says %llu bytes instead of %llu",
                      ull{what.object}, ull{a.content_length}, ull{what.size});
        out.set(op_status::corrupt, "WrongSize", text);
    } else {
        judge_etag(what, a, false, etags, out);
    }
    return 0;
}

std::uint64_t judge_list(const operation_row& row, const asked& what, const answer& a, etag_memory&,
                         failure& out) {
    if (!succeeded(row, a, out)) return a.received;
    char text[line_bytes];
    if (a.page == nullptr || a.page->current() != list_scanner::state::complete) {
        out.set(op_status::bad_response, "BadListing",
                "the listing is not a complete ListBucketResult");
    } else if (!a.page->says_truncated()) {
        out.set(op_status::bad_response, "BadListing",
                "the listing does not say whether it is all (no IsTruncated)");
    } else if (a.page->entries() > what.max_keys) {
        std::snprintf(text, sizeof text, "a page of %llu keys where at most %u were asked for",
                      ull{a.page->entries()}, what.max_keys);
        out.set(op_status::bad_response, "TooManyKeys", text);
    } else if (a.page->keys() > 0 && !a.page->first_key().starts_with(what.prefix)) {
        char key[60];
        copy_text(key, a.page->first_key());
        std::snprintf(text, sizeof text, "the listing shows \"%s\", which is not below the prefix",
                      key);
        out.set(op_status::bad_response, "WrongPrefix", text);
    } else if (a.page->keys() > 0) {
        judge_first_key(what, a.page->first_key().substr(what.prefix.size()), out);
    }
    return a.received;
}

std::uint64_t judge_plain(const operation_row& row, const asked&, const answer& a, etag_memory&,
                          failure& out) {
    static_cast<void>(succeeded(row, a, out));
    return 0;
}

void note_head(const http::response_head& head, const operation_row* row, const asked& what,
               answer& out) noexcept {
    out.status = head.status;
    out.has_content_length = head.has_content_length;
    out.content_length = head.content_length;
    if (row == nullptr) return;
    if (!head.version_id.empty() && head.version_id.size() <= sizeof out.version) {
        out.version_size =
            static_cast<std::uint8_t>(head.version_id.copy(out.version, sizeof out.version));
    }
    out.is_marker = head.delete_marker == "true";
    out.by_aes256 = head.encryption == "AES256";
    out.by_kms = head.encryption.starts_with("aws:kms");
    out.by_customer_key = head.customer_algorithm == "AES256";
    if (head.status == 206) {
        http::content_range range;
        out.range_as_asked = http::parse_content_range(head.content_range, range) &&
                             range.first == what.offset &&
                             range.last == what.offset + what.part_bytes() - 1 &&
                             (range.total == 0 || range.total == what.size);
    }
    if (head.status >= 300) {
        copy_text(out.server, head.server);
        copy_text(out.region, head.bucket_region);
        if (head.status != 304) return;
    }
    if (!row->names_etag) return;
    const std::string_view tag = etag_tag(head.etag);
    out.etag_sent = head.etag.data() != nullptr;
    if (tag.empty()) return;
    out.etag_mark = etag_mark(tag);
    if (tag.size() > sizeof out.etag) return;
    out.etag_size = static_cast<std::uint8_t>(tag.size());
    std::memcpy(out.etag, tag.data(), tag.size());
}

std::uint64_t judge(const operation_row& row, const asked& what, const answer& a,
                    etag_memory& etags, failure& out) {
    if (a.status >= 300 || a.status < 200) {
        if (!is_right_refusal(row, a)) {
            judge_refusal(a, out);
        } else if (a.status == 304 && a.etag_mark != 0 && a.etag_mark != etag_mark(what.etag)) {
            out.set(op_status::corrupt, "WrongETag",
                    "HTTP 304 with another ETag than that which was asked about");
        }
        return 0;
    }
    const std::uint64_t bytes = row.judge(row, what, a, etags, out);
    if (!out && what.fields != nullptr && row.tells_encryption &&
        !is_encrypted_as_asked(*what.fields, a)) {
        out.set(op_status::bad_response, "EncryptionIgnored",
                "the answer does not say that the object is encrypted as it was asked for");
    }
    return bytes;
}

}  // namespace chopsticks::s3
