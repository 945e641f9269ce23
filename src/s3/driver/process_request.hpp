#pragma once
/// \file
/// Operations of S3 as a driver program is asked for them (docs/reference/driver-protocol.md), and
/// what its answers mean. No I/O; belongs to the core.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/process/program.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "listing.hpp"

namespace chopsticks::s3 {

/// A step of a task as both of the drivers have it that it may come to.
struct program_step final : engine::bound_step {
    enum class way : std::uint8_t { other, put, get, head, list };

    program_step(const scenario::step& what, const std::string& bucket);

    std::string beginning;  ///< of each request: the operation, the bucket, its parameters
    way how = way::other;
    bool by_key = false;  ///< it names an object
    bool writes = false;  ///< makes a version or a delete marker of one
    asked listed;         ///< of a listing
    /// Of the driver that cleans up.
    std::unique_ptr<engine::bound_step> inner;
};

/// config_error where a program that says this of itself cannot do the step, or where the protocol
/// has no words for it. `driver`: its name, for the message.
void check_program_step(const scenario::step& what, const process::greeting& said,
                        std::string_view driver);

/// What all sessions of a core need of the group.
struct program_group {
    const driver_options* options = nullptr;
    listing_floor floor;

    /// Appends what all names of that object begin with, and its own.
    void append_key(std::string& out, std::uint64_t object) const;
    std::string key_of(std::uint64_t object) const;
    /// What all names begin with that such a listing shows.
    std::string listed_prefix(const asked& what) const;
    const std::string& prefix_of(std::uint64_t object) const noexcept;
};

/// Writes what is asked to `out`, which was empty; allocates while that grows.
void write_request(std::string& out, const program_step& step, const engine::operation& op,
                   const program_group& group);

/// What came of the body of a get, held against what it has to be.
class body_check final : public process::body_reader {
  public:
    void begin(const load::content* content, const engine::operation& op) noexcept;
    void take(std::span<const char> piece) noexcept override;

    std::uint64_t received = 0;
    std::uint64_t mismatch = load::content::npos;  ///< offset of the first wrong byte

  private:
    const load::content* content_ = nullptr;  // null: nobody looks
    load::content_key key_;
    std::uint64_t offset_ = 0;
};

/// Of an answer that says that it is done. `check`: null where bodies stay with the program.
void judge_success(const program_step& step, const engine::operation& op,
                   const process::answer& said, const body_check* check, const program_group& group,
                   engine::outcome& out);
/// Of one that says that it is not.
void judge_failure(const process::answer& said, engine::outcome& out);

}  // namespace chopsticks::s3
