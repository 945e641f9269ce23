#pragma once
// A perfect S3 in memory behind the driver contract, which can be told to be slow, to fail and to
// hang: what the engine is held against.

#include <atomic>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/run.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct model_state {
    std::mutex mutex;
    std::map<std::uint64_t, std::uint32_t> objects;  // index -> version
    std::map<std::uint64_t, int> buckets;
    std::uint64_t executed = 0;
    std::uint64_t wrong = 0;  // reads of nothing, or of another version; puts of what is there
    std::uint64_t puts_in_flight_max = 0;
    std::atomic<std::int64_t> delay_ns{0};
    /// When what was sent at a time is answered (monotonic_ns); in place of `delay_ns`.
    std::function<std::int64_t(std::int64_t sent_ns)> answer_at;
    /// There it takes 50 us at least: a target that takes no time never lets any pass.
    bool on_virtual_clock = false;
    std::atomic<bool> hang{false};
    std::int64_t hang_step_ns = 1'000'000;  ///< how often what hangs looks whether it is cancelled
    /// Called before each operation; true: it fails with this.
    std::function<bool(const chopsticks::engine::operation&, chopsticks::engine::outcome&)> fail;
    /// Called after each operation that was not cancelled, on its core.
    std::function<void(const chopsticks::engine::operation&, const chopsticks::engine::outcome&)>
        at_end;
    /// What the driver says that it counts of its own, and what its cores count with; none: it says
    /// so, and counts nothing.
    std::vector<chopsticks::engine::driver_figure> figures;
    std::vector<chopsticks::engine::driver_figure> counted;
    /// Called after each operation that was not cancelled, on its core.
    std::function<void(chopsticks::engine::driver_meters&, unsigned core,
                       const chopsticks::engine::outcome&)>
        count;
    /// Sessions below this number, in the order of their making, reach nothing.
    std::atomic<unsigned> dead_sessions{0};
    std::atomic<unsigned> sessions{0};
    /// What count_left answers; none: it is not known.
    std::function<chopsticks::engine::left_count()> count_left;
    std::vector<chopsticks::engine::leftover> left_behind;
    std::string open_problem;
    std::atomic<bool> hang_open{
        false};  ///< open_target and close_target answer only when cancelled
    /// So many steps of hang_step_ns does close_target take, and tells of each if told to.
    std::uint64_t close_steps = 0;
    bool tells_steps = true;
    std::atomic<int> opened{0};
    std::atomic<int> joined{0};
    std::atomic<int> sealed{0};
    std::atomic<int> closed{0};
};

class model_driver final : public chopsticks::engine::driver {
  public:
    explicit model_driver(model_state& state) : state_(state) {}
    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    bool shares_target() const noexcept override { return true; }
    const std::vector<chopsticks::engine::driver_figure>& figures() const noexcept override {
        return state_.figures;
    }
    std::unique_ptr<chopsticks::engine::core_driver> make_core(chopsticks::runtime::reactor& loop,
                                                               unsigned core) override;

  private:
    model_state& state_;
    std::vector<std::string> endpoints_{"model"};
};
