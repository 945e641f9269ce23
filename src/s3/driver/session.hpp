#pragma once
/// \file
/// One user's S3 operations.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core_state.hpp"
#include "multipart.hpp"
#include "request_lane.hpp"

namespace chopsticks::s3 {

/// A request outside of the load. `key` and `bucket` are raw.
struct control_request {
    std::string method;
    std::optional<std::string> bucket;  ///< nothing: the config's; empty: the service itself
    std::string key;                    ///< empty: the bucket itself
    std::vector<name_value> query;
    std::vector<name_value> headers;
    std::string body;
};

/// In few words, for a line of 80 columns: "DELETE of an object", "POST ?delete".
std::string describe(const control_request& what);

/// A step as the sessions carry it out.
struct s3_step final : engine::bound_step {
    explicit s3_step(const scenario::step& what);
    /// Whether what it sends depends on the ETags of objects.
    bool needs_etags() const noexcept {
        return row != nullptr && row->request.condition_of(prepared) != precondition::none;
    }
    /// Whether what it sends names versions, which answers have told before.
    bool names_versions() const noexcept {
        return how == way::of_version || how == way::with_versions;
    }
    s3_step(const s3_step&) = delete;  // `prepared` refers to `fields`
    s3_step& operator=(const s3_step&) = delete;

    /// One request, unless an operation needs more.
    enum class way : std::uint8_t {
        plain,
        by_pages,
        in_parts,
        of_part,
        of_version,
        with_versions,
        by_appends,
        in_turn,
        of_table,
        with_a_look,
        in_batches,
    };

    const operation_row* row;  ///< null: none of its own
    way how = way::plain;
    upload_plan upload;  ///< in_parts, of_part; of with_versions, in_turn, of_table the rows
    object_fields fields;
    /// Those of the step that go into a row's request.
    void read_parameters(const operation_row& from, const scenario::step& what);

    asked prepared;  ///< with the step's parameters, and without a subject
};

class s3_session final : public engine::session {
  public:
    s3_session(core_state& core, const target_address& target);

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override;
    void cancel() noexcept override;

    /// One request outside of the load; `what` outlives it. Answers may have a few megabytes.
    /// `until_ns`: when no other try would be begun; 0: this is the only one.
    runtime::task<control_reply> control(const control_request& what, std::int64_t until_ns = 0);
    /// The time that one takes at most.
    std::int64_t control_most_ns() const noexcept {
        return core_.options.timeout.connect_ns + core_.control_timeout_ns;
    }

    core_state& core() noexcept { return core_; }

    /// Its control requests are part of something that cancel_control does not end.
    void detach() noexcept { detached_ = true; }
    /// No further control request would be begun.
    bool is_given_up() const noexcept { return detached_ ? cancelled_ : core_.control_cancelled; }

    std::size_t endpoint() const noexcept override { return lane().link().target().endpoint; }

  private:
    /// One attempt at an operation.
    runtime::task<void> attempt(const engine::operation& op, engine::outcome& out);
    runtime::task<void> list_pages(const operation_row& row, engine::outcome& out);
    runtime::task<void> perform_on_batch(const operation_row& row, const engine::operation& op,
                                         engine::outcome& out);
    runtime::task<void> put_in_parts(const s3_step& step, const engine::operation& op,
                                     engine::outcome& out);
    void refuse_bucket(const engine::operation& op, engine::outcome& out);
    runtime::task<void> remove_bucket(const operation_row& row, const engine::operation& op,
                                      engine::outcome& out);
    request_lane& lane() const noexcept { return *lanes_.front(); }

    core_state& core_;
    /// The first is the session's own; the others are made by operations that have several requests
    /// under way, and kept.
    std::vector<std::unique_ptr<request_lane>> lanes_;
    std::unique_ptr<multipart_upload> upload_;
    std::vector<subject> subjects_;  ///< of an operation on several
    bool cancelled_ = false;  ///< the operation in hand, also while it waits for its next attempt
    bool detached_ = false;
    std::uint64_t turn_ = 0;  ///< of parts of objects, one after the other
    std::string bucket_;      ///< name of the made bucket in hand
};

}  // namespace chopsticks::s3
