#include <openssl/crypto.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/version.hpp>
#include <cerrno>
#include <chopsticks/telemetry/host.hpp>
#include <chopsticks/telemetry/parse.hpp>
#include <cstring>
#include <memory>

#include <chopsticks/telemetry/read_text.hpp>

#ifndef CHOPSTICKS_BUILD_TYPE
#define CHOPSTICKS_BUILD_TYPE "unknown"
#endif

namespace chopsticks::telemetry {

namespace {

/// CPUs the process may run on; 0 when the kernel does not say. The mask grows with the machine,
/// and the kernel refuses one that is too small for it.
unsigned count_usable_cpus() {
    for (std::size_t cpus = 1024; cpus <= 1 << 18; cpus *= 2) {
        const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(
            CPU_ALLOC(cpus), [](cpu_set_t* set) { CPU_FREE(set); });
        if (!mask) return 0;
        const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
        if (::sched_getaffinity(0, bytes, mask.get()) == 0) {
            return static_cast<unsigned>(CPU_COUNT_S(bytes, mask.get()));
        }
        if (errno != EINVAL) return 0;
    }
    return 0;
}

std::string first_line(const std::string& path) {
    const auto text = read_text(path);
    if (!text) return {};
    return text->substr(0, text->find('\n'));
}

}  // namespace

host_description describe_host(const std::string& proc, const std::string& sys) {
    host_description out;
    utsname names;
    if (::uname(&names) == 0) {
        out.host = names.nodename;
        out.kernel = std::string(names.sysname) + " " + names.release;
    }
    if (const auto text = read_text(proc + "/cpuinfo")) {
        out.cpu_model = parse_cpu_model(*text).value_or("");
    }
    if (const auto text = read_text(proc + "/meminfo")) {
        out.memory_bytes = parse_meminfo_total(*text).value_or(0);
    }
    const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
    out.cpus_online = online > 0 ? static_cast<unsigned>(online) : 0;
    out.cpus_usable = count_usable_cpus();
    out.clock_source =
        first_line(sys + "/devices/system/clocksource/clocksource0/current_clocksource");
    if (const auto text = read_text(proc + "/sys/net/ipv4/ip_local_port_range")) {
        if (const auto range = parse_port_range(*text)) {
            out.port_first = (*range)[0];
            out.port_last = (*range)[1];
        }
    }
    return out;
}

descriptor_limit current_descriptor_limit() {
    rlimit limit;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    return {limit.rlim_cur, limit.rlim_max};
}

std::string raise_descriptor_limit(std::uint64_t needed) {
    rlimit limit;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    if (limit.rlim_cur >= needed) return {};
    const rlimit before = limit;
    limit.rlim_cur = needed;
    limit.rlim_max = std::max<rlim_t>(limit.rlim_max, needed);
    // Above the hard limit only with CAP_SYS_RESOURCE, and never above fs.nr_open.
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
    const int why = errno;
    // As far as it goes, so that a user who lowers the load to fit need not raise it by hand.
    limit.rlim_cur = before.rlim_max;
    limit.rlim_max = before.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit = before;
    const std::string number = std::to_string(needed);
    return "this run needs " + number + " open files, but the limit is " +
           std::to_string(limit.rlim_cur) + " and could not be raised (" + std::strerror(why) +
           "); raise it with `ulimit -Hn " + number + "` as root, LimitNOFILE=" + number +
           " in the systemd unit, or " + (why == EPERM ? "" : "fs.nr_open with sysctl, or ") +
           "use fewer users or a lower max_in_flight";
}

build_description describe_build() {
    build_description out;
#ifdef CHOPSTICKS_VERSION
    out.version = CHOPSTICKS_VERSION;
#endif
#if defined(__clang__)
    out.compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
    out.compiler = "gcc " __VERSION__;
#endif
    while (!out.compiler.empty() && out.compiler.back() == ' ')
        out.compiler.pop_back();
    out.build_type = CHOPSTICKS_BUILD_TYPE;
    out.boost = std::to_string(BOOST_VERSION / 100000) + "." +
                std::to_string(BOOST_VERSION / 100 % 1000) + "." +
                std::to_string(BOOST_VERSION % 100);
    out.openssl = ::OpenSSL_version(OPENSSL_VERSION);
    return out;
}

}  // namespace chopsticks::telemetry
