#include <algorithm>
#include <chopsticks/core/trimmed.hpp>
#include <chopsticks/scenario/reader.hpp>
#include <chopsticks/scenario/service_model.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

namespace {

using load::time_distribution;

constexpr std::string_view dummy_name = "dummy";

constexpr const char* kinds =
    "a duration, uniform(1ms, 3ms), exponential(2ms), lognormal(2ms, 0.5) or pareto(1ms, 2.5)";

/// A failure as a word, and what comes of it.
constexpr struct {
    std::string_view word;
    op_status status;
} failures[] = {
    {"server_error", op_status::server_error},       {"slow_down", op_status::slow_down},
    {"client_error", op_status::client_error},       {"timeout", op_status::timeout},
    {"connection_lost", op_status::connection_lost},
};

/// "name(one, two)" in its pieces: {name, one, two}; {} if it is no such thing.
std::vector<std::string_view> pieces(std::string_view text) {
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos || text.back() != ')') return {};
    std::vector<std::string_view> out{trimmed(text.substr(0, open))};
    std::string_view rest = text.substr(open + 1, text.size() - open - 2);
    while (true) {
        const std::size_t comma = rest.find(',');
        out.push_back(trimmed(rest.substr(0, comma)));
        if (comma == std::string_view::npos) return out;
        rest.remove_prefix(comma + 1);
    }
}

/// A piece of a field as a field of its own, so that messages are as of any.
class piece {
  public:
    piece(const field& of, std::string_view text) : value_(of.raw()), of_(of) {
        value_.text = std::string(text);
    }
    std::int64_t duration(std::int64_t min_ns) const {
        const std::int64_t ns = whole().duration(min_ns);
        if (ns > time_distribution::longest_ns) of_.refuse("is too long", "at most 1h is allowed");
        return ns;
    }
    double number(double min, double max) const { return whole().number(min, max); }

  private:
    field whole() const { return {value_, of_.name()}; }
    value value_;
    const field& of_;
};

time_distribution read_latency(const field& f) {
    const std::string_view text = trimmed(f.raw().text);
    const auto found = pieces(text);
    if (found.empty()) {
        if (!f.raw().is_scalar() || parse_duration(text).has_error()) f.wrong(kinds, "");
        return time_distribution::constant(piece(f, text).duration(0));
    }
    const std::string_view kind = found.front();
    const bool two = found.size() == 3;
    if (kind == "uniform" && two) {
        const std::int64_t least = piece(f, found[1]).duration(0);
        const std::int64_t most = piece(f, found[2]).duration(0);
        if (most < least) f.refuse("ends before it begins", "write uniform(LEAST, MOST)");
        return time_distribution::uniform(least, most);
    }
    if (kind == "exponential" && found.size() == 2) {
        return time_distribution::exponential(piece(f, found[1]).duration(1));
    }
    if (kind == "lognormal" && two) {
        const std::int64_t median = piece(f, found[1]).duration(1);
        return time_distribution::lognormal(median, piece(f, found[2]).number(0, 4));
    }
    if (kind == "pareto" && two) {
        const std::int64_t least = piece(f, found[1]).duration(1);
        return time_distribution::pareto(least, piece(f, found[2]).number(1.01, 100));
    }
    f.wrong(kinds, "");
}

op_status read_failure(const field& f) {
    std::vector<std::string_view> words;
    for (const auto& one : failures)
        words.push_back(one.word);
    return failures[f.word(words)].status;
}

}  // namespace

service_model read_service_model(const workload_settings& of) {
    service_model out;
    if (!of.driver.empty() && of.driver != dummy_name) return out;
    map_reader m(&of.driver_options, "driver_options",
                 "write {latency: exponential(2ms), servers: 8}");
    if (const auto f = m.find("latency")) out.latency = read_latency(*f);
    if (const auto f = m.find("bytes_per_s")) out.bytes_per_s = f->size(1);
    if (const auto f = m.find("servers")) out.servers = f->count32(1, 100'000);
    if (const auto f = m.find("most_per_s")) out.most_per_s = f->number(0.01, 1e9);
    if (const auto f = m.find("failing")) out.failing = f->share();
    if (const auto f = m.find("failure")) {
        out.failure = read_failure(*f);
        if (out.failing <= 0) f->refuse("is said, and nothing fails", "add `failing: 1%`");
    }
    const auto every = m.find("stall_every");
    const auto stall = m.find("stall");
    if (every.has_value() != stall.has_value()) {
        (every ? *every : *stall)
            .refuse("stands alone", "write {stall_every: 30s, stall: 2s}: how often, for how long");
    }
    if (stall) {
        out.stall_every_ns = every->duration(1'000'000);
        out.stall_ns = stall->duration(1'000'000);
    }
    if (const auto f = m.find("seed")) out.seed = f->count();
    m.finish();
    if (out.servers > 0 && out.latency.mean_ns() <= 0 && out.bytes_per_s == 0) {
        m.require("latency",
                  "servers that take no time never have a queue: say how long one "
                  "operation takes, for example `latency: 2ms`");
    }
    return out;
}

namespace catalogue {

driver dummy_driver(bool calibrated) {
    return {.name = dummy_name,
            .description =
                "sends nothing: answers at once, which shows what the generator itself "
                "can do, or as a model says (driver_options)",
            .calibrated = calibrated,
            .takes_options = true,
            .check = [](const workload_settings& of) { read_service_model(of); }};
}

}  // namespace catalogue

}  // namespace chopsticks::scenario
