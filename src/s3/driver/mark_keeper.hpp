#pragma once
/// \file
/// Keeps a run's mark fresh while the run lives, beside the load. See s3/protocol/run_mark.hpp.

#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/s3/protocol/run_mark.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session.hpp"

namespace chopsticks::s3 {

/// A run whose mark is older than this, by the server's clock, is taken for dead.
constexpr std::int64_t mark_lifetime_ns = 300'000'000'000;

/// Belongs to core 0 of one group; goes before its core_state does.
class mark_keeper final : public runtime::deadline {
  public:
    mark_keeper(core_state& core, const std::vector<target_address>& addresses);
    ~mark_keeper() override;
    mark_keeper(const mark_keeper&) = delete;
    mark_keeper& operator=(const mark_keeper&) = delete;

    /// What is written; before start().
    run_mark mark;

    /// Where it is written.
    std::string key() const;

    /// From now on it is written again and again: over any of the endpoint's addresses, failures
    /// are nobody's business.
    void start();

    /// Ends that: waits for a refresh that is under way, and cuts it off after a while.
    runtime::task<void> stop();

    void expired() override;

  private:
    runtime::task<void> refresh();

    core_state& core_;
    const std::vector<target_address>& addresses_;
    std::size_t next_address_ = 0;
    std::unique_ptr<s3_session> session_;
    bool busy_ = false;
    bool stopped_ = true;
    std::optional<runtime::task<void>> work_;  // owned: destroyed with this, wherever it waits
};

}  // namespace chopsticks::s3
