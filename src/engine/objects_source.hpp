#pragma once
/// \file
/// The objects of one group on one core, and the containers that its operations make.

#include <chopsticks/load/population.hpp>
#include <chopsticks/scenario/subject.hpp>
#include <optional>
#include <vector>

#include "recorded_keys.hpp"
#include "work_source.hpp"

namespace chopsticks::engine {

class objects_source final : public work_source {
  public:
    explicit objects_source(const source_options& options);

    void open(const target_state&) override {}

    bool begin(std::size_t user, std::size_t step, const trace::planned_operation* recorded,
               operation& op) override;
    void end(std::size_t user, bool ok) override;

    void adopt() noexcept override { objects_.adopt_initial(); }
    std::uint64_t to_prepare() const noexcept override { return objects_.remaining_to_prepare(); }
    std::uint64_t missing() const noexcept override { return objects_.remaining_to_prepare(); }
    bool next_to_prepare(operation& op) override;
    void end_prepare(const operation& op, bool ok) override;

    leftover_kind next_to_clean(operation& op) override;
    void abandon(leftover_kind what) noexcept override;
    left_figures left() const noexcept override;

    std::uint64_t existing() const noexcept override { return objects_.existing(); }
    std::vector<double> masses(const std::vector<double>&) const override {
        return objects_.read_masses();
    }

  private:
    /// What there is to know of a step.
    struct known_step {
        scenario::subject_use use;
        bool receives;  ///< the object's bytes, all or a part of them
        bool first;
        bool last;
        bool of_own;  ///< first of a sequence that deletes what it puts
        std::uint64_t range_bytes;
        std::uint32_t batch;  ///< objects at a time, at most
    };
    /// How what was claimed must be given back.
    enum class claim : std::uint8_t { none, read, put, overwrite, remove, own };
    /// What a user has.
    struct hand {
        const known_step* step = nullptr;
        claim how = claim::none;
        load::population* from = nullptr;
        load::object_ref ref;
        std::vector<batch_subject> batch;  ///< of several at a time: all, `ref` first
        // What the steps of a sequence hand on.
        bool has_object = false;  ///< `object` is what the steps so far worked on
        bool own = false;         ///< it is known to this sequence alone
        bool gone = true;         ///< own: nothing of it is left on the target
        load::object_ref object;
    };

    bool take(hand& h, const trace::planned_operation* recorded);
    bool take_several(hand& h);
    bool take_recorded(hand& h, const trace::planned_operation& recorded);
    void fill_in(hand& h, const trace::planned_operation* recorded, operation& op);
    void fit_recorded(const hand& h, const trace::planned_operation& recorded, operation& op);
    void give_back(hand& h, bool ok);
    void end_task(hand& h);

    const scenario::group& plan_;
    std::uint64_t data_seed_;
    random_stream& random_;
    load::population objects_;
    load::population containers_;
    std::vector<known_step> steps_;
    std::vector<hand> hands_;  ///< by user
    left_figures abandoned_;
    std::optional<recorded_keys> keys_;  ///< none: no replay
};

}  // namespace chopsticks::engine
