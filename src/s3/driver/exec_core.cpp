#include "beside_native.hpp"
#include "exec_driver.hpp"

namespace chopsticks::s3 {

namespace {

class exec_core final : public core_beside_native {
  public:
    exec_core(runtime::reactor& loop, unsigned core, const exec_target& target,
              std::unique_ptr<engine::core_driver> inner)
        : core_beside_native(std::move(inner)),
          target_(target),
          launcher_(loop, target.how.in_flight, figures_),
          next_(core) {}

    std::unique_ptr<engine::session> make_session() override {
        return make_exec_session(target_, launcher_, next_++ % target_.endpoints.size(),
                                 inner_->make_session(), writes_, counters_);
    }

    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        auto step = std::make_unique<exec_step>(what, target_.options.config->bucket);
        step->told.inner = inner_->bind(what);
        return step;
    }

    engine::driver_meters* meters() noexcept override { return &figures_.meters; }

    runtime::task<engine::target_state> open_target() override {
        engine::target_state found = co_await inner_->open_target();
        if (!target_.note.empty()) found.notes.push_back(target_.note);
        co_return found;
    }

  private:
    const exec_target& target_;
    process::execution_figures figures_;
    process::launcher launcher_;
    std::size_t next_;
};

}  // namespace

std::unique_ptr<engine::core_driver> make_exec_core(runtime::reactor& loop, unsigned core,
                                                    const exec_target& target,
                                                    std::unique_ptr<engine::core_driver> inner) {
    return std::make_unique<exec_core>(loop, core, target, std::move(inner));
}

}  // namespace chopsticks::s3
