#pragma once
/// \file
/// The extents of one group on one core: its part of the images, and how each step goes through it.

#include <chopsticks/load/block_places.hpp>

#include "work_source.hpp"

namespace chopsticks::engine {

/// Bytes of each image that a group uses: all of it, or its first `blocks.extent`.
std::vector<std::uint64_t> used_extents(const scenario::group& g,
                                        const std::vector<std::uint64_t>& images);

/// Why these images cannot serve the group on so many cores; empty if they can.
std::string extents_problem(const scenario::group& g, const std::vector<std::uint64_t>& images,
                            unsigned cores);

/// Cores have parts of their own, within which nobody is kept from anything: places are chosen, not
/// claimed.
class extents_source final : public work_source {
  public:
    explicit extents_source(const source_options& options);

    void open(const target_state& found) override;

    bool begin(std::size_t user, std::size_t step, const trace::planned_operation* recorded,
               operation& op) override;
    void end(std::size_t, bool) override {}

    void adopt() noexcept override {}
    std::uint64_t to_prepare() const noexcept override;
    std::uint64_t missing() const noexcept override { return to_prepare() - filled_; }
    bool next_to_prepare(operation& op) override;
    void end_prepare(const operation&, bool ok) override { filled_ += ok ? 1 : 0; }

    // Images are the driver's to remove.
    leftover_kind next_to_clean(operation&) override { return leftover_kind::none; }
    void abandon(leftover_kind) noexcept override {}
    left_figures left() const noexcept override { return {}; }
    std::uint64_t existing() const noexcept override { return 0; }

    std::vector<double> masses(const std::vector<double>& shares) const override;

  private:
    struct step_places {
        const scenario::step* what = nullptr;
        bool first = false;                           // of its task
        load::block_choice choice;                    // random
        std::vector<load::block_sequence> sequences;  // one, or one per user
    };
    /// What the steps of a sequence hand on.
    struct hand {
        bool has_place = false;  ///< `place` is the block that the steps so far worked on
        load::block_place place;
    };

    void share_out(step_places& places);
    bool choose(step_places& from, std::size_t user, operation& op);
    /// Of this core: for a flush. False: it has none.
    bool choose_image(operation& op);
    bool choose_recorded(step_places& from, std::size_t user,
                         const trace::planned_operation& recorded, operation& op);
    /// Counts up with every I/O of this core, so that contents written to one place differ.
    std::uint32_t next_version() noexcept { return ++version_; }

    const scenario::group& plan_;
    unsigned core_;
    std::size_t users_;
    std::uint64_t seed_;  ///< the same on all cores
    random_stream& random_;
    trace::replay_lane* replay_;          ///< null: no replay
    std::vector<double> shares_;          ///< of the I/O that each core does
    std::vector<std::uint64_t> extents_;  ///< of all images, whole; empty until `open`
    load::block_parts part_;
    /// All images: places at random are chosen among all where nobody writes.
    load::block_parts whole_;
    bool common_ = false;
    std::vector<step_places> steps_;
    std::vector<hand> hands_;  ///< by user
    load::block_sequence prefill_;
    std::uint64_t filled_ = 0;  ///< writes of the prefill that succeeded
    std::uint32_t version_ = 0;
};

}  // namespace chopsticks::engine
