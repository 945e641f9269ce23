#include "request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>
#include <cstdio>

namespace chopsticks::endpoint {

namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};

bool numeric_host(std::string_view host) noexcept {
    return host.starts_with('[') || std::all_of(host.begin(), host.end(), [](char c) {
               return c == '.' || (c >= '0' && c <= '9');
           });
}

}  // namespace

const std::string* request::header(std::string_view name) const noexcept {
    for (const auto& h : headers) {
        if (same_name(h.name, name)) return &h.value;
    }
    return nullptr;
}

std::string_view request::header_or(std::string_view name,
                                    std::string_view otherwise) const noexcept {
    const std::string* value = header(name);
    return value == nullptr ? otherwise : std::string_view(*value);
}

const std::string* request::parameter(std::string_view name) const noexcept {
    for (const auto& p : query) {
        if (p.name == name) return &p.value;
    }
    return nullptr;
}

std::string request::parameter_or(std::string_view name, std::string_view otherwise) const {
    const std::string* value = parameter(name);
    return value == nullptr ? std::string(otherwise) : *value;
}

bool locate(request& r, const std::vector<std::string>& domains, const bucket_known& known) {
    std::string_view target = r.target;
    // The absolute form, as sent to proxies.
    if (const std::size_t scheme = target.find("://");
        scheme != std::string_view::npos && !target.starts_with('/')) {
        const std::size_t slash = target.find('/', scheme + 3);
        target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    if (!target.starts_with('/')) return false;
    const std::size_t mark = target.find('?');
    auto path = chopsticks::http::percent_decode(target.substr(0, mark));
    if (!path) return false;
    r.path = std::move(*path);
    if (mark != std::string_view::npos) {
        auto query = s3::parse_query(target.substr(mark + 1));
        if (!query) return false;
        r.query = std::move(*query);
    }
    r.bucket = bucket_of_host(r.header_or("Host", ""), domains, known);
    const std::string_view rest = std::string_view(r.path).substr(1);
    if (!r.bucket.empty()) {
        r.key = rest;
        return true;
    }
    const std::size_t slash = rest.find('/');
    r.bucket = rest.substr(0, slash);
    r.key = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    return true;
}

std::string bucket_of_host(std::string_view host, const std::vector<std::string>& domains,
                           const bucket_known& known) {
    if (host.empty() || host.front() == '[') return {};
    const std::string name = lower(host.substr(0, host.find(':')));
    if (numeric_host(name)) return {};
    std::string_view best;
    for (const std::string& domain : domains) {
        if (name == domain) return {};
        if (name.size() > domain.size() + 1 && name.ends_with(domain) &&
            name[name.size() - domain.size() - 1] == '.' && domain.size() > best.size()) {
            best = domain;
        }
    }
    if (!best.empty()) return name.substr(0, name.size() - best.size() - 1);
    const std::string label = name.substr(0, name.find('.'));
    return label.size() < name.size() && known(label) ? label : std::string();
}

range_kind parse_range(std::string_view value, std::uint64_t size, byte_range& out) noexcept {
    value = trimmed(value);
    if (value.size() < 6 || !same_name(value.substr(0, 6), "bytes=")) return range_kind::whole;
    value = trimmed(value.substr(6));
    const std::size_t dash = value.find('-');
    if (dash == std::string_view::npos) return range_kind::whole;
    const std::string_view first_text = value.substr(0, dash);
    const std::string_view last_text = value.substr(dash + 1);
    const auto first = parse_number(first_text);
    const auto last = parse_number(last_text);
    if (first_text.empty()) {
        if (!last) return range_kind::whole;
        if (*last == 0 || size == 0) return range_kind::unsatisfiable;
        out.length = std::min(*last, size);
        out.offset = size - out.length;
        return range_kind::part;
    }
    if (!first || (!last && !last_text.empty())) return range_kind::whole;
    if (last && *last < *first) return range_kind::whole;
    if (*first >= size) return range_kind::unsatisfiable;
    out.offset = *first;
    out.length = (last ? std::min(*last, size - 1) : size - 1) - *first + 1;
    return range_kind::part;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
    // "Sun, 06 Nov 1994 08:49:37 GMT"; mail has it with "+0000".
    if (text.size() < 29 || text[3] != ',') return std::nullopt;
    const std::string_view zone = text.substr(25);
    if (zone != " GMT" && zone != " +0000" && zone != " -0000") return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
    const auto day = parse_number(text.substr(5, 2));
    const auto year = parse_number(text.substr(12, 4));
    const auto hour = parse_number(text.substr(17, 2));
    const auto minute = parse_number(text.substr(20, 2));
    const auto second = parse_number(text.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    civil_time t{};
    t.year = static_cast<int>(*year);
    t.month = static_cast<int>(month - months.begin()) + 1;
    t.day = static_cast<int>(*day);
    t.hour = static_cast<int>(*hour);
    t.minute = static_cast<int>(*minute);
    t.second = static_cast<int>(*second);
    return from_civil(t);
}

std::string format_http_date(std::int64_t wall_ns) {
    const std::int64_t seconds = wall_ns / 1'000'000'000;
    const civil_time t = to_civil(seconds);
    const std::string_view day = days[static_cast<std::size_t>(seconds / 86400 % 7)];
    const std::string_view month = months[static_cast<std::size_t>(t.month - 1)];
    char text[64];
    std::snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", day.data(), t.day,
                  month.data(), t.year, t.hour, t.minute, t.second);
    return text;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower_char(x) == lower_char(y);
           });
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::string_view unquoted(std::string_view etag) noexcept {
    etag = trimmed(etag);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
        etag = etag.substr(1, etag.size() - 2);
    }
    return etag;
}

}  // namespace chopsticks::endpoint
