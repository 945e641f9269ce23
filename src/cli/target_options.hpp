#pragma once
/// \file
/// To whom: the options that name a target and who asks it, for all commands that need one.

#include <chopsticks/scenario/scenario.hpp>

#include "setup.hpp"

namespace chopsticks::cli {

/// --workload-config, --endpoint, --access-key, --bucket, --set; and the secrets, so that
/// refuse_secrets can say why they are not taken.
void add_target_options(CLI::App& command, run_arguments& a);

/// Throws config_error if a secret is among the options.
void refuse_secrets(const run_arguments& a);

/// Puts the options in the place of what the workload config says. Throws config_error.
void apply_target(scenario::workload_config& workload, const run_arguments& a);

/// Whether a key's name says that its value is a secret, or where one is.
bool speaks_of_a_secret(std::string_view key) noexcept;

}  // namespace chopsticks::cli
