#include <chopsticks/core/clock.hpp>

#include "beside_native.hpp"
#include "process_driver.hpp"

namespace chopsticks::s3 {

namespace {

class program_core final : public core_beside_native {
  public:
    program_core(runtime::reactor& loop, unsigned core, const program_target& target,
                 std::unique_ptr<engine::core_driver> inner)
        : core_beside_native(std::move(inner)),
          target_(target),
          figures_(target.figures),
          first_(std::size_t{core} * target.how.programs) {
        for (std::size_t i = 0; i < target.how.programs; ++i) {
            programs_.push_back(
                std::make_unique<process::program>(loop, target.plans[endpoint_of(i)], figures_));
            programs_.back()->start();
        }
        // Here and not in the load: an interpreter takes a while to begin.
        for (const auto& one : programs_)
            one->wait_for_words();
    }

    ~program_core() override {
        // All of them end at the same time.
        for (const auto& one : programs_)
            one->close_input();
    }

    std::unique_ptr<engine::session> make_session() override {
        const std::size_t number = next_++ % programs_.size();
        return make_program_session(target_, *programs_[number], endpoint_of(number),
                                    inner_->make_session(), writes_, counters_);
    }

    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        auto step = std::make_unique<program_step>(what, target_.options.config->bucket);
        step->inner = inner_->bind(what);
        return step;
    }

    engine::driver_meters* meters() noexcept override { return &figures_.meters; }

  private:
    std::size_t endpoint_of(std::size_t program) const noexcept {
        return (first_ + program) % target_.plans.size();
    }

    const program_target& target_;
    process::program_figures figures_;
    std::size_t first_;  // of this core's programs, among those of all
    std::size_t next_ = 0;
    std::vector<std::unique_ptr<process::program>> programs_;
};

}  // namespace

std::unique_ptr<engine::core_driver> make_program_core(runtime::reactor& loop, unsigned core,
                                                       const program_target& target,
                                                       std::unique_ptr<engine::core_driver> inner) {
    return std::make_unique<program_core>(loop, core, target, std::move(inner));
}

}  // namespace chopsticks::s3
