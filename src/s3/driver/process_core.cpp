#include <chopsticks/core/clock.hpp>

#include "process_driver.hpp"

namespace chopsticks::s3 {

namespace {

class program_core final : public engine::core_driver {
  public:
    program_core(runtime::reactor& loop, unsigned core, const program_target& target,
                 std::unique_ptr<engine::core_driver> inner)
        : target_(target),
          figures_(target.figures),
          first_(std::size_t{core} * target.how.programs),
          inner_(std::move(inner)) {
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

    engine::driver_counters counters() const noexcept override {
        engine::driver_counters all = inner_->counters();
        all.timeouts += counters_.timeouts;
        return all;
    }
    engine::driver_meters* meters() noexcept override { return &figures_.meters; }
    engine::write_account writes() const noexcept override {
        engine::write_account all = inner_->writes();
        all.versions += writes_.versions;
        all.unanswered += writes_.unanswered;
        return all;
    }

    // What is left is native's.
    runtime::task<engine::target_state> open_target() override { return inner_->open_target(); }
    runtime::task<std::string> join_target(const engine::target_state& found) override {
        return inner_->join_target(found);
    }
    runtime::task<std::string> seal_data() override { return inner_->seal_data(); }
    runtime::task<std::string> close_target() override { return inner_->close_target(); }
    runtime::task<std::string> check_data() override { return inner_->check_data(); }
    runtime::task<engine::left_count> count_left() override { return inner_->count_left(); }
    bool holds_open() const noexcept override { return inner_->holds_open(); }
    void cancel_control() noexcept override { inner_->cancel_control(); }
    std::string waiting() const override { return inner_->waiting(); }
    std::uint64_t control_steps() const noexcept override { return inner_->control_steps(); }
    std::vector<engine::leftover> left_behind() const override { return inner_->left_behind(); }
    std::string removal_note() const override { return inner_->removal_note(); }
    bool keeps_versions() const noexcept override { return inner_->keeps_versions(); }
    engine::wrong_data found_wrong() const override { return inner_->found_wrong(); }

  private:
    std::size_t endpoint_of(std::size_t program) const noexcept {
        return (first_ + program) % target_.plans.size();
    }

    const program_target& target_;
    process::program_figures figures_;
    std::size_t first_;  // of this core's programs, among those of all
    std::size_t next_ = 0;
    engine::write_account writes_;
    engine::driver_counters counters_;
    std::unique_ptr<engine::core_driver> inner_;
    std::vector<std::unique_ptr<process::program>> programs_;
};

}  // namespace

std::unique_ptr<engine::core_driver> make_program_core(runtime::reactor& loop, unsigned core,
                                                       const program_target& target,
                                                       std::unique_ptr<engine::core_driver> inner) {
    return std::make_unique<program_core>(loop, core, target, std::move(inner));
}

}  // namespace chopsticks::s3
