#include <charconv>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/inventory.hpp>
#include <ctime>

#include "text.hpp"
#include "xml_tree.hpp"

namespace chopsticks::s3 {

namespace {

/// A key as it is, from a listing that may have been asked to encode it.
class key_reader {
  public:
    explicit key_reader(const pugi::xml_node& root)
        : encoded_(trimmed(text_of(root, "EncodingType")) == "url") {}

    bool read(const pugi::xml_node& of, std::string_view name, std::string& out) const {
        const std::string_view text = text_of(of, name);
        if (!encoded_) {
            out = text;
            return true;
        }
        // Some servers write a blank as '+', as forms do, and a plus always as %2B.
        const auto decoded = http::percent_decode(text, http::plus::space);
        if (!decoded) return false;
        out = *decoded;
        return true;
    }

  private:
    bool encoded_;
};

bool read_truncated(const pugi::xml_node& root, bool& out) {
    const std::string_view text = trimmed(text_of(root, "IsTruncated"));
    out = text == "true";
    return out || text == "false";
}

std::int64_t time_of(const pugi::xml_node& of, std::string_view name) {
    return parse_timestamp(trimmed(text_of(of, name))).value_or(0);
}

bool read_entry(const pugi::xml_node& node, const key_reader& keys, stored_version& out) {
    if (!keys.read(node, "Key", out.key) || out.key.empty()) return false;
    out.version_id = text_of(node, "VersionId");
    out.modified_ns = time_of(node, "LastModified");
    const pugi::xml_node latest = child_of(node, "IsLatest");
    if (latest) out.latest = trimmed(latest.child_value()) == "true";
    if (out.delete_marker) return true;
    const std::string_view size = trimmed(text_of(node, "Size"));
    const auto parsed = std::from_chars(size.data(), size.data() + size.size(), out.size);
    return parsed.ec == std::errc{} && parsed.ptr == size.data() + size.size();
}

bool read_digits(std::string_view text, std::size_t at, std::size_t count,
                 std::int64_t& out) noexcept {
    if (at + count > text.size()) return false;
    out = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return false;
        out = out * 10 + (c - '0');
    }
    return true;
}

/// Days since the epoch of a date of the Gregorian calendar (the era method: years that begin in
/// March, so that the leap day is their last).
constexpr std::int64_t days_from_civil(std::int64_t year, std::int64_t month,
                                       std::int64_t day) noexcept {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = year / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
static_assert(days_from_civil(1970, 1, 1) == 0);
static_assert(days_from_civil(2000, 3, 1) == 11017);

}  // namespace

result<version_page> parse_versions(std::string_view body) {
    pugi::xml_document document;
    version_page page;
    pugi::xml_node root = parse_root(document, body, "ListVersionsResult");
    page.has_versions = static_cast<bool>(root);
    if (!root) root = child_of(document, "ListBucketResult");
    if (!root || !read_truncated(root, page.is_truncated)) return bad_body();
    const key_reader keys(root);
    for (const pugi::xml_node& node : root.children()) {
        const std::string_view name = xml_local_name(node.name());
        stored_version entry;
        entry.delete_marker = name == "DeleteMarker";
        if (!entry.delete_marker && name != "Version" && name != "Contents") continue;
        if (!read_entry(node, keys, entry)) return bad_body();
        if (page.has_versions && entry.version_id.empty()) return bad_body();
        page.entries.push_back(std::move(entry));
    }
    if (page.has_versions) {
        if (!keys.read(root, "NextKeyMarker", page.key_marker)) return bad_body();
        page.version_marker = text_of(root, "NextVersionIdMarker");
    } else {
        page.key_marker = text_of(root, "NextContinuationToken");
    }
    return page;
}

result<upload_page> parse_uploads(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ListMultipartUploadsResult");
    upload_page page;
    if (!root || !read_truncated(root, page.is_truncated)) return bad_body();
    const key_reader keys(root);
    for (const pugi::xml_node& node : root.children()) {
        if (xml_local_name(node.name()) != "Upload") continue;
        stored_upload entry;
        if (!keys.read(node, "Key", entry.key) || entry.key.empty()) return bad_body();
        entry.upload_id = text_of(node, "UploadId");
        if (entry.upload_id.empty()) return bad_body();
        entry.initiated_ns = time_of(node, "Initiated");
        page.entries.push_back(std::move(entry));
    }
    if (!keys.read(root, "NextKeyMarker", page.key_marker)) return bad_body();
    page.upload_marker = text_of(root, "NextUploadIdMarker");
    return page;
}

result<bucket_page> parse_bucket_page(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ListAllMyBucketsResult");
    if (!root) return bad_body();
    bucket_page page;
    for (const pugi::xml_node& node : child_of(root, "Buckets").children()) {
        if (xml_local_name(node.name()) != "Bucket") continue;
        owned_bucket bucket;
        bucket.name = text_of(node, "Name");
        if (bucket.name.empty()) return bad_body();
        bucket.created = trimmed(text_of(node, "CreationDate"));
        bucket.created_ns = parse_timestamp(bucket.created).value_or(0);
        page.buckets.push_back(std::move(bucket));
    }
    page.token = text_of(root, "ContinuationToken");
    return page;
}

bool parse_versioning(std::string_view body, bucket_rules& rules) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "VersioningConfiguration");
    if (!root) return false;
    // A bucket whose versioning was suspended still has the versions made before.
    rules.versioned = !trimmed(text_of(root, "Status")).empty();
    return true;
}

bool parse_object_lock(std::string_view body, bucket_rules& rules) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "ObjectLockConfiguration");
    if (!root) return false;
    rules.locked = trimmed(text_of(root, "ObjectLockEnabled")) == "Enabled";
    const pugi::xml_node retention = child_of(child_of(root, "Rule"), "DefaultRetention");
    const std::string_view mode = trimmed(text_of(retention, "Mode"));
    if (mode.empty()) return true;
    rules.retention = mode;
    for (const char* unit : {"Days", "Years"}) {
        const std::string_view count = trimmed(text_of(retention, unit));
        // RGW writes the other unit as 0.
        if (count.empty() || count == "0") continue;
        rules.retention += ", " + std::string(count) + (unit[0] == 'D' ? " day" : " year") +
                           (count == "1" ? "" : "s");
    }
    return true;
}

std::string content_md5(std::string_view text) {
    std::string out(content_md5_size, '\0');
    write_content_md5(text, out.data());
    return out;
}

deletion make_deletion(std::span<const stored_version> entries) {
    CHOPSTICKS_ASSERT(!entries.empty() && entries.size() <= 1000);
    deletion out;
    out.body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
    for (const stored_version& entry : entries) {
        out.body += "<Object><Key>";
        append_xml_escaped(out.body, entry.key);
        out.body += "</Key>";
        if (!entry.version_id.empty()) {
            out.body += "<VersionId>";
            append_xml_escaped(out.body, entry.version_id);
            out.body += "</VersionId>";
        }
        out.body += "</Object>";
    }
    out.body += "</Delete>";
    out.content_md5 = content_md5(out.body);
    return out;
}

result<std::vector<deletion_failure>> parse_deletion(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = parse_root(document, body, "DeleteResult");
    if (!root) return bad_body();
    std::vector<deletion_failure> failures;
    for (const pugi::xml_node& node : root.children()) {
        if (xml_local_name(node.name()) != "Error") continue;
        deletion_failure failure;
        failure.key = text_of(node, "Key");
        failure.version_id = text_of(node, "VersionId");
        failure.code = text_of(node, "Code");
        failure.message = text_of(node, "Message");
        failures.push_back(std::move(failure));
    }
    return failures;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
    std::int64_t hour = 0;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || !read_digits(text, 0, 4, year) ||
        !read_digits(text, 5, 2, month) || !read_digits(text, 8, 2, day) ||
        !read_digits(text, 11, 2, hour) || !read_digits(text, 14, 2, minute) ||
        !read_digits(text, 17, 2, second)) {
        return std::nullopt;
    }
    // 2262 is where nanoseconds in 64 bits end.
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60) {
        return std::nullopt;
    }
    std::int64_t nanoseconds = 0;
    std::size_t at = 19;
    if (text[at] == '.') {
        std::int64_t unit = 100'000'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            nanoseconds += (text[at] - '0') * unit;
            unit /= 10;
        }
    }
    if (text.substr(at) != "Z") return std::nullopt;
    const std::int64_t days = days_from_civil(year, month, day);
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000'000 + nanoseconds;
}

std::string format_timestamp(std::int64_t ns) {
    const auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, size};
}

}  // namespace chopsticks::s3
