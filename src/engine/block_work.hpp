#pragma once
/// \file
/// The blocks of one group on one core: its part of the images, and how each step goes through it.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Bytes of each image that a group uses: all of it, or its first `blocks.extent`.
std::vector<std::uint64_t> used_extents(const scenario::group& g,
                                        const std::vector<std::uint64_t>& images);

/// Why these images cannot serve the group on so many cores; empty if they can.
std::string extents_problem(const scenario::group& g, const std::vector<std::uint64_t>& images,
                            unsigned cores);

/// Belongs to its core. Memory is taken by the constructor, none later.
class block_work {
  public:
    /// \param images bytes of each image, as open_target found them
    /// \param shares of the I/O that each core does; one per core
    /// \param seed the same on all cores
    block_work(const scenario::group& g, const std::vector<std::uint64_t>& images, unsigned core,
               const std::vector<double>& shares, std::size_t users, std::uint64_t seed);
    block_work(const block_work&) = delete;

    /// Fills in what an I/O of this step works on. False: this core has no part of any image.
    /// \param step number among all steps of the group's tasks, in their order
    bool choose(std::size_t step, std::size_t user, random_stream& random, operation& op);
    /// An image of this core, for a flush. False as above.
    bool choose_image(random_stream& random, operation& op);
    /// Fills in what a recorded I/O stands for here: its image, place and length as far as they fit
    /// into what the group uses, never beyond it. With `data_set` the place or the length is as
    /// `choose` has it. False as above. \param moved set to whether recorded values did not fit
    bool choose_recorded(std::size_t step, std::size_t user, const scenario::replay_load& plan,
                         const trace::planned_operation& from, random_stream& random, operation& op,
                         bool& moved);

    /// Counts up with every I/O of this core, so that contents written to one place differ.
    std::uint32_t next_version() noexcept { return ++version_; }

    /// The next write of the prefill, every byte of this core's part once. False at its end.
    bool next_prefill(operation& op);
    /// Share of the popularity of places that each core owns, of that step where it is least like
    /// the cores' shares. Empty: no places are chosen by popularity, or they are common to all.
    std::vector<double> masses(const std::vector<double>& shares) const;

    /// How many next_prefill gives in all.
    std::uint64_t prefill_writes() const noexcept;

  private:
    struct step_places {
        const scenario::step* what = nullptr;
        load::block_choice choice;                    // random
        std::vector<load::block_sequence> sequences;  // one, or one per user
    };

    std::uint64_t prefill_bytes_;
    std::vector<std::uint64_t> extents_;  ///< of all images, whole
    load::block_parts part_;
    /// All images: places at random are chosen among all where nobody writes.
    load::block_parts whole_;
    bool common_ = false;
    std::vector<step_places> steps_;
    load::block_sequence prefill_;
    std::uint32_t version_ = 0;
};

}  // namespace chopsticks::engine
