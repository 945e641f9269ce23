#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/ceph/connect.hpp>
#include <chopsticks/ceph/progress_notes.hpp>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace chopsticks::ceph {

namespace {

std::uint64_t seconds_of(std::int64_t ns) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>((ns + 999'999'999) / 1'000'000'000, 1));
}

std::string get_option(rados_t cluster, const std::string& name) {
    std::array<char, 4096> value{};
    const int got = rados_conf_get(cluster, name.c_str(), value.data(), value.size());
    return got < 0 ? std::string() : std::string(value.data());
}

std::string set_option(rados_t cluster, const option& s, const char* library,
                       std::vector<std::string>* notes) {
    const std::string before = get_option(cluster, s.name);
    const int failed = rados_conf_set(cluster, s.name.c_str(), s.value.c_str());
    if (failed == -ENOENT) {
        return std::string("options: ") + library + " has no option \"" + s.name +
               "\": " + ::strerror(ENOENT);
    }
    if (failed < 0) {
        return explain("options: " + s.name + " cannot be \"" + s.value + "\"", failed);
    }
    const std::string after = get_option(cluster, s.name);
    if (notes != nullptr && after != before && s.name.find("key") == std::string::npos) {
        // One line for all of them.
        if (notes->empty()) notes->emplace_back("Ceph options that differ from stock:");
        notes->front() += " " + s.name + "=" + after + " (" + before + ")";
    }
    return {};
}

/// More of them than anybody asks.
constexpr std::size_t sockets_most = 1024;

class socket_list {
  public:
    void note(const std::string& path) {
        const std::lock_guard lock(mutex_);
        const bool is_new = std::find(paths_.begin(), paths_.end(), path) == paths_.end();
        if (!path.empty() && is_new && paths_.size() < sockets_most) paths_.push_back(path);
    }
    std::vector<std::string> all() {
        const std::lock_guard lock(mutex_);
        return paths_;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> paths_;
};
socket_list known_sockets;

std::string connect_problem(const access& to, rados_t cluster, int error) {
    const std::string hosts = get_option(cluster, "mon_host");
    const std::string keyring = get_option(cluster, "keyring");
    const std::string base = "Ceph cluster at " + (hosts.empty() ? "(no mon_host)" : hosts);
    switch (error) {
        case -ETIMEDOUT:
            return base + ": no monitor answered in " +
                   std::to_string(seconds_of(to.operation_timeout_ns)) +
                   " s; check that it runs, and mon_host in the conf file";
        case -EACCES:
        case -EPERM:
            return base + " refuses " + to.who() + ": wrong key; check the keyring (" + keyring +
                   ")";
        case -ENOENT:
            return base + ": no key for " + to.who() +
                   " found; name its keyring in the workload config or the conf file (keyring = " +
                   keyring + ")";
        case -EINVAL:
            return base + ": no usable monitor address or key for " + to.who() +
                   "; check conf_file, cluster and keyring (" + keyring +
                   ") in the workload config";
        default:
            return explain(base, error);
    }
}

}  // namespace

std::vector<option> common_options(const access& to, const flow& most) {
    const std::string seconds = std::to_string(seconds_of(to.operation_timeout_ns));
    const std::uint64_t operations = std::max<std::uint64_t>(most.operations, 1024);
    const std::uint64_t bytes = std::max<std::uint64_t>(most.bytes, 100ULL << 20);
    return {
        {"client_mount_timeout", seconds},
        {"rados_mon_op_timeout", seconds},
        {"rados_osd_op_timeout", seconds},
        {"objecter_inflight_ops", std::to_string(operations)},
        {"objecter_inflight_op_bytes", std::to_string(bytes)},
    };
}

std::string connect(const access& to, const std::vector<option>& own, const char* library,
                    std::vector<std::string>* notes, waiting_note& waits, rados_t& cluster) {
    int failed = rados_create2(&cluster, to.cluster.c_str(), to.who().c_str(), 0);
    if (failed < 0) return explain("a Ceph client " + to.who() + " cannot be made", failed);
    const char* file = to.conf_file.empty() ? nullptr : to.conf_file.c_str();
    failed = rados_conf_read_file(cluster, file);
    if (failed < 0) {
        const std::string name = file != nullptr ? file : "of the cluster " + to.cluster;
        return explain("the Ceph conf file " + name + " cannot be read", failed) +
               "; name it in the workload config: conf_file";
    }
    std::vector<option> all;
    if (!to.keyring.empty()) all.push_back({"keyring", to.keyring});
    for (const option& s : own) {
        if (to.options.count(s.name) == 0) all.push_back(s);
    }
    for (const auto& [name, value] : to.options)
        all.push_back({name, value});
    for (const option& s : all) {
        std::string problem = set_option(cluster, s, library, notes);
        if (!problem.empty()) return problem;
    }
    {
        const std::string hosts = get_option(cluster, "mon_host");
        const waiting_for wait(waits, "for a monitor of the cluster at " + hosts,
                               to.operation_timeout_ns);
        failed = rados_connect(cluster);
    }
    if (failed < 0) return connect_problem(to, cluster, failed);
    known_sockets.note(get_option(cluster, "admin_socket"));
    return {};
}

std::vector<std::string> admin_sockets() {
    return known_sockets.all();
}

std::string open_pool(rados_t cluster, const access& to, const std::string& name,
                      const char* how_to_make, rados_ioctx_t& pool) {
    const int failed = rados_ioctx_create(cluster, name.c_str(), &pool);
    if (failed == -ENOENT) {
        return "the cluster has no pool \"" + name + "\": " + how_to_make;
    }
    if (failed == -EPERM || failed == -EACCES) {
        return to.who() + " may not use the pool \"" + name + "\": see ceph auth get " + to.who();
    }
    return failed < 0 ? explain("pool " + name, failed) : std::string();
}

std::string explain(const std::string& what, int error) {
    if (error == -ETIMEDOUT) {
        return what +
               ": the cluster did not answer in operation_timeout; an OSD may be down, or the "
               "pool may be full (ceph health detail)";
    }
    const char* text = ::strerrordesc_np(-error);
    return what + ": " + (text != nullptr ? text : "error " + std::to_string(-error));
}

void fail_with_errno(engine::outcome& out, int number, std::string_view doing) noexcept {
    const char* code = ::strerrorname_np(number);
    const char* text = ::strerrordesc_np(number);
    // Ceph's name for a client that the cluster shuts out.
    if (number == ESHUTDOWN) text = "the cluster has put this client on its blocklist";
    char example[sizeof out.example];
    std::snprintf(example, sizeof example, "%.*s: %s", static_cast<int>(doing.size()), doing.data(),
                  text != nullptr ? text : "unknown error");
    out.fail(number == ETIMEDOUT ? op_status::timeout : op_status::io_error,
             code != nullptr ? code : "EUNKNOWN", example);
    out.native = native_code::of_errno(number);
}

}  // namespace chopsticks::ceph
