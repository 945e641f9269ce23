#pragma once
/// \file
/// What all drivers have whose operations programs do: whatever has to be right whatever a program
/// does goes by `native`: the bucket, the run's mark, cleanup, counting what is left.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/s3/driver.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::s3 {

/// config_error where the config has several users or buckets, which such a driver has not.
void check_one_user(const settings& config, std::string_view driver);

/// One core's. Sessions and bound steps are the derived class's, and so are `meters`.
class core_beside_native : public engine::core_driver {
  public:
    engine::driver_counters counters() const noexcept override;
    engine::write_account writes() const noexcept override;

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

  protected:
    explicit core_beside_native(std::unique_ptr<engine::core_driver> inner)
        : inner_(std::move(inner)) {}

    std::unique_ptr<engine::core_driver> inner_;  ///< what `native` made on this core
    /// \name Of what the programs did
    /// \{
    engine::write_account writes_;
    engine::driver_counters counters_;
    /// \}
};

/// One user's, who has a session of `native` beside his own: what is made is removed by that one,
/// also where a program cannot be had any more.
class session_beside_native : public engine::session {
  public:
    void cancel() noexcept final {
        if (cleans_) {
            inner_->cancel();
        } else {
            cancel_own();
        }
    }
    std::size_t endpoint() const noexcept final { return endpoint_; }

  protected:
    /// Accounts are the core's.
    session_beside_native(std::size_t endpoint, std::unique_ptr<engine::session> inner,
                          engine::write_account& writes, engine::driver_counters& counters)
        : endpoint_(endpoint), inner_(std::move(inner)), writes_(writes), counters_(counters) {}

    /// An operation of cleanup, whose step `native` has bound.
    runtime::task<void> clean(engine::operation op, const engine::bound_step* step,
                              engine::outcome& out);
    virtual void cancel_own() noexcept = 0;

    std::size_t endpoint_;
    std::unique_ptr<engine::session> inner_;
    engine::write_account& writes_;
    engine::driver_counters& counters_;

  private:
    bool cleans_ = false;
};

class driver_beside_native : public engine::driver {
  public:
    const std::vector<std::string>& endpoints() const noexcept override {
        return inner_->endpoints();
    }
    std::vector<std::string> peers() const override { return inner_->peers(); }
    engine::support support_of(const engine::outcome& out) const noexcept override {
        return inner_->support_of(out);
    }

  protected:
    /// Makes `native`.
    driver_beside_native(const driver_options& options, std::string_view name);

    std::unique_ptr<engine::driver> inner_;
};

}  // namespace chopsticks::s3
