#pragma once
/// \file
/// How a workload's settings take what does not come from the workload config: options of the
/// command line, credentials of the environment, an endpoint inside this process. Main thread.

#include <chopsticks/scenario/settings.hpp>
#include <string>
#include <vector>

namespace chopsticks::scenario {

/// What the command line says of a target, as typed.
struct target_arguments {
    std::vector<std::string> endpoints;
    std::string access_key;
    std::string bucket;
};

/// An endpoint inside this process.
struct embedded_target {
    std::string url;
    std::string access_key;
    std::string secret_key;
};

/// Of one workload; what is null is not needed for it.
struct target_rule {
    /// Puts what was typed in the place of what the workload config says. Throws config_error.
    void (*apply)(workload_settings& of, const target_arguments& typed) = nullptr;
    /// Before anybody is asked: fills in what the environment knows. Throws config_error where
    /// there is no target. Returns what should be warned about.
    std::vector<std::string> (*complete)(workload_settings& of) = nullptr;
    /// The driver sends nothing: no target has to be named.
    void (*send_nothing)(workload_settings& of) = nullptr;
    /// Directs the load to an endpoint inside this process. Returns the region that it signs for.
    std::string (*embed)(workload_settings& of, const embedded_target& at) = nullptr;
    /// Whether config or options say where the target is. Null: if the config says anything.
    bool (*is_named)(const workload_settings& of) = nullptr;
};

}  // namespace chopsticks::scenario
