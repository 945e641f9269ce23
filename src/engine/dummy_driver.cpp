#include <chopsticks/core/clock.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <utility>

namespace chopsticks::engine {

namespace {

struct dummy_step final : bound_step {
    explicit dummy_step(const scenario::step& what)
        : moves_data(what.carries != scenario::payload::none) {}

    bool moves_data;
};

class dummy_session final : public session {
  public:
    dummy_session(runtime::reactor& loop, const dummy_options& options)
        : loop_(loop), delay_ns_(options.delay_ns), a_turn_later_(options.a_turn_later) {}

    runtime::task<void> execute(const operation& op, outcome& out) override {
        out.sent_ns = monotonic_ns();
        if (delay_ns_ > 0) {
            co_await loop_.sleep_until(out.sent_ns + delay_ns_);
        } else if (a_turn_later_) {
            co_await loop_.yield();
        }
        out.done_ns = delay_ns_ > 0 || a_turn_later_ ? monotonic_ns() : out.sent_ns;
        out.first_byte_ns = out.done_ns;
        if (static_cast<const dummy_step&>(*op.step).moves_data) {
            out.bytes = op.length > 0 ? op.length : op.size;
        }
    }

    void cancel() noexcept override {}

  private:
    runtime::reactor& loop_;
    std::int64_t delay_ns_;
    bool a_turn_later_;
};

class dummy_core final : public core_driver {
  public:
    dummy_core(runtime::reactor& loop, const dummy_options& options)
        : loop_(loop), options_(options) {}

    std::unique_ptr<session> make_session() override {
        return std::make_unique<dummy_session>(loop_, options_);
    }
    std::unique_ptr<bound_step> bind(const scenario::step& what) override {
        return std::make_unique<dummy_step>(what);
    }
    runtime::task<target_state> open_target() override {
        target_state state;
        state.extents = options_.extents;
        co_return state;
    }
    runtime::task<std::string> join_target(const target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override { co_return std::string(); }
    runtime::task<std::string> close_target() override { co_return std::string(); }

  private:
    runtime::reactor& loop_;
    const dummy_options& options_;
};

class dummy_driver final : public driver {
  public:
    explicit dummy_driver(dummy_options options) : options_(std::move(options)) {}

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    std::unique_ptr<core_driver> make_core(runtime::reactor& loop, unsigned) override {
        return std::make_unique<dummy_core>(loop, options_);
    }

  private:
    dummy_options options_;
    std::vector<std::string> endpoints_{"dummy"};
};

}  // namespace

std::unique_ptr<driver> make_dummy_driver(dummy_options options) {
    return std::make_unique<dummy_driver>(std::move(options));
}

}  // namespace chopsticks::engine
