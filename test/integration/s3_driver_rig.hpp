#pragma once
// One core of a driver that speaks HTTP on a loop of its own, used from the test's thread as if it
// blocked.

#include <chopsticks/load/content.hpp>
#include <chopsticks/s3/driver.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../support/bound_steps.hpp"

namespace chopsticks::test {

/// Prints why and aborts: an operation that never ends cannot be taken back, and what it refers to
/// would go with the test.
[[noreturn]] void give_up(const char* why);

/// What S3_DRIVER in the environment names: `native` (the default), `beast` or `curl`.
using driver_maker = std::unique_ptr<engine::driver> (*)(const s3::driver_options&);
driver_maker driver_under_test();

/// How far apart the places are at which cases spoil an answer. What reads the bytes of one reads
/// those of all, so where that is a library of years each place is tried in some answer, and not in
/// each; those of answer n begin at n % places_apart().
std::size_t places_apart();

/// The size of the objects of most tests.
inline constexpr std::uint64_t object_bytes = 100;

class s3_rig {
  public:
    /// Change what follows before the first use; it is fixed from then on.
    explicit s3_rig(std::vector<std::string> endpoints);
    ~s3_rig();
    s3_rig(const s3_rig&) = delete;
    s3_rig& operator=(const s3_rig&) = delete;

    s3::settings config;
    scenario::group group;
    s3::driver_options options;

    /// Another run's id than "run-1", with all that follows from it.
    void name_run(const std::string& id);

    /// A session the rig owns.
    engine::session& session();

    /// Has the driver bind its step, which an operation that runs does first.
    void bind(const engine::operation& op) {
        if (!steps_.has(op.step)) ask([&] { steps_.bind(*core_, op.step); });
    }

    /// An operation that was started and not waited for.
    struct pending {
        engine::operation op;
        engine::outcome out;
        std::promise<void> ended;
        std::future<void> end = ended.get_future();
    };
    std::unique_ptr<pending> begin(engine::session& on, const engine::operation& op);
    /// Waits for it; gives up after a time no test needs.
    engine::outcome finish(pending& p);
    engine::outcome run(engine::session& on, const engine::operation& op) {
        return finish(*begin(on, op));
    }

    /// As the engine does it: sleepers, such as a session between two attempts, look up.
    void cancel(engine::session& s) {
        ask([&] {
            s.cancel();
            loop_->wake_sleepers();
        });
    }
    void close(engine::session& s);
    void cancel_control() {
        ask([&] { core_->cancel_control(); });
    }

    engine::target_state open_target() { return ask_core(&engine::core_driver::open_target); }
    std::string seal_data() { return ask_core(&engine::core_driver::seal_data); }
    std::string close_target() { return ask_core(&engine::core_driver::close_target); }
    engine::driver_counters counters();
    /// What the core has counted of driver::figures() since the last call.
    stats::driver_values figures();
    engine::driver& driver();

    /// Runs f on the loop's thread.
    void ask(const std::function<void()>& f);

    /// What an object holds.
    std::string content(std::uint64_t object, std::uint32_t version, std::uint64_t size,
                        std::uint64_t offset = 0);

    static engine::operation put(std::uint64_t object, std::uint64_t size,
                                 std::uint32_t version = 0);
    static engine::operation get(std::uint64_t object, std::uint64_t size,
                                 std::uint32_t version = 0);
    static engine::operation get_range(std::uint64_t object, std::uint64_t size,
                                       std::uint64_t offset, std::uint64_t length);
    static engine::operation head(std::uint64_t object, std::uint64_t size,
                                  std::uint32_t version = 0);
    static engine::operation remove(std::uint64_t object);
    static engine::operation list(std::uint32_t max_keys, std::uint32_t pages,
                                  bool directory = false);
    static engine::operation bucket(std::string_view name, std::uint64_t number);
    /// Any other one, on an object that is there, with its parameters at their defaults.
    static engine::operation on_object(std::string_view name, std::uint64_t object,
                                       std::uint64_t size, std::uint32_t version = 0);
    /// One whose step the caller has set.
    static engine::operation with_step(scenario::step what, std::uint64_t object,
                                       std::uint64_t size, std::uint32_t version = 0);

  private:
    void start();
    template <typename T>
    T ask_core(runtime::task<T> (engine::core_driver::*what)());

    std::unique_ptr<engine::driver> driver_;
    std::unique_ptr<runtime::reactor> loop_;
    std::unique_ptr<engine::core_driver> core_;
    bound_steps steps_;
    std::vector<std::unique_ptr<engine::session>> sessions_;
    std::unique_ptr<load::content> content_;
    std::thread thread_;
};

/// "ok", or status, wire code and example: what a failed check prints.
std::string describe(const engine::outcome& out);

/// A scratch directory, removed with all in it at the end.
struct scratch_directory {
    scratch_directory();
    ~scratch_directory();
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    std::string path;
};

}  // namespace chopsticks::test
