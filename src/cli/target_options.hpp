#pragma once
/// \file
/// To whom: the options that name an S3 target and who asks it, for all commands that need one.

#include <chopsticks/s3/workload/settings.hpp>
#include <string>
#include <vector>

#include "setup.hpp"

namespace chopsticks::cli {

/// --workload-config, --endpoint, --access-key, --bucket, --set; and the secrets, so that
/// refuse_secrets can say why they are not taken.
void add_target_options(CLI::App& command, run_arguments& a);

/// Throws config_error if a secret is among the options.
void refuse_secrets(const run_arguments& a);

/// Puts the options in the place of what the workload config says. Throws config_error.
void apply_target(s3::settings& s3, const run_arguments& a);

/// Fills in the credentials; throws config_error if there is no endpoint or there are none.
/// Returns what should be warned about.
std::vector<std::string> complete_target(s3::settings& s3);

}  // namespace chopsticks::cli
