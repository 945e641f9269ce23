#include "beside_native.hpp"

#include <chopsticks/core/error.hpp>

namespace chopsticks::s3 {

void check_one_user(const settings& config, std::string_view driver) {
    const bool many = !config.bucket_list.empty() || config.buckets_made_of_name > 0;
    if (!many && config.credentials.empty()) return;
    throw config_error("the driver " + std::string(driver) +
                       " has one user and one bucket: leave `buckets`, `credentials` and "
                       "`credentials_file` out, or take `driver: native`");
}

engine::driver_counters core_beside_native::counters() const noexcept {
    engine::driver_counters all = inner_->counters();
    all.timeouts += counters_.timeouts;
    return all;
}

engine::write_account core_beside_native::writes() const noexcept {
    engine::write_account all = inner_->writes();
    all.versions += writes_.versions;
    all.unanswered += writes_.unanswered;
    return all;
}

runtime::task<void> session_beside_native::clean(engine::operation op,
                                                 const engine::bound_step* step,
                                                 engine::outcome& out) {
    op.step = step;
    cleans_ = true;
    co_await inner_->execute(op, out);
    cleans_ = false;
}

driver_beside_native::driver_beside_native(const driver_options& options, std::string_view name) {
    check_one_user(*options.config, name);
    inner_ = make_native_driver(options);
}

}  // namespace chopsticks::s3
