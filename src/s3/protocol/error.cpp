#include <algorithm>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

constexpr std::size_t max_code_bytes = 64;

bool is_code(std::string_view text) noexcept {
    return text.size() <= max_code_bytes && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.';
           });
}

unsigned byte_at(std::span<const char> text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

bool is_throttling(std::string_view code) noexcept {
    for (const std::string_view throttling :
         {"SlowDown", "RequestLimitExceeded", "ThrottlingException", "Throttling",
          "TooManyRequests", "BandwidthLimitExceeded"}) {
        if (code == throttling) return true;
    }
    return false;
}

}  // namespace

error_info parse_error(std::string_view body) noexcept {
    error_info out;
    const xml_root root = find_xml_root(body);
    // Query services, and gateways that stand on them, wrap it: <ErrorResponse><Error>.
    if (root.name != "Error" && root.name != "ErrorResponse") return out;
    body = root.inside;
    const std::string_view code = xml_element(body, "Code");
    if (!is_code(code)) return out;
    out.code = code;
    out.message = xml_element(body, "Message");
    out.resource = xml_element(body, "Resource");
    out.region = xml_element(body, "Region");
    out.endpoint = xml_element(body, "Endpoint");
    out.bucket = xml_element(body, "BucketName");
    out.request_id = xml_element(body, "RequestId");
    return out;
}

op_status classify_in_success(std::string_view code) noexcept {
    if (is_throttling(code)) return op_status::slow_down;
    const bool passing = code == "InternalError" || code == "ServiceUnavailable";
    return passing ? op_status::server_error : op_status::bad_response;
}

bool error_in_success(std::string_view body, error_info& out) noexcept {
    const xml_root root = find_xml_root(body);
    out = parse_error(body);
    return root.name == "Error" || root.name == "ErrorResponse";
}

std::size_t write_plain_text(std::string_view text, std::span<char> out) noexcept {
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size() && used < out.size(); ++i) {
        char c = text[i];
        // "&#1234567;" is the longest reference.
        const std::size_t end = c == '&' ? text.substr(i, 11).find(';') : std::string_view::npos;
        char decoded[11];
        if (end != std::string_view::npos) {
            const char* const stop = xml_unescape_to(decoded, text.substr(i, end + 1));
            // What is no reference stays as it was sent.
            if (stop != nullptr) {
                const auto size = static_cast<std::size_t>(stop - decoded);
                if (size > out.size() - used) break;
                i += end;
                if (size > 1) {
                    std::memcpy(out.data() + used, decoded, size);
                    used += size;
                    continue;
                }
                c = decoded[0];
            }
        }
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
        if (c == ' ' && (used == 0 || out[used - 1] == ' ')) continue;
        out[used++] = c;
    }
    // No half of a character at the end.
    std::size_t tail = 0;
    while (tail < std::min<std::size_t>(used, 3) && (byte_at(out, used - 1 - tail) & 0xc0) == 0x80)
        ++tail;
    if (used > tail && byte_at(out, used - 1 - tail) >= 0xc0) {
        const unsigned lead = byte_at(out, used - 1 - tail);
        const std::size_t needs = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (tail < needs) used -= tail + 1;
    }
    return used;
}

op_status classify(int http_status, std::string_view code) noexcept {
    if (http_status >= 200 && http_status < 300) return op_status::ok;
    if (http_status < 300 || http_status > 599) return op_status::bad_response;
    if (is_throttling(code)) return op_status::slow_down;
    if (http_status == 429) return op_status::slow_down;
    if (http_status == 503)
        return code == "InsufficientStorage" ? op_status::server_error : op_status::slow_down;
    if (http_status < 400) return op_status::redirect;
    return http_status < 500 ? op_status::client_error : op_status::server_error;
}

}  // namespace chopsticks::s3
