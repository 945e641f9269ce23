#pragma once
/// \file
/// The CPU time of OSDs that run on this host, from /proc. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::ceph::beside {

/// The OSD that a process of this command line is ("ceph-osd\0-i\0" "0\0"); none: it does not say.
std::optional<std::int64_t> osd_of_command_line(std::string_view arguments);

/// The process that an OSD's address names: "[v2:10.0.0.1:6802/9256,...]" has 9256 as its nonce,
/// which is the process's number unless it runs in a container.
std::optional<std::int64_t> process_of_address(std::string_view address);

class osd_processes {
  public:
    /// More of them than a host has.
    static constexpr std::size_t most = 64;

    /// \param proc "/proc", or a folder that looks like it
    explicit osd_processes(std::string proc = "/proc") : proc_(std::move(proc)) {}

    struct candidate {
        std::int64_t process = 0;
        std::int64_t osd = 0;
    };
    /// Processes that are OSDs of some cluster.
    std::vector<candidate> find() const;

    /// This one is an OSD of ours.
    void follow(const candidate& one);
    bool follows(const candidate& one) const;

    /// By OSD, how many CPUs each kept busy since it was last asked for; those that are known for
    /// one call only have none yet, and those that ended are forgotten. \param now_ns monotonic
    std::map<std::int64_t, double> busy(std::int64_t now_ns);

  private:
    struct followed {
        std::int64_t process = 0;
        std::uint64_t started_ticks = 0;
        std::optional<std::int64_t> used_ns;
        std::int64_t at_ns = 0;
    };
    std::string proc_;
    std::map<std::int64_t, followed> by_osd_;
};

}  // namespace chopsticks::ceph::beside
