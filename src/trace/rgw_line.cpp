// The RGW operations log: one JSON object per request, written when the request has ended.

#include <algorithm>
#include <charconv>
#include <chopsticks/trace/recording.hpp>
#include <nlohmann/json.hpp>

namespace chopsticks::trace {

namespace {

/// The members that count, taken while the text is read: nothing is built from the others. A
/// member of a nested object is none of ours.
class rgw_members final : public nlohmann::json_sax<nlohmann::json> {
  public:
    std::string bucket;
    std::string object;
    std::string time;
    std::string time_local;
    std::string operation;
    std::string uri;
    std::int64_t http_status = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t object_size = 0;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t value) override {
        if (value >= 0) number(static_cast<std::uint64_t>(value));
        return true;
    }
    bool number_unsigned(number_unsigned_t value) override {
        number(value);
        return true;
    }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t& value) override {
        if (depth_ != 1) return true;
        if (text_ != nullptr) *text_ = std::move(value);
        // RGW writes the HTTP status as a text, and so some write all numbers.
        else if (number_ != nullptr || status_)
            number_text(value);
        return true;
    }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override {
        ++depth_;
        return depth_ < 64;
    }
    bool end_object() override {
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override {
        ++depth_;
        return depth_ > 1 && depth_ < 64;
    }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool key(string_t& name) override {
        if (depth_ != 1) return true;
        text_ = nullptr;
        number_ = nullptr;
        status_ = false;
        if (name == "bucket") {
            text_ = &bucket;
        } else if (name == "object") {
            text_ = &object;
        } else if (name == "time") {
            text_ = &time;
        } else if (name == "time_local") {
            text_ = &time_local;
        } else if (name == "operation") {
            text_ = &operation;
        } else if (name == "uri") {
            text_ = &uri;
        } else if (name == "http_status") {
            status_ = true;
        } else if (name == "bytes_sent") {
            number_ = &bytes_sent;
        } else if (name == "bytes_received") {
            number_ = &bytes_received;
        } else if (name == "object_size") {
            number_ = &object_size;
        }
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    void number(std::uint64_t value) {
        if (depth_ != 1) return;
        if (number_ != nullptr) *number_ = value;
        if (status_) http_status = static_cast<std::int64_t>(value % 1000000);
    }
    void number_text(std::string_view text) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && end == text.data() + text.size()) number(value);
    }

    int depth_ = 0;
    std::string* text_ = nullptr;
    std::uint64_t* number_ = nullptr;
    bool status_ = false;
};

/// The object's key, from the request where the log does not name it (RGW 16 does not): as it
/// stands there, escapes and all. That tells keys apart, which is all that is asked.
std::string_view key_in(const rgw_members& m) {
    if (!m.object.empty()) return m.object;
    std::string_view path = m.uri;
    path.remove_prefix(std::min(path.find('/'), path.size()));
    path = path.substr(0, path.find_first_of("? "));
    if (!path.empty()) path.remove_prefix(1);
    // Path style has the bucket first, virtual-host style has not.
    const std::string_view bucket = m.bucket;
    const bool first = !bucket.empty() && path.starts_with(bucket) &&
                       (path.size() == bucket.size() || path[bucket.size()] == '/');
    if (first) path.remove_prefix(std::min(bucket.size() + 1, path.size()));
    return path;
}

std::string_view name_of_request(const rgw_members& m) {
    const std::string_view method = std::string_view(m.uri).substr(0, m.uri.find(' '));
    const std::string_view op = m.operation;
    if (op == "get_obj" || op == "stat_obj") {
        return method == "HEAD" || op == "stat_obj" ? "head" : "get";
    }
    if (op == "put_obj") return "put";
    if (op == "delete_obj") return "delete";
    if (op == "list_bucket") return "list";
    if (op == "create_bucket") return "create_bucket";
    if (op == "stat_bucket") return "head_bucket";
    if (op == "delete_bucket") return "delete_bucket";
    if (!op.empty()) return {};
    // Logs without the name of the operation: by method, where there is no sub-resource.
    if (m.uri.find('?') != std::string::npos) return {};
    if (key_in(m).empty()) return {};
    if (method == "GET") return "get";
    if (method == "HEAD") return "head";
    if (method == "PUT") return "put";
    if (method == "DELETE") return "delete";
    return {};
}

}  // namespace

std::size_t first_object_bytes(std::string_view line) noexcept {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted) {
            if (c == '\\') ++i;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth <= 0) {
            return i + 1;
        }
    }
    return line.size();
}

line_verdict parse_rgw_line(std::string_view line, recorded_line& out) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!line.empty() && (blank(line.front()) || line.front() == '[' || line.front() == ','))
        line.remove_prefix(1);
    while (!line.empty() && (blank(line.back()) || line.back() == ']' || line.back() == ','))
        line.remove_suffix(1);
    if (line.empty()) return line_verdict::blank;
    rgw_members m;
    if (line.front() != '{' || !nlohmann::json::sax_parse(line, &m)) return line_verdict::malformed;
    out = {};
    if (!parse_iso_time(m.time, out.time_ns) && !parse_iso_time(m.time_local, out.time_ns)) {
        return line_verdict::malformed;
    }
    if (m.operation.empty() && m.uri.empty()) return line_verdict::malformed;
    out.name = name_of_request(m);
    out.key = key_hash(m.bucket, key_in(m));
    out.size = out.name == "put" && m.object_size == 0 ? m.bytes_received : m.object_size;
    if (out.name == "get" && m.http_status == 206 && m.bytes_sent > 0) {
        out.length = m.bytes_sent;
        out.offset = unknown_offset;
    }
    out.refused = m.http_status >= 400 && m.http_status < 500 && m.http_status != 429;
    return line_verdict::operation;
}

}  // namespace chopsticks::trace
