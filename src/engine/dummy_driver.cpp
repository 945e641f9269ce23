#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cmath>
#include <utility>

#include "service_station.hpp"

namespace chopsticks::engine {

namespace {

struct dummy_step final : bound_step {
    explicit dummy_step(const scenario::step& what)
        : moves_data(what.carries != scenario::payload::none) {}

    bool moves_data;
};

/// What the sessions of one core share.
struct dummy_state {
    dummy_state(runtime::reactor& l, const dummy_options& o, service_station& s)
        : loop(l), options(o), station(s), random(mix64(o.model.seed, l.core())) {}

    runtime::reactor& loop;
    const dummy_options& options;
    service_station& station;
    random_stream random;
};

class dummy_session final : public session {
  public:
    explicit dummy_session(dummy_state& core)
        : core_(core),
          is_idle_(core.options.model.is_idle()),
          a_turn_later_(core.options.a_turn_later) {}

    runtime::task<void> execute(const operation& op, outcome& out) override {
        out.sent_ns = monotonic_ns();
        const std::uint64_t bytes = bytes_of(op);
        std::int64_t end_ns = out.sent_ns;
        if (!is_idle_ && !op.cleaning) end_ns = judge(bytes, out);
        if (end_ns > out.sent_ns) {
            cancelled_ = false;
            // A long wait looks now and then whether it is cancelled.
            for (std::int64_t now_ns = out.sent_ns; now_ns < end_ns && !cancelled_;
                 now_ns = monotonic_ns()) {
                co_await core_.loop.sleep_until(std::min(end_ns, now_ns + look_ns));
            }
            if (cancelled_ && out.status == op_status::ok) {
                out.fail(op_status::cancelled, "cancelled", "cancelled");
            }
        } else if (a_turn_later_) {
            co_await core_.loop.yield();
        }
        const bool waited = end_ns > out.sent_ns || a_turn_later_;
        out.done_ns = waited ? monotonic_ns() : out.sent_ns;
        out.first_byte_ns = out.done_ns;
        if (out.status == op_status::ok) out.bytes = bytes;
    }

    void cancel() noexcept override { cancelled_ = true; }

  private:
    static constexpr std::int64_t look_ns = 50'000'000;

    static std::uint64_t bytes_of(const operation& op) noexcept {
        if (!static_cast<const dummy_step&>(*op.step).moves_data) return 0;
        return op.length > 0 ? op.length : op.size;
    }

    /// When the operation ends; how is in `out`.
    std::int64_t judge(std::uint64_t bytes, outcome& out) {
        const scenario::service_model& model = core_.options.model;
        std::int64_t work_ns = model.latency.draw(core_.random);
        if (model.bytes_per_s > 0) {
            work_ns += std::llround(static_cast<double>(bytes) * 1e9 /
                                    static_cast<double>(model.bytes_per_s));
        }
        const service_station::verdict taken = core_.station.take(out.sent_ns, work_ns);
        std::int64_t end_ns = taken.end_ns;
        if (taken.refused) {
            out.fail(op_status::slow_down, "SlowDown", "the model takes no more a second");
        } else if (model.failing > 0 && core_.random.unit() < model.failing) {
            out.fail(model.failure, "Model", "the model was told to fail");
        }
        const std::int64_t most_ns = core_.options.timeout_ns;
        if (most_ns > 0 && (end_ns - out.sent_ns > most_ns || out.status == op_status::timeout)) {
            end_ns = out.sent_ns + most_ns;
            out.fail(op_status::timeout, "Timeout", "the model took longer than the time-out");
        }
        return end_ns;
    }

    dummy_state& core_;
    bool is_idle_;
    bool a_turn_later_;
    bool cancelled_ = false;
};

class dummy_core final : public core_driver {
  public:
    dummy_core(runtime::reactor& loop, const dummy_options& options, service_station& station)
        : state_(loop, options, station) {}

    std::unique_ptr<session> make_session() override {
        return std::make_unique<dummy_session>(state_);
    }
    std::unique_ptr<bound_step> bind(const scenario::step& what) override {
        return std::make_unique<dummy_step>(what);
    }
    runtime::task<target_state> open_target() override {
        state_.station.begin(monotonic_ns());
        target_state state;
        state.extents = state_.options.extents;
        co_return state;
    }
    runtime::task<std::string> join_target(const target_state&) override {
        state_.station.begin(monotonic_ns());
        co_return std::string();
    }
    // Behind prepare.
    runtime::task<std::string> seal_data() override {
        state_.station.begin(monotonic_ns());
        co_return std::string();
    }
    runtime::task<std::string> close_target() override { co_return std::string(); }

  private:
    dummy_state state_;
};

class dummy_driver final : public driver {
  public:
    explicit dummy_driver(dummy_options options)
        : options_(std::move(options)), station_(options_.model) {}

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    bool shares_target() const noexcept override { return true; }
    std::unique_ptr<core_driver> make_core(runtime::reactor& loop, unsigned) override {
        return std::make_unique<dummy_core>(loop, options_, station_);
    }

  private:
    dummy_options options_;
    service_station station_;
    std::vector<std::string> endpoints_{"dummy"};
};

}  // namespace

std::unique_ptr<driver> make_dummy_driver(dummy_options options) {
    return std::make_unique<dummy_driver>(std::move(options));
}

}  // namespace chopsticks::engine
