#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/telemetry/contention.hpp>
#include <cstring>

#include <chopsticks/telemetry/read_text.hpp>

namespace chopsticks::telemetry {

namespace {

/// Less than this is left out: nobody was held up by it.
constexpr double least_cpu_s = 0.01;

/// "msgr-worker-2" and "core-0" by their kind. Whoever names a process may give it any bytes.
std::string kind_of(std::string name) {
    for (char& c : name) {
        if (c < ' ' || c > '~') c = '?';
    }
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last == std::string::npos) return name;
    std::string out = name.substr(0, last + 1);
    while (out.size() > 1 &&
           (out.back() == '-' || out.back() == '_' || out.back() == ':' || out.back() == '/')) {
        out.pop_back();
    }
    return out;
}

/// A group's file, of the group itself and of all above it, as far as they are mounted: the one
/// with the most throttled time.
std::optional<cpu_throttle> worst_of(const std::string& mount, std::string path) {
    std::optional<cpu_throttle> worst;
    for (;;) {
        if (const auto text = read_text(mount + path + "/cpu.stat")) {
            const auto one = parse_cpu_stat(*text);
            if (one && (!worst || one->throttled_ns > worst->throttled_ns)) worst = one;
        }
        // A container may see its own group mounted as the root of all.
        if (path.empty()) return worst;
        path.resize(path.rfind('/'));
    }
}

}  // namespace

task_table read_tasks(const std::string& directory) {
    task_table out;
    DIR* const list = ::opendir(directory.c_str());
    if (list == nullptr) return out;
    static const long ticks_per_s = ::sysconf(_SC_CLK_TCK);
    while (const dirent* entry = ::readdir(list)) {
        int id = 0;
        const char* const end = entry->d_name + std::strlen(entry->d_name);
        const auto parsed = std::from_chars(entry->d_name, end, id);
        if (parsed.ec != std::errc{} || parsed.ptr != end) continue;
        const auto text = read_text(directory + "/" + entry->d_name + "/stat");
        if (!text) continue;
        const auto who = parse_task_identity(*text);
        const auto used = parse_task_stat(*text, ticks_per_s);
        if (!who || !used) continue;
        out[id] = {who->name, who->started_ticks, used->user_ns + used->system_ns};
    }
    ::closedir(list);
    return out;
}

void cpu_users::look(task_table now) {
    if (looked_) {
        for (const auto& [id, task] : now) {
            if (id == leave_out_) continue;
            std::int64_t used_ns = task.cpu_ns;
            const auto before = before_.find(id);
            // The number may be another task's by now.
            if (before != before_.end() && before->second.started_ticks == task.started_ticks) {
                used_ns -= before->second.cpu_ns;
            }
            if (used_ns <= 0) continue;
            cpu_user& sum = by_name_[kind_of(task.name)];
            sum.cpu_s += static_cast<double>(used_ns) / 1e9;
            if (counted_.insert({id, task.started_ticks}).second) ++sum.tasks;
        }
    }
    looked_ = true;
    before_ = std::move(now);
}

void cpu_users::forget() noexcept {
    looked_ = false;
    before_.clear();
    counted_.clear();
    by_name_.clear();
}

std::vector<cpu_user> cpu_users::top(std::size_t most) const {
    std::vector<cpu_user> out;
    for (const auto& [name, user] : by_name_) {
        if (user.cpu_s >= least_cpu_s) out.push_back({name, user.tasks, user.cpu_s});
    }
    std::sort(out.begin(), out.end(), [](const cpu_user& a, const cpu_user& b) {
        return a.cpu_s != b.cpu_s ? a.cpu_s > b.cpu_s : a.name < b.name;
    });
    if (out.size() > most) out.resize(most);
    return out;
}

std::optional<cpu_throttle> read_throttle(const std::string& proc, const std::string& sys) {
    const auto text = read_text(proc + "/self/cgroup");
    if (!text) return std::nullopt;
    const cgroup_paths paths = parse_cgroup(*text);
    std::optional<cpu_throttle> worst;
    const auto look = [&](const char* mount, const std::string& path) {
        if (path.empty()) return;
        const auto one = worst_of(sys + "/fs/cgroup" + mount, path == "/" ? std::string() : path);
        if (one && (!worst || one->throttled_ns > worst->throttled_ns)) worst = one;
    };
    look("", paths.unified);
    look("/unified", paths.unified);
    look("/cpu", paths.cpu);
    look("/cpu,cpuacct", paths.cpu);
    return worst;
}

}  // namespace chopsticks::telemetry
