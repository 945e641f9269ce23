// The drivers of S3 by their names.

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <iterator>

#include "exec_driver.hpp"
#include "process_driver.hpp"

namespace chopsticks::s3 {

namespace {

std::unique_ptr<engine::driver> make_dummy(const driver_options& wanted) {
    engine::dummy_options options;
    options.model = scenario::read_service_model(*wanted.config);
    options.timeout_ns = wanted.timeout.operation_ns;
    return engine::make_dummy_driver(options);
}

constexpr struct {
    std::string_view name;
    std::unique_ptr<engine::driver> (*make)(const driver_options&);
} makers[] = {
    {"native", make_native_driver},
    {"beast", make_beast_driver},
    {"curl", make_curl_driver},
    {"dummy", make_dummy},
};

}  // namespace

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    const scenario::group& g = *wanted.group;
    driver_options d;
    d.config = static_cast<const settings*>(wanted.settings);
    d.group = &g;
    d.timeout = wanted.timeout;
    d.run_prefix = wanted.run_prefix;
    if (!g.data.reuse.empty()) d.kept_prefix = g.data.prefix + "kept/" + g.data.reuse + "/";
    d.run_id = wanted.run_id;
    d.bucket_stem = made_bucket_stem(d.config->bucket, wanted.run_id, wanted.group_number);
    d.data_seed = wanted.data_seed;
    d.cores = wanted.cores;
    d.prepares = wanted.prepares;
    const bool is_program = wanted.driver == "process" || find_shipped_program(wanted.driver);
    if (is_program) return make_program_driver(d, wanted.driver);
    if (runs_for_each(wanted.driver)) return make_exec_driver(d, wanted.driver);
    const auto* const found = std::find_if(std::begin(makers), std::end(makers),
                                           [&](const auto& m) { return m.name == wanted.driver; });
    CHOPSTICKS_ASSERT(found != std::end(makers));
    return found->make(d);
}

}  // namespace chopsticks::s3
