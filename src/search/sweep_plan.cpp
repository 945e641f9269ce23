#include <algorithm>
#include <charconv>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/core/trimmed.hpp>
#include <chopsticks/search/sweep_plan.hpp>
#include <cmath>

namespace chopsticks::search {

namespace {

/// Steps of decimals are not exact: 0.1:0.3:0.1 has three values.
constexpr double tolerance = 1e-9;

[[noreturn]] void refuse(const std::string& option, std::string_view text,
                         const std::string& problem, const std::string& mend) {
    throw config_error(option + ": \"" + std::string(text) + "\" " + problem + "; " + mend);
}

double number(std::string_view s, const std::string& option) {
    s = trimmed(s);
    double out = 0;
    const auto parsed = std::from_chars(s.data(), s.data() + s.size(), out);
    if (parsed.ec != std::errc{} || parsed.ptr != s.data() + s.size() || !std::isfinite(out) ||
        out <= 0) {
        refuse(option, s, "is no number above 0", "write for example 1000");
    }
    return out;
}

/// Nine digits: enough for any rate, and without the dust of repeated additions.
std::string text_of(double value) {
    char out[64];
    const auto end = std::to_chars(out, out + sizeof out, value, std::chars_format::general, 9);
    const std::string rounded(out, end.ptr);
    double back = 0;
    std::from_chars(rounded.data(), rounded.data() + rounded.size(), back);
    char shortest[64];
    const auto last = value < 1e15 ? std::to_chars(shortest, shortest + sizeof shortest, back,
                                                   std::chars_format::fixed)
                                   : std::to_chars(shortest, shortest + sizeof shortest, back);
    return {shortest, last.ptr};
}

std::vector<std::string_view> split(std::string_view s, char at) {
    std::vector<std::string_view> out;
    for (;;) {
        const std::size_t end = s.find(at);
        out.push_back(s.substr(0, end));
        if (end == std::string_view::npos) return out;
        s.remove_prefix(end + 1);
    }
}

void add(std::vector<double>& to, double value, std::string_view text, const std::string& option) {
    if (to.size() >= values_most) {
        refuse(option, text, "has more than " + std::to_string(values_most) + " values",
               "use a greater step");
    }
    to.push_back(value);
}

std::vector<double> read_range(std::string_view text, const std::string& option) {
    std::string_view rest = text;
    const bool geometric = rest.starts_with("geometric:");
    if (geometric) rest.remove_prefix(10);
    const auto parts = split(rest, ':');
    if (parts.size() != 3) {
        refuse(option, text, "is no range", "write LO:HI:STEP or geometric:LO:HI:FACTOR");
    }
    const double low = number(parts[0], option);
    const double high = number(parts[1], option);
    const double step = number(parts[2], option);
    if (high < low) refuse(option, text, "ends below its start", "write the smaller one first");
    if (geometric && step <= 1 + tolerance) {
        refuse(option, text, "never gets to its end", "the factor must be above 1");
    }
    std::vector<double> out;
    for (std::size_t i = 0;; ++i) {
        const auto n = static_cast<double>(i);
        const double value = geometric ? low * std::pow(step, n) : low + n * step;
        if (value > high * (1 + tolerance)) return out;
        add(out, value, text, option);
    }
}

/// What comes between the numbers before a "..." and the one behind it.
void go_on(std::vector<double>& out, double last, std::string_view text,
           const std::string& option) {
    const std::size_t n = out.size();
    const auto close = [](double a, double b) {
        return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b));
    };
    const char* const mend = "write for example 100,200,...,1000 or 1,2,4,...,512";
    if (n < 2) refuse(option, text, "has too few numbers before \"...\"", mend);
    const double step = out[n - 1] - out[n - 2];
    const double factor = out[n - 1] / out[n - 2];
    const bool by_step = n == 2 || close(out[n - 2] - out[n - 3], step);
    const bool by_factor = n > 2 && close(out[n - 2] / out[n - 3], factor);
    if (!by_step && !by_factor) refuse(option, text, "has no pattern before \"...\"", mend);
    if (by_step ? step * (last - out[n - 1]) <= 0 : (factor - 1) * (last - out[n - 1]) <= 0) {
        refuse(option, text, "does not lead to the number behind \"...\"", mend);
    }
    for (;;) {
        const double value = by_step ? out.back() + step : out.back() * factor;
        if (close(value, last)) break;
        if ((value > last) == (last > out[n - 1])) {
            refuse(option, text, "passes over the number behind \"...\"", mend);
        }
        add(out, value, text, option);
    }
    add(out, last, text, option);
}

std::vector<double> read_list(std::string_view text, const std::string& option) {
    std::vector<double> out;
    bool pending = false;
    for (const std::string_view item : split(text, ',')) {
        if (trimmed(item) == "...") {
            if (pending) refuse(option, text, "has two \"...\" in a row", "leave one out");
            pending = true;
            continue;
        }
        const double value = number(item, option);
        if (pending) {
            go_on(out, value, text, option);
        } else {
            add(out, value, text, option);
        }
        pending = false;
    }
    if (pending) refuse(option, text, "does not end", "write the last number behind \"...\"");
    return out;
}

}  // namespace

std::vector<std::string> parse_numbers(std::string_view given, const std::string& option) {
    const std::string_view text = trimmed(given);
    if (text.empty()) refuse(option, text, "is empty", "write for example 1000:20000:1000");
    const bool range = text.find(':') != std::string_view::npos;
    std::vector<std::string> out;
    for (const double value : range ? read_range(text, option) : read_list(text, option)) {
        std::string one = text_of(value);
        if (std::find(out.begin(), out.end(), one) != out.end()) {
            refuse(option, text, "has " + one + " twice", "use --repeat to measure it again");
        }
        out.push_back(std::move(one));
    }
    return out;
}

std::pair<std::string, std::vector<std::string>> parse_axis(std::string_view text,
                                                            const std::string& option) {
    const std::size_t equals = text.find('=');
    const char* const mend = "write for example groups.0.data.size=4KiB,64KiB,1MiB";
    if (equals == std::string_view::npos || equals == 0) {
        refuse(option, text.substr(0, text.find_first_of("=,")), "is not of the form path=v1,v2",
               mend);
    }
    std::vector<std::string> values(1);
    int depth = 0;
    char quote = '\0';
    for (const char c : text.substr(equals + 1)) {
        if (quote != '\0') {
            if (c == quote) quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}') {
            --depth;
        } else if (c == ',' && depth == 0) {
            values.emplace_back();
            continue;
        }
        values.back() += c;
    }
    if (quote != '\0' || depth != 0) refuse(option, text, "has a bracket or quote too many", mend);
    for (std::string& value : values) {
        value = std::string(trimmed(value));
        if (value.empty()) refuse(option, text, "has an empty value", mend);
        if (std::count(values.begin(), values.end(), value) > 1) {
            refuse(option, text, "has " + value + " twice", "use --repeat to measure it again");
        }
    }
    if (values.size() > values_most) refuse(option, text, "has too many values", mend);
    return {std::string(text.substr(0, equals)), std::move(values)};
}

std::vector<sweep_point> make_points(const std::vector<axis>& axes, unsigned repeat) {
    double size = repeat;
    for (const axis& a : axes)
        size *= static_cast<double>(a.values.size());
    if (size > static_cast<double>(values_most)) {
        throw config_error("the sweep has " + text_of(size) + " points; at most " +
                           std::to_string(values_most) + " are allowed");
    }
    std::vector<sweep_point> out;
    for (unsigned r = 1; r <= repeat; ++r) {
        std::vector<std::size_t> at(axes.size(), 0);
        for (bool more = true; more;) {
            sweep_point p;
            p.index = out.size();
            p.repeat = r;
            for (std::size_t i = 0; i < axes.size(); ++i)
                p.values.push_back(axes[i].values[at[i]]);
            out.push_back(std::move(p));
            more = false;
            for (std::size_t i = axes.size(); i-- > 0 && !more;) {
                more = ++at[i] < axes[i].values.size();
                if (!more) at[i] = 0;
            }
        }
    }
    return out;
}

void shuffle(std::vector<sweep_point>& points, std::uint64_t seed) {
    random_stream random(mix64(seed, 0x7377656570));
    for (std::size_t i = points.size(); i > 1; --i)
        std::swap(points[i - 1], points[random.below(i)]);
}

}  // namespace chopsticks::search
