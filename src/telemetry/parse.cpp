#include <charconv>
#include <chopsticks/core/trimmed.hpp>
#include <chopsticks/telemetry/parse.hpp>
#include <cmath>

namespace chopsticks::telemetry {

namespace {

/// Cuts the next line, without its end, off the front.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

/// Cuts the next word off the front; empty at the end.
std::string_view take_word(std::string_view& text) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) {
        text = {};
        return {};
    }
    text.remove_prefix(first);
    const std::size_t end = text.find_first_of(" \t\n");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size()) return std::nullopt;
    return value;
}

/// The rest of the first line that starts with `key`.
std::optional<std::string_view> find_line(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (line.starts_with(key)) return line.substr(key.size());
    }
    return std::nullopt;
}

/// "  1234 kB" in bytes.
std::optional<std::uint64_t> kilobytes(std::optional<std::string_view> rest) {
    if (!rest) return std::nullopt;
    const auto value = to_number(take_word(*rest));
    if (!value || take_word(*rest) != "kB" || *value > (~0ULL >> 10)) return std::nullopt;
    return *value * 1024;
}

}  // namespace

std::optional<cpu_times> parse_task_stat(std::string_view text, long ticks_per_s) {
    // The command name is in parentheses and may itself hold ") 1 2 3": the last one ends it.
    const std::size_t end = text.rfind(')');
    if (end == std::string_view::npos || ticks_per_s <= 0) return std::nullopt;
    text.remove_prefix(end + 1);
    // Fields 3 (state) to 13 (cmajflt) come before utime and stime.
    for (int field = 3; field <= 13; ++field) {
        if (take_word(text).empty()) return std::nullopt;
    }
    const auto user = to_number(take_word(text));
    const auto system = to_number(take_word(text));
    if (!user || !system) return std::nullopt;
    const double ns_per_tick = 1e9 / static_cast<double>(ticks_per_s);
    return cpu_times{std::llround(static_cast<double>(*user) * ns_per_tick),
                     std::llround(static_cast<double>(*system) * ns_per_tick)};
}

std::optional<task_identity> parse_task_identity(std::string_view text) {
    const std::size_t first = text.find('(');
    const std::size_t end = text.rfind(')');
    if (first == std::string_view::npos || end == std::string_view::npos || end < first) {
        return std::nullopt;
    }
    task_identity out;
    out.name = text.substr(first + 1, end - first - 1);
    text.remove_prefix(end + 1);
    // Fields 3 (state) to 21 (itrealvalue) come before starttime.
    for (int field = 3; field <= 21; ++field) {
        if (take_word(text).empty()) return std::nullopt;
    }
    const auto started = to_number(take_word(text));
    if (!started) return std::nullopt;
    out.started_ticks = *started;
    return out;
}

cgroup_paths parse_cgroup(std::string_view text) {
    cgroup_paths out;
    while (!text.empty()) {
        // "hierarchy:controller,controller:/path"; a path may hold colons.
        const std::string_view line = take_line(text);
        const std::size_t first = line.find(':');
        const std::size_t second =
            first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string_view path = line.substr(second + 1);
        if (!path.starts_with('/')) continue;
        if (controllers.empty() && line.substr(0, first) == "0") out.unified = path;
        while (!controllers.empty()) {
            const std::size_t comma = controllers.find(',');
            if (controllers.substr(0, comma) == "cpu") out.cpu = path;
            controllers.remove_prefix(comma == std::string_view::npos ? controllers.size()
                                                                      : comma + 1);
        }
    }
    return out;
}

std::optional<cpu_throttle> parse_cpu_stat(std::string_view text) {
    const auto value = [text](std::string_view key) -> std::optional<std::uint64_t> {
        auto rest = find_line(text, key);
        if (!rest) return std::nullopt;
        return to_number(take_word(*rest));
    };
    const auto periods = value("nr_periods ");
    const auto throttled = value("nr_throttled ");
    const auto microseconds = value("throttled_usec ");
    const auto nanoseconds = value("throttled_time ");
    if (!periods || !throttled || (!microseconds && !nanoseconds)) return std::nullopt;
    const std::uint64_t ns = microseconds ? *microseconds * 1000 : *nanoseconds;
    return cpu_throttle{*periods, *throttled, static_cast<std::int64_t>(ns)};
}

std::optional<memory_use> parse_status(std::string_view text) {
    const auto rss = kilobytes(find_line(text, "VmRSS:"));
    const auto peak = kilobytes(find_line(text, "VmHWM:"));
    if (!rss || !peak) return std::nullopt;
    return memory_use{*rss, *peak};
}

std::optional<host_cpu> parse_proc_stat(std::string_view text) {
    auto rest = find_line(text, "cpu ");
    if (!rest) return std::nullopt;
    // user nice system idle iowait irq softirq steal guest guest_nice; the guests are part of user
    // and nice already. Kernels before 2.6.11 end before steal.
    std::uint64_t fields[8] = {};
    int found = 0;
    for (; found < 8; ++found) {
        const std::string_view word = take_word(*rest);
        if (word.empty()) break;
        const auto value = to_number(word);
        if (!value) return std::nullopt;
        fields[found] = *value;
    }
    if (found < 4) return std::nullopt;
    return host_cpu{fields[0] + fields[1] + fields[2] + fields[5] + fields[6],
                    fields[3] + fields[4], fields[7]};
}

std::optional<std::map<std::string, nic_counters>> parse_net_dev(std::string_view text) {
    if (!take_line(text).starts_with("Inter-|")) return std::nullopt;
    if (take_line(text).find("|bytes") == std::string_view::npos) return std::nullopt;
    std::map<std::string, nic_counters> out;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        // An alias may hold a colon ("eth0:1"), the counters never do.
        const std::size_t colon = line.rfind(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = trimmed(line.substr(0, colon));
        line.remove_prefix(colon + 1);
        // rx: bytes packets errs drop fifo frame compressed multicast; tx: bytes packets errs drop
        // ...
        std::uint64_t fields[12] = {};
        bool good = !name.empty();
        for (std::uint64_t& field : fields) {
            const auto value = to_number(take_word(line));
            good = good && value.has_value();
            field = value.value_or(0);
        }
        if (!good) continue;
        out[std::string(name)] = {fields[0], fields[1], fields[3],
                                  fields[8], fields[9], fields[11]};
    }
    return out;
}

std::optional<std::uint64_t> parse_net_table(std::string_view text, std::string_view table,
                                             std::string_view name) {
    while (!text.empty()) {
        std::string_view names = take_line(text);
        if (!names.starts_with(table) || names.substr(table.size(), 1) != ":") continue;
        std::string_view values = take_line(text);
        // A line of values without its names, or of another table: the file is not what it should
        // be.
        if (!values.starts_with(table) || values.substr(table.size(), 1) != ":")
            return std::nullopt;
        names.remove_prefix(table.size() + 1);
        values.remove_prefix(table.size() + 1);
        while (true) {
            const std::string_view column = take_word(names);
            const std::string_view value = take_word(values);
            if (column.empty() || value.empty()) return std::nullopt;
            if (column == name) return to_number(value);
        }
    }
    return std::nullopt;
}

std::optional<tcp_counters> parse_snmp(std::string_view text) {
    const auto out = parse_net_table(text, "Tcp", "OutSegs");
    const auto again = parse_net_table(text, "Tcp", "RetransSegs");
    if (!out || !again) return std::nullopt;
    return tcp_counters{*out, *again, parse_net_table(text, "Tcp", "AttemptFails").value_or(0),
                        parse_net_table(text, "Tcp", "EstabResets").value_or(0)};
}

std::optional<std::uint64_t> parse_meminfo_total(std::string_view text) {
    return kilobytes(find_line(text, "MemTotal:"));
}

std::optional<std::string> parse_cpu_model(std::string_view text) {
    // x86, s390 and others; POWER; some ARM boards; RISC-V. Most 64-bit ARM kernels name no model,
    // only its part number.
    static constexpr std::string_view words[] = {"model name", "cpu", "Model",   "Processor",
                                                 "uarch",      "isa", "CPU part"};
    for (const std::string_view word : words) {
        std::string_view rest = text;
        while (!rest.empty()) {
            const std::string_view line = take_line(rest);
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) != word) continue;
            const std::string_view model = trimmed(line.substr(colon + 1));
            if (model.empty()) continue;
            if (word == "CPU part") return "ARM part " + std::string(model);
            return std::string(model);
        }
    }
    return std::nullopt;
}

std::map<int, double> parse_cpu_mhz(std::string_view text) {
    std::map<int, double> out;
    int cpu = -1;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = trimmed(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (key == "processor") {
            cpu = -1;
            std::from_chars(value.data(), value.data() + value.size(), cpu);
        } else if (key == "cpu MHz" && cpu >= 0) {
            double mhz = 0;
            std::from_chars(value.data(), value.data() + value.size(), mhz);
            if (mhz > 0) out[cpu] = mhz;
        }
    }
    return out;
}

std::optional<std::array<unsigned, 2>> parse_port_range(std::string_view text) {
    const auto first = to_number(take_word(text));
    const auto last = to_number(take_word(text));
    if (!first || !last || *first > *last || *last > 65535) return std::nullopt;
    return std::array<unsigned, 2>{static_cast<unsigned>(*first), static_cast<unsigned>(*last)};
}

}  // namespace chopsticks::telemetry
