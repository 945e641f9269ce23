// Gates as people write them.

#include <algorithm>
#include <charconv>
#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/suggest.hpp>
#include <cmath>
#include <system_error>

namespace chopsticks::compare {

namespace {

const char* const example = "write for example p99(get) +5%, throughput -2% or error_rate +0.1%";

[[noreturn]] void refuse(std::string_view text, const std::string& problem,
                         const std::string& mend) {
    throw config_error("gate \"" + std::string(text) + "\": " + problem + "; " + mend);
}

std::string_view trimmed(std::string_view s) {
    const std::size_t first = s.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(" \t\r") - first + 1);
}

bool read_number(std::string_view s, double& out) {
    const auto parsed = std::from_chars(s.data(), s.data() + s.size(), out);
    return parsed.ec == std::errc{} && parsed.ptr == s.data() + s.size() && std::isfinite(out) &&
           out >= 0;
}

/// "name(argument)", or "name".
struct call {
    std::string_view name;
    std::string_view argument;
    bool called = false;
};

call split_call(std::string_view text, std::string_view s) {
    call out;
    const std::size_t open = s.find('(');
    out.name = trimmed(s.substr(0, open));
    out.called = open != std::string_view::npos;
    if (out.called && s.back() == ')') {
        out.argument = trimmed(s.substr(open + 1, s.size() - open - 2));
    }
    if (out.name.empty() || out.called == out.argument.empty()) {
        refuse(text, "is not of the form metric(operation) +5%", example);
    }
    return out;
}

figure read_metric(std::string_view text, std::string_view name) {
    figure out;
    if (name.size() > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9') {
        out.kind = figure_kind::percentile;
        if (!read_number(name.substr(1), out.percentile) || out.percentile <= 0 ||
            out.percentile >= 100) {
            refuse(text, "\"" + std::string(name) + "\" is no percentile",
                   "p50, p99, p99.9: above 0 and below 100");
        }
        return out;
    }
    const std::vector<std::string_view> names = {"throughput", "bandwidth", "mean", "error_rate",
                                                 "p99"};
    constexpr figure_kind kinds[] = {figure_kind::throughput, figure_kind::bandwidth,
                                     figure_kind::mean, figure_kind::error_rate};
    for (std::size_t i = 0; i < std::size(kinds); ++i) {
        if (name != names[i]) continue;
        out.kind = kinds[i];
        return out;
    }
    refuse(text, "\"" + std::string(name) + "\" is nothing that is compared",
           suggestion(name, names));
}

}  // namespace

bool gate::is_about(std::string_view of_row) const {
    if (operation == of_row) return true;
    if (operation.empty() || operation.find('/') != std::string::npos) return false;
    const std::size_t slash = of_row.find('/');
    return slash != std::string_view::npos && of_row.substr(slash + 1) == operation;
}

gate parse_gate(std::string_view given) {
    gate out;
    const std::string_view text = trimmed(given);
    out.text = std::string(text);
    const std::size_t sign = text.find_last_of("+-");
    if (sign == std::string_view::npos) refuse(text, "allows no change", example);
    const bool grows = text[sign] == '+';
    std::string_view amount = trimmed(text.substr(sign + 1));
    call metric = split_call(text, trimmed(text.substr(0, sign)));
    if (metric.name == "service" || metric.name == "response") {
        const bool service = metric.name == "service";
        metric = split_call(text, metric.argument);
        out.what = read_metric(text, metric.name);
        if (!out.what.is_latency()) {
            refuse(text, std::string(metric.name) + " has no service or response time",
                   "leave service() or response() out");
        }
        out.what.service = service;
    } else {
        out.what = read_metric(text, metric.name);
    }
    out.operation = std::string(metric.argument);
    if (out.operation.find_first_of("() \t,") != std::string::npos) {
        refuse(text, "\"" + out.operation + "\" is no operation",
               "write get, or front/get for that of one group");
    }
    if (grows == out.what.more_is_better()) {
        refuse(text,
               std::string("more ") + (grows ? "throughput" : "time and errors") + " would be " +
                   (grows ? "better" : "worse") + ", which needs no gate",
               std::string("write by how much it may ") + (grows ? "shrink: -2%" : "grow: +5%"));
    }
    const bool percent = amount.ends_with('%');
    if (percent) amount = trimmed(amount.substr(0, amount.size() - 1));
    if (!percent || !read_number(amount, out.limit) ||
        (out.what.more_is_better() && out.limit >= 100) || out.limit > 10'000) {
        refuse(text, "\"" + std::string(trimmed(text.substr(sign))) + "\" is no change in percent",
               example);
    }
    out.limit /= 100;
    return out;
}

std::vector<gate> parse_gates(std::string_view text, const std::string& name) {
    std::vector<gate> out;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view words = trimmed(text.substr(0, std::min(end, text.find('#'))));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.empty()) continue;
        try {
            out.push_back(parse_gate(words));
        } catch (const config_error& e) {
            throw config_error(name + ":" + std::to_string(line) + ": " + e.what());
        }
    }
    if (out.empty()) throw config_error(name + ": there is no gate in it; " + example);
    return out;
}

}  // namespace chopsticks::compare
