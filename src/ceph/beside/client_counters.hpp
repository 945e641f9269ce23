#pragma once
/// \file
/// Ceph's own counters of the load's connections: those of the objecter and of librbd, from the
/// admin sockets that the connections have. One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "answers.hpp"

namespace chopsticks::ceph::beside {

/// One that grows: events or an amount; of a timer also what they add up to.
struct client_counter {
    double count = 0;
    std::optional<double> sum;
};

/// By section and name: "objecter.op_w". All images and connections are added up.
using counter_values = std::map<std::string, client_counter>;

/// Adds what a `perf dump` tells of the objecter and of librbd.
void add_counters(const json& dump, counter_values& to);

class client_counters {
  public:
    static constexpr std::size_t connections_most = 16;
    static constexpr std::size_t counters_most = 256;

    /// Asks all sockets; those that do not answer are left out. The first answers are what later
    /// ones are held against. \param t_s since the load began
    void ask(const std::vector<std::string>& sockets, double t_s, std::int64_t timeout_ns);

    /// null: nobody answered twice.
    json told() const;

  private:
    struct connection {
        counter_values first;
        counter_values last;
        bool answered_twice = false;
    };
    std::map<std::string, connection> by_socket_;
    std::optional<double> from_s_;
    double to_s_ = 0;
};

}  // namespace chopsticks::ceph::beside
