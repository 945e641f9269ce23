#pragma once
/// \file
/// What a workload config says to one workload. The workload's own module reads it and knows what
/// is in it (workload.hpp); all others see no more than what is here. Filled by the main thread
/// before the cores start, only read afterwards.

#include <chopsticks/scenario/document.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chopsticks::scenario {

struct group;

/// A setting as a result has it; monostate: there is none.
using echo_value =
    std::variant<std::monostate, bool, std::uint64_t, std::string, std::vector<std::string>>;

/// Settings under their keys, in the order of the result.
using echo_fields = std::vector<std::pair<std::string, echo_value>>;

/// The large things that a workload of extents works on, as they are configured.
struct extents_plan {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;      ///< of each that the run makes
    bool makes_missing = false;   ///< the run makes those that are not there
    bool removes_made = false;    ///< all of them are the run's own, which removes them at its end
    bool one_core_each = false;   ///< what is done to one comes back to one core only
    std::string one_core_advice;  ///< one_core_each: how it came about, for people
};

class workload_settings {
  public:
    virtual ~workload_settings() = default;

    std::string driver;  ///< of this workload's groups; empty: its default one
    bool given = false;  ///< the file, or an override, says something to this workload
    /// What the file says to a driver that has options of its own (catalogue::driver): a map of
    /// scalars, or null. The driver reads them with a map_reader. No secrets: a result shows them.
    value driver_options;

    /// All that a result shows of them. No secret, and nothing of a file's contents.
    virtual echo_fields echo() const = 0;

    /// Takes from the echo in an earlier run's result what it needs to find that run's target
    /// again. What it does not understand it passes over: the file may be damaged.
    virtual void find_again(const echo_fields& echoed) = 0;

    /// Whether the file they were read from holds a secret.
    virtual bool hold_secret() const { return false; }

    /// What only group and settings show together: throws config_error for tasks that cannot work.
    /// Switches off what the group need not do on such a target.
    /// \param warnings takes what may not be meant
    virtual void check(group& of, std::vector<std::string>& warnings) const;

    /// Whether requests to this target cost what `calibrate` measured.
    virtual bool as_calibrated() const { return true; }

    /// To whom the load goes, for people: "http://a:8000, bucket b". \param dummy to nobody
    virtual std::string target(bool dummy) const = 0;

    /// The same before the run, when nobody has been asked yet: what it is called, what it is.
    virtual std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const = 0;

    /// Connections to a cluster, whose number of sockets nobody knows before.
    virtual std::uint64_t cluster_connections(unsigned) const { return 0; }

    /// Of workloads of extents.
    virtual extents_plan extents() const { return {}; }

    /// Of workloads of objects: where those below a prefix are, for people.
    virtual std::string place(const std::string&) const { return {}; }
    /// The command for a shell that lists what a run left below `data_set::prefix`.
    virtual std::string cleanup_command(const std::string&, const std::string&) const { return {}; }

  protected:
    workload_settings() = default;
    workload_settings(const workload_settings&) = default;
    workload_settings& operator=(const workload_settings&) = default;
};

/// The value of a key, if it is of this type; otherwise null.
template <typename Value>
const Value* find_echoed(const echo_fields& in, std::string_view key) {
    for (const auto& [name, value] : in) {
        if (name == key) return std::get_if<Value>(&value);
    }
    return nullptr;
}

}  // namespace chopsticks::scenario
