#pragma once
/// \file
/// The driver `native`: exchanges on a socket of the core's loop.

#include <chopsticks/s3/protocol/exchange.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "link.hpp"

namespace chopsticks::s3 {

struct core_state;

/// A link and the state machine that says what to do with it. Belongs to its core.
class native_connection final : public link {
  public:
    native_connection(core_state& core, const target_address& target);

    runtime::task<bool> carry_out(exchange_job& job) override;

  private:
    /// Hands as much of the request to the kernel as it takes.
    std::ptrdiff_t send_some(const exchange_job& job) noexcept;
    /// Reads all that has come while the request is on its way.
    void hear(engine::outcome& out);
    /// The request, or what of it lies in buffers of others, survives a suspension from here on.
    void keep_request(exchange_job& job);
    /// Tells the machine of a time-out or of being cancelled.
    bool was_stopped() noexcept;
    bool finish(exchange_job& job);

    core_state& core_;
    exchange machine_;
    std::string request_;  ///< one that could not be sent at once
};

std::unique_ptr<connection> make_native_connection(core_state& core, const target_address& target);

}  // namespace chopsticks::s3
