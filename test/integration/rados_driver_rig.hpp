#pragma once
// One core of the librados driver on a loop of its own, used from the test's thread as if it
// blocked.

#include <chopsticks/rados/driver.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../support/bound_steps.hpp"

namespace chopsticks::test {

class rados_rig {
  public:
    /// Change what follows before the first use; it is fixed from then on.
    rados_rig();
    ~rados_rig();
    rados_rig(const rados_rig&) = delete;
    rados_rig& operator=(const rados_rig&) = delete;

    rados::settings config;
    scenario::group group;
    engine::driver_request wanted;

    /// Adds a task, so that the driver knows what will be asked of it.
    void will(const scenario::step& what);

    engine::target_state open_target() { return ask_core(&engine::core_driver::open_target); }
    std::string seal_data() { return ask_core(&engine::core_driver::seal_data); }
    std::string check_data() { return ask_core(&engine::core_driver::check_data); }
    std::string close_target() { return ask_core(&engine::core_driver::close_target); }
    std::vector<engine::leftover> left_behind();
    engine::wrong_data found_wrong();
    /// What the core has counted of driver::figures() since the last call.
    stats::driver_values figures();

    /// An operation on an object of so many bytes, or on a range of it.
    engine::outcome run(const scenario::step& what, std::uint64_t object, std::uint64_t size = 4096,
                        std::uint32_t version = 0, std::uint64_t offset = 0,
                        std::uint64_t length = 0, bool cleaning = false);

    void ask(const std::function<void()>& f);

  private:
    void start();
    template <typename T>
    T ask_core(runtime::task<T> (engine::core_driver::*what)());

    std::unique_ptr<engine::driver> driver_;
    std::unique_ptr<runtime::reactor> loop_;
    std::unique_ptr<engine::core_driver> core_;
    std::unique_ptr<engine::session> session_;
    std::thread thread_;
};

/// A step of the workload with its parameters at their defaults.
scenario::step step_of_rados(std::uint16_t code);

}  // namespace chopsticks::test
