#pragma once
// Cores of the librbd driver on loops of their own, used from the test's thread as if they blocked.

#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../support/bound_steps.hpp"

namespace chopsticks::test {

inline constexpr std::uint64_t kib = 1024;

class rbd_rig {
  public:
    /// Change what follows before the first use; it is fixed from then on.
    explicit rbd_rig(unsigned cores = 1);
    ~rbd_rig();
    rbd_rig(const rbd_rig&) = delete;
    rbd_rig& operator=(const rbd_rig&) = delete;

    rbd::settings config;
    scenario::group group;
    rbd::driver_options options;

    /// Adds a task, so that the driver knows what will be asked of it.
    void will(std::uint16_t code, std::uint64_t block_bytes);

    engine::target_state open_target() { return ask_core(&engine::core_driver::open_target); }
    std::string seal_data() { return ask_core(&engine::core_driver::seal_data); }
    std::string close_target() { return ask_core(&engine::core_driver::close_target); }
    std::string check_data() { return ask_core(&engine::core_driver::check_data); }
    std::vector<engine::leftover> left_behind();
    /// Over all cores.
    engine::wrong_data found_wrong();
    void cancel_control();

    /// A session the rig owns.
    engine::session& session(unsigned core = 0);

    /// An operation that was started and not waited for.
    struct pending {
        engine::operation op;
        engine::outcome out;
        std::promise<void> ended;
        std::future<void> end = ended.get_future();
    };
    std::unique_ptr<pending> begin(engine::session& on, const engine::operation& op,
                                   unsigned core = 0);
    engine::outcome finish(pending& p);
    engine::outcome run(engine::session& on, const engine::operation& op, unsigned core = 0) {
        return finish(*begin(on, op, core));
    }
    /// All at once, each with a session of its own, in turn on the cores.
    std::vector<engine::outcome> run_all(const std::vector<engine::operation>& ops);

    static engine::operation io(std::uint16_t code, std::uint64_t offset, std::uint64_t length,
                                std::uint64_t image = 0, std::uint32_t pieces = 1);

    /// Runs f on a loop's thread.
    void ask(unsigned core, const std::function<void()>& f);

  private:
    void start();
    template <typename T>
    T ask_core(runtime::task<T> (engine::core_driver::*what)());

    struct one_core {
        std::unique_ptr<runtime::reactor> loop;
        std::unique_ptr<engine::core_driver> driver;
        bound_steps steps;
        std::vector<std::unique_ptr<engine::session>> sessions;
        std::thread thread;
    };
    std::unique_ptr<engine::driver> driver_;
    std::vector<one_core> cores_;
};

/// "ok", or status, wire code and example: what a failed check prints.
std::string describe(const engine::outcome& out);

}  // namespace chopsticks::test
