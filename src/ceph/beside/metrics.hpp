#pragma once
/// \file
/// What the manager's Prometheus exporter tells of a cluster. As answers.hpp: strange text reads as
/// little, never as an exception.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "answers.hpp"

namespace chopsticks::ceph::beside {

/// What clients did since the cluster was made; all pools.
struct client_totals {
    double reads = 0;
    double read_bytes = 0;
    double writes = 0;
    double write_bytes = 0;
};

/// Calls for each line of metrics: its name, its labels as they stand, its value.
void each_metric(
    std::string_view text,
    const std::function<void(std::string_view name, std::string_view labels, double value)>& call);

/// The value of a label; empty: there is none.
std::string_view label_of(std::string_view labels, std::string_view name);

/// False: these are no metrics of a cluster. Rates of clients stay 0. PGs are told by the single
/// words of their states. \param clients may be null
bool read_metrics(std::string_view text, sample& into, client_totals* clients);

/// What else of a snapshot is among them.
void read_metrics(std::string_view text, snapshot& into);

}  // namespace chopsticks::ceph::beside
