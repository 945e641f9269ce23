#include <algorithm>
#include <charconv>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/suggest.hpp>
#include <chopsticks/core/trimmed.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/slo.hpp>
#include <cmath>

namespace chopsticks::scenario {

namespace {

const char* const example =
    "write for example p99(get) < 20ms, error_rate < 0.1% or throughput(put) > 1000";

[[noreturn]] void refuse(std::string_view text, const std::string& problem,
                         const std::string& mend) {
    throw config_error("SLO \"" + std::string(text) + "\": " + problem + "; " + mend);
}

/// The whole text as a number that is not negative.
bool read_number(std::string_view s, double& out) {
    const auto parsed = std::from_chars(s.data(), s.data() + s.size(), out);
    return parsed.ec == std::errc{} && parsed.ptr == s.data() + s.size() && std::isfinite(out) &&
           out >= 0 && !std::signbit(out);
}

/// "name" or "name(argument)"; false if the parentheses do not match.
bool split_call(std::string_view s, std::string_view& name, std::string_view& argument,
                bool& called) {
    const std::size_t open = s.find('(');
    called = open != std::string_view::npos;
    name = trimmed(s.substr(0, open));
    if (!called) return s.find(')') == std::string_view::npos;
    if (s.back() != ')') return false;
    argument = trimmed(s.substr(open + 1, s.size() - open - 2));
    return !argument.empty();
}

void read_metric(std::string_view text, std::string_view name, slo& out) {
    if (name.size() > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9') {
        out.metric = slo_metric::percentile;
        if (!read_number(name.substr(1), out.percentile) || out.percentile <= 0 ||
            out.percentile >= 100) {
            refuse(text, "\"" + std::string(name) + "\" is no percentile",
                   "p50, p99, p99.9: above 0 and below 100; the greatest of all is max");
        }
        return;
    }
    const std::vector<std::string_view> names = {
        "mean", "max", "error_rate", "shed_rate", "unfinished", "throughput", "bandwidth", "p99"};
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
        if (name != names[i]) continue;
        out.metric = static_cast<slo_metric>(static_cast<std::size_t>(slo_metric::mean) + i);
        return;
    }
    refuse(text, "\"" + std::string(name) + "\" is nothing that is measured",
           suggestion(name, names));
}

void read_operation(std::string_view text, std::string_view argument, slo& out) {
    const std::size_t slash = argument.find('/');
    if (slash != std::string_view::npos) out.group = std::string(argument.substr(0, slash));
    out.op = std::string(slash == std::string_view::npos ? argument : argument.substr(slash + 1));
    const bool empty_part = out.op.empty() || (slash != std::string_view::npos && slash == 0);
    if (empty_part || out.op.find_first_of("/() \t,") != std::string::npos) {
        refuse(text, "\"" + std::string(argument) + "\" is no operation",
               "write get, or front/get for that of one group");
    }
}

void read_limit(std::string_view text, std::string_view value, slo& out) {
    const std::string found = "\"" + std::string(value) + "\"";
    if (out.is_latency()) {
        const auto ns = parse_duration(value);
        // A bare number would be seconds, which nobody means here.
        const char last = value.empty() ? '0' : value.back();
        if (ns.has_error() || *ns <= 0 || (last >= '0' && last <= '9') || last == '.') {
            refuse(text, found + " is no time above 0 with a unit", "write 500us, 20ms or 1.5s");
        }
        out.limit = static_cast<double>(*ns);
        return;
    }
    if (out.is_share()) {
        const bool percent = !value.empty() && value.back() == '%';
        const std::string_view digits =
            percent ? trimmed(value.substr(0, value.size() - 1)) : value;
        if (!read_number(digits, out.limit) || out.limit > (percent ? 100 : 1)) {
            refuse(text, found + " is no share", "write 0.1% or 0.001");
        }
        if (percent) out.limit /= 100;
        return;
    }
    const bool per_second = value.ends_with("/s");
    const std::string_view amount = per_second ? trimmed(value.substr(0, value.size() - 2)) : value;
    if (out.metric == slo_metric::bandwidth) {
        const auto bytes = parse_size(amount);
        if (!per_second || bytes.has_error() || *bytes == 0) {
            refuse(text, found + " is no bandwidth", "write 100MiB/s or 1GB/s");
        }
        out.limit = static_cast<double>(*bytes);
    } else if (!read_number(amount, out.limit) || out.limit <= 0) {
        refuse(text, found + " is no number of operations per second", "write 1000 or 1000/s");
    }
}

}  // namespace

slo parse_slo(std::string_view given) {
    slo out;
    const std::string_view text = trimmed(given);
    out.text = std::string(text);
    const std::size_t at = text.find_first_of("<>=");
    if (at == std::string_view::npos) refuse(text, "compares nothing", example);
    const char direction = text[at];
    out.inclusive = at + 1 < text.size() && text[at + 1] == '=';
    if (direction == '=') {
        refuse(text, "a measurement never equals a number", "compare with <, <=, > or >=");
    }
    std::string_view left = trimmed(text.substr(0, at));
    const std::string_view right = trimmed(text.substr(at + (out.inclusive ? 2 : 1)));
    std::string_view name;
    std::string_view argument;
    bool called = false;
    if (left.empty() || right.empty() || !split_call(left, name, argument, called)) {
        refuse(text, "is not of the form metric(operation) < limit", example);
    }
    bool clock_named = false;
    if (called && (name == "service" || name == "response")) {
        out.service = name == "service";
        clock_named = true;
        left = argument;
        if (!split_call(left, name, argument, called)) {
            refuse(text, "is not of the form metric(operation) < limit", example);
        }
    }
    read_metric(text, name, out);
    if (clock_named && !out.is_latency()) {
        refuse(text, std::string(name) + " has no service or response time",
               "leave service() or response() out");
    }
    if (called) read_operation(text, argument, out);
    const char wanted = out.at_least() ? '>' : '<';
    if (direction != wanted) {
        refuse(text,
               std::string("with '") + direction + "' it would be met by the worse " +
                   (out.at_least() ? "of two throughputs" : "of two figures"),
               std::string("compare with ") + wanted + " or " + wanted + "=");
    }
    read_limit(text, right, out);
    if (!out.inclusive && !out.at_least() && out.limit == 0) {
        refuse(text, "nothing is below 0", "write <= 0");
    }
    return out;
}

void check_slo(const slo& objective, const std::vector<group>& groups) {
    if (objective.op.empty()) return;
    std::vector<std::string> used;
    const bool whole = !objective.group.empty();
    for (const group& g : groups) {
        for (const task& t : g.tasks) {
            for (const step& s : t.steps) {
                if (s.op == objective.op && (!whole || g.name == objective.group)) return;
                used.push_back(whole ? g.name + "/" + s.op : s.op);
            }
        }
    }
    std::vector<std::string_view> names;
    for (const std::string& one : used) {
        if (std::find(names.begin(), names.end(), one) == names.end()) names.push_back(one);
    }
    const std::string word = whole ? objective.group + "/" + objective.op : objective.op;
    refuse(objective.text, "no task does \"" + word + "\"", suggestion(word, names));
}

}  // namespace chopsticks::scenario
