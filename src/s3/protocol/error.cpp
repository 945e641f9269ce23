#include <algorithm>
#include <chopsticks/s3/protocol/error.hpp>

namespace chopsticks::s3 {

namespace {

constexpr std::size_t max_code_bytes = 64;

/// The content of the first <name>...</name>. Elements of an error body hold text only, so what is
/// between the tags must be free of other tags.
std::string_view element(std::string_view body, std::string_view name) noexcept {
    std::size_t at = 0;
    while ((at = body.find('<', at)) != std::string_view::npos) {
        ++at;
        if (!body.substr(at).starts_with(name) || body.substr(at + name.size(), 1) != ">") continue;
        const std::size_t begin = at + name.size() + 1;
        const std::size_t end = body.find('<', begin);
        if (end == std::string_view::npos) return {};
        const std::string_view close = body.substr(end);
        if (!close.starts_with("</") || !close.substr(2).starts_with(name) ||
            close.substr(2 + name.size(), 1) != ">") {
            return {};
        }
        return body.substr(begin, end - begin);
    }
    return {};
}

bool is_code(std::string_view text) noexcept {
    return text.size() <= max_code_bytes && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.';
           });
}

}  // namespace

error_info parse_error(std::string_view body) noexcept {
    error_info out;
    // The root may carry a name space: "<Error xmlns=...>".
    std::size_t root = body.find("<Error");
    if (root == std::string_view::npos) return out;
    root += 6;
    if (root == body.size() || (body[root] != '>' && body[root] != ' ')) return out;
    body.remove_prefix(root);
    const std::string_view code = element(body, "Code");
    if (!is_code(code)) return out;
    out.code = code;
    out.message = element(body, "Message");
    out.resource = element(body, "Resource");
    out.region = element(body, "Region");
    out.endpoint = element(body, "Endpoint");
    out.bucket = element(body, "BucketName");
    out.request_id = element(body, "RequestId");
    return out;
}

op_status classify(int http_status, std::string_view code) noexcept {
    if (http_status >= 200 && http_status < 300) return op_status::ok;
    if (http_status < 300 || http_status > 599) return op_status::bad_response;
    for (const std::string_view throttling :
         {"SlowDown", "RequestLimitExceeded", "ThrottlingException", "Throttling",
          "TooManyRequests", "BandwidthLimitExceeded"}) {
        if (code == throttling) return op_status::slow_down;
    }
    if (http_status == 429) return op_status::slow_down;
    if (http_status == 503)
        return code == "InsufficientStorage" ? op_status::server_error : op_status::slow_down;
    if (http_status < 400) return op_status::redirect;
    return http_status < 500 ? op_status::client_error : op_status::server_error;
}

}  // namespace chopsticks::s3
