#include <chopsticks/core/clock.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>

namespace chopsticks::rbd {

namespace {

struct dummy_step final : engine::bound_step {
    explicit dummy_step(const scenario::step& what)
        : moves_data(what.carries != scenario::payload::none) {}

    bool moves_data;
};

class dummy_session final : public engine::session {
  public:
    explicit dummy_session(runtime::reactor& loop) : loop_(loop) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        out.sent_ns = monotonic_ns();
        // As a completion would: on a later turn of the loop, after what else is ready.
        co_await loop_.yield();
        out.done_ns = monotonic_ns();
        out.first_byte_ns = out.done_ns;
        if (static_cast<const dummy_step&>(*op.step).moves_data) out.bytes = op.length;
    }

    void cancel() noexcept override {}

  private:
    runtime::reactor& loop_;
};

class dummy_core final : public engine::core_driver {
  public:
    dummy_core(runtime::reactor& loop, std::vector<std::uint64_t> extents)
        : loop_(loop), extents_(std::move(extents)) {}

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<dummy_session>(loop_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<dummy_step>(what);
    }
    runtime::task<engine::target_state> open_target() override {
        engine::target_state state;
        state.extents = extents_;
        co_return state;
    }
    runtime::task<std::string> join_target(const engine::target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override { co_return std::string(); }
    runtime::task<std::string> close_target() override { co_return std::string(); }

  private:
    runtime::reactor& loop_;
    std::vector<std::uint64_t> extents_;
};

class dummy_driver final : public engine::driver {
  public:
    explicit dummy_driver(const settings& config)
        : extents_(config.images.empty() ? config.count : config.images.size(),
                   config.image_bytes) {}

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned) override {
        return std::make_unique<dummy_core>(loop, extents_);
    }

  private:
    std::vector<std::uint64_t> extents_;
    std::vector<std::string> endpoints_{"dummy"};
};

}  // namespace

bool carries_data(std::uint16_t code) noexcept {
    return code == block_read || code == block_write || code == block_compare_and_write;
}

std::unique_ptr<engine::driver> make_dummy_driver(const driver_options& options) {
    return std::make_unique<dummy_driver>(*options.config);
}

}  // namespace chopsticks::rbd
