#include "osd_processes.hpp"

#include <unistd.h>

#include <charconv>
#include <chopsticks/telemetry/parse.hpp>
#include <chopsticks/telemetry/read_text.hpp>
#include <filesystem>
#include <system_error>

namespace chopsticks::ceph::beside {

namespace {

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t out = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failed != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
    return out;
}

std::string text_of(const std::string& path) {
    return telemetry::read_text(path).value_or("");
}

}  // namespace

std::optional<std::int64_t> osd_of_command_line(std::string_view arguments) {
    bool is_next = false;
    while (!arguments.empty()) {
        const std::size_t end = arguments.find('\0');
        const std::string_view one = arguments.substr(0, end);
        arguments.remove_prefix(end == arguments.npos ? arguments.size() : end + 1);
        if (is_next) return number_of(one);
        is_next = one == "-i" || one == "--id";
        constexpr std::string_view forms[] = {"--id=", "-i"};
        for (const std::string_view form : forms) {
            if (one.size() > form.size() && one.starts_with(form))
                return number_of(one.substr(form.size()));
        }
        constexpr std::string_view named[] = {"-n", "--name"};
        if (one == named[0] || one == named[1]) {
            constexpr std::string_view mark = "osd.";
            const std::string_view name = arguments.substr(0, arguments.find('\0'));
            if (name.starts_with(mark)) return number_of(name.substr(mark.size()));
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> process_of_address(std::string_view address) {
    const std::size_t slash = address.find('/');
    if (slash == address.npos) return std::nullopt;
    address.remove_prefix(slash + 1);
    return number_of(address.substr(0, address.find_first_of(",]")));
}

std::vector<osd_processes::candidate> osd_processes::find() const {
    std::vector<candidate> out;
    std::error_code failed;
    for (auto entry = std::filesystem::directory_iterator(proc_, failed);
         !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        const auto process = number_of(entry->path().filename().string());
        if (!process || out.size() == most) continue;
        if (text_of(entry->path().string() + "/comm") != "ceph-osd\n") continue;
        const auto osd = osd_of_command_line(text_of(entry->path().string() + "/cmdline"));
        if (osd) out.push_back({*process, *osd});
    }
    return out;
}

void osd_processes::follow(const candidate& one) {
    const auto identity = telemetry::parse_task_identity(
        text_of(proc_ + "/" + std::to_string(one.process) + "/stat"));
    if (identity) by_osd_[one.osd] = {one.process, identity->started_ticks, std::nullopt, 0};
}

bool osd_processes::follows(const candidate& one) const {
    const auto found = by_osd_.find(one.osd);
    return found != by_osd_.end() && found->second.process == one.process;
}

std::map<std::int64_t, double> osd_processes::busy(std::int64_t now_ns) {
    std::map<std::int64_t, double> out;
    for (auto at = by_osd_.begin(); at != by_osd_.end();) {
        followed& one = at->second;
        const std::string text = text_of(proc_ + "/" + std::to_string(one.process) + "/stat");
        const auto identity = telemetry::parse_task_identity(text);
        const auto used = telemetry::parse_task_stat(text, ::sysconf(_SC_CLK_TCK));
        if (!identity || !used || identity->started_ticks != one.started_ticks) {
            at = by_osd_.erase(at);
            continue;
        }
        const std::int64_t used_ns = used->user_ns + used->system_ns;
        if (one.used_ns && now_ns > one.at_ns) {
            out[at->first] = static_cast<double>(used_ns - *one.used_ns) /
                             static_cast<double>(now_ns - one.at_ns);
        }
        one.used_ns = used_ns;
        one.at_ns = now_ns;
        ++at;
    }
    return out;
}

}  // namespace chopsticks::ceph::beside
