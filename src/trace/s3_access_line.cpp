// S3 server access logs: fields with spaces between, some in quotes or brackets.

#include <array>
#include <charconv>
#include <chopsticks/trace/recording.hpp>

namespace chopsticks::trace {

namespace {

/// Positions of the fields that count, in the order of the format.
enum : std::size_t {
    field_bucket = 1,
    field_time = 2,
    field_operation = 6,
    field_key = 7,
    field_status = 9,
    field_bytes_sent = 11,
    field_object_size = 12,
    fields_needed = 13,
};

/// Takes the next field from the front. False: there is none, or its quote or bracket stays open.
bool take_field(std::string_view& rest, std::string_view& field) noexcept {
    const std::size_t start = rest.find_first_not_of(' ');
    if (start == std::string_view::npos) return false;
    rest.remove_prefix(start);
    char close = ' ';
    if (rest.front() == '"') close = '"';
    if (rest.front() == '[') close = ']';
    if (close != ' ') rest.remove_prefix(1);
    std::size_t end = rest.find(close);
    // A quote inside of a quoted field is not escaped; the one that ends it has a space after it.
    while (close == '"' && end != std::string_view::npos && end + 1 < rest.size() &&
           rest[end + 1] != ' ') {
        end = rest.find(close, end + 1);
    }
    if (end == std::string_view::npos) {
        if (close != ' ') return false;
        end = rest.size();
    }
    field = rest.substr(0, end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return true;
}

/// A number, or 0 for "-". False: it is neither.
bool number_of(std::string_view text, std::uint64_t& out) noexcept {
    out = 0;
    if (text == "-") return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

std::string_view name_of_request(std::string_view operation) noexcept {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"REST.GET.OBJECT", "get"},
        {"REST.PUT.OBJECT", "put"},
        {"REST.HEAD.OBJECT", "head"},
        {"REST.DELETE.OBJECT", "delete"},
        {"REST.PUT.PART", "put"},
        {"REST.POST.OBJECT", "put"},
        {"REST.GET.BUCKET", "list"},
        {"REST.HEAD.BUCKET", "head_bucket"},
        {"REST.PUT.BUCKET", "create_bucket"},
        {"REST.DELETE.BUCKET", "delete_bucket"},
    };
    for (const auto& [word, name] : words) {
        if (operation == word) return name;
    }
    return {};
}

}  // namespace

line_verdict parse_s3_access_line(std::string_view line, recorded_line& out) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
        line.remove_suffix(1);
    if (line.empty()) return line_verdict::blank;
    std::array<std::string_view, fields_needed> fields;
    for (std::string_view& field : fields) {
        if (!take_field(line, field)) return line_verdict::malformed;
    }
    out = {};
    std::uint64_t status = 0;
    std::uint64_t bytes_sent = 0;
    if (!parse_access_log_time(fields[field_time], out.time_ns) ||
        !number_of(fields[field_status], status) ||
        !number_of(fields[field_bytes_sent], bytes_sent) ||
        !number_of(fields[field_object_size], out.size)) {
        return line_verdict::malformed;
    }
    const std::string_view operation = fields[field_operation];
    if (operation.find('.') == std::string_view::npos) return line_verdict::malformed;
    out.name = name_of_request(operation);
    out.key = key_hash(fields[field_bucket], fields[field_key]);
    if (out.name == "get" && status == 206 && bytes_sent > 0) {
        out.length = bytes_sent;
        out.offset = unknown_offset;
    }
    out.refused = status >= 400 && status < 500 && status != 429;
    return line_verdict::operation;
}

}  // namespace chopsticks::trace
