#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/scenario.hpp>

namespace chopsticks::s3 {

namespace {

struct dummy_step final : engine::bound_step {
    explicit dummy_step(const scenario::step& what)
        : moves_data(what.carries != scenario::payload::none) {}

    bool moves_data;
};

class dummy_session final : public engine::session {
  public:
    dummy_session(runtime::reactor& loop, std::int64_t delay_ns)
        : loop_(loop), delay_ns_(delay_ns) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        out.sent_ns = monotonic_ns();
        if (delay_ns_ > 0) co_await loop_.sleep_until(out.sent_ns + delay_ns_);
        out.done_ns = delay_ns_ > 0 ? monotonic_ns() : out.sent_ns;
        out.first_byte_ns = out.done_ns;
        if (static_cast<const dummy_step&>(*op.step).moves_data) {
            out.bytes = op.length > 0 ? op.length : op.size;
        }
    }

    void cancel() noexcept override {}

  private:
    runtime::reactor& loop_;
    std::int64_t delay_ns_;
};

class dummy_core final : public engine::core_driver {
  public:
    dummy_core(runtime::reactor& loop, std::int64_t delay_ns) : loop_(loop), delay_ns_(delay_ns) {}

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<dummy_session>(loop_, delay_ns_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<dummy_step>(what);
    }
    runtime::task<engine::target_state> open_target() override { co_return engine::target_state(); }
    runtime::task<std::string> join_target(const engine::target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override { co_return std::string(); }
    runtime::task<std::string> close_target() override { co_return std::string(); }

  private:
    runtime::reactor& loop_;
    std::int64_t delay_ns_;
};

class dummy_driver final : public engine::driver {
  public:
    explicit dummy_driver(std::int64_t delay_ns) : delay_ns_(delay_ns) {}

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned) override {
        return std::make_unique<dummy_core>(loop, delay_ns_);
    }

  private:
    std::int64_t delay_ns_;
    std::vector<std::string> endpoints_{"dummy"};
};

}  // namespace

std::unique_ptr<engine::driver> make_dummy_driver(std::int64_t delay_ns) {
    return std::make_unique<dummy_driver>(delay_ns);
}

}  // namespace chopsticks::s3
