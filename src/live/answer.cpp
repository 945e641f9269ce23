#include "answer.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>

#include "metric_family.hpp"

namespace chopsticks::live {

namespace {

page_answer refusal(unsigned status, std::string why) {
    page_answer out;
    out.status = status;
    out.body = std::move(why) + "\n";
    return out;
}

/// The value of a key in "/path?a=1&b=2"; digits and hexadecimal alone are asked for.
std::string query_value(std::string_view target, std::string_view key) {
    const std::size_t mark = target.find('?');
    if (mark == std::string_view::npos) return {};
    std::string_view rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (one.starts_with(key) && one.substr(key.size()).starts_with('='))
            return std::string(one.substr(key.size() + 1));
    }
    return {};
}

std::uint64_t number_in(const std::string& text) {
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() ? out : 0;
}

/// The name of this host by the loopback: a page elsewhere whose name was made to lead here has
/// another.
bool is_loopback_name(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
    const std::string_view name = host.substr(0, host.find(':'));
    if (name == "localhost") return true;
    return name.starts_with("127.") &&
           name.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// Why whoever asks may not see the page; empty: may.
std::string closed_because(const page_request& request, const served& what) {
    if (what.token.empty()) {
        if (is_loopback_name(request.host)) return {};
        return "this page is for localhost; open it by the URL that the run printed";
    }
    const std::string in_url = query_value(request.target, "token");
    if (is_same_secret(request.token, what.token) || is_same_secret(in_url, what.token)) return {};
    return "open the URL that the run printed: its token is missing here, or another";
}

page_answer page_part(const page_request& request, std::string_view path, const served& what,
                      const run_monitor& monitor, const std::function<void()>& stop) {
    const std::string closed = closed_because(request, what);
    if (!closed.empty()) return refusal(403, closed);
    // A browser says which page a request comes from.
    if (!request.origin.empty() && request.origin != "http://" + request.host)
        return refusal(403, "another page asks for this");
    page_answer out;
    if (path == "/stop") {
        if (request.method != "POST") return refusal(405, "POST stops the run");
        if (!request.marked) return refusal(403, "the field X-Chopsticks is missing");
        stop();
        out.body = "stopping\n";
        return out;
    }
    if (request.method != "GET" && request.method != "HEAD") return refusal(405, "GET only");
    if (path == "/") {
        out.type = "text/html; charset=utf-8";
        out.body = page_html();
        return out;
    }
    out.type = "application/json";
    run_monitor::known_state known;
    known.intervals = number_in(query_value(request.target, "from"));
    known.run_id = query_value(request.target, "run");
    known.trials = number_in(query_value(request.target, "trials"));
    out.body = monitor.state(known);
    out.is_state = true;
    return out;
}

}  // namespace

bool is_same_secret(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

page_answer answer(const page_request& request, const served& what, const run_monitor& monitor,
                   const std::function<void()>& stop) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (what.metrics && path == "/metrics") {
        if (request.method != "GET" && request.method != "HEAD") return refusal(405, "GET only");
        const bool protobuf =
            request.accept.find("application/vnd.google.protobuf") != std::string::npos &&
            request.accept.find("io.prometheus.client.MetricFamily") != std::string::npos;
        page_answer out;
        out.type = protobuf ? protobuf_type : text_type;
        out.body = monitor.metrics(protobuf);
        out.is_metrics = true;
        return out;
    }
    if (what.page && (path == "/" || path == "/state" || path == "/stop"))
        return page_part(request, path, what, monitor, stop);
    if (what.metrics && path == "/") {
        page_answer out;
        out.body = "A run of chopsticks; its metrics are at /metrics\n";
        return out;
    }
    return refusal(404, "there is nothing here");
}

}  // namespace chopsticks::live
