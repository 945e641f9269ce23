#pragma once
/// \file
/// What every block of an image may hold: which of its writes are confirmed, which under way. With
/// it a read can be judged: a stale or lost write, a torn one and a misplaced one are each found,
/// and concurrent writes of one block are allowed.
///
/// The rule is that of a register with concurrent writers: a read may return the content of any
/// write that overlaps it, or that was not surely replaced before the read began. "Surely replaced"
/// is judged with one counter per block: versions below `low` are replaced. Where writes of one
/// block overlap without a pause, `low` stays at the first of them, and any of them passes. A write
/// that failed may have been carried out or not, but not after a later one was confirmed: one
/// connection carries out the writes of an object in turn.

#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/ledger.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "block_header.hpp"

namespace chopsticks::rbd {

/// What blocks hold that this run has not written.
enum class initial_content : std::uint8_t {
    zeros,     ///< made by this run
    sealed,    ///< filled by earlier runs: blocks with headers, of whichever version
    anything,  ///< not known; nothing is judged before this run writes it
};

/// What a finding is about.
enum class finding : std::uint8_t {
    fine,
    altered,    ///< checksum wrong: torn or altered
    alien,      ///< no header where there must be one
    misplaced,  ///< a block of another place or image
    stale,      ///< an older version than was confirmed
    unwritten,  ///< zeros, or what stood there before, where a write was confirmed
    replaced,   ///< what stood there before the last write that an earlier run saw confirmed
    future,     ///< a version that was not written yet, or not by this run
};
const char* name(finding f) noexcept;

/// A judgement: the finding and what was expected.
struct verdict {
    finding what = finding::fine;
    block_header found;         ///< as read; fields are meaningless for zeros and alien blocks
    std::uint32_t low = 0;      ///< versions from here ...
    std::uint32_t highest = 0;  ///< ... to here were possible; 0 stands for what was there before
    bool judged = false;        ///< there was something to be expected
    bool zeros = false;         ///< nothing but zeros was read
};

/// State of one block.
struct block_state {
    std::uint32_t issued = 0;  ///< the last version given to a write; 0 = none by this run
    std::uint32_t low = 0;     ///< versions below are surely replaced
    std::uint32_t zeroed = 0;  ///< the last version that was zeros; 0: only the initial content
    std::uint32_t first = 0;   ///< the first write since none was under way
    std::uint16_t writing = 0;
    std::uint8_t opaque = 0;  ///< written in part: not judged any more
    std::uint8_t flags = 0;   ///< of block_table
};
static_assert(sizeof(block_state) == 20);

/// The table of one image. A block belongs to the core that works on it; no two cores may touch one
/// block at a time.
class block_table {
  public:
    /// Throws std::bad_alloc. `block_bytes` is a power of two; a last, partial block is not judged.
    block_table(std::uint64_t image, std::uint64_t run, std::uint64_t image_bytes,
                std::uint64_t block_bytes, initial_content initial);

    /// What earlier runs left, as their ledger says. Before the first read.
    void expect(load::ledger_book history) { history_ = std::move(history); }
    /// With initial_content::sealed: the first bytes of the image, which have no zeros in them.
    void expect_filled(std::uint64_t bytes) noexcept { filled_blocks_ = bytes / block_bytes_; }

    std::uint64_t image() const noexcept { return image_; }
    std::uint64_t run() const noexcept { return run_; }
    std::uint64_t block_bytes() const noexcept { return block_bytes_; }
    std::uint64_t blocks() const noexcept { return blocks_; }
    std::uint64_t memory_bytes() const noexcept {
        return blocks_ * sizeof(block_state) + history_.memory_bytes();
    }
    const load::ledger_book& history() const noexcept { return history_; }
    const block_state& state(std::uint64_t block) const noexcept { return states_[block]; }

    /// What a write needs to remember from its beginning to its end.
    struct write_mark {
        std::uint32_t version = 0;
        std::uint32_t floor = 0;  ///< once it is confirmed, versions below are replaced
    };
    /// A write of a whole block begins; it gets a version.
    write_mark begin_write(std::uint64_t block) noexcept;
    /// Zeroing of a whole block (discard, write_zeroes) begins.
    write_mark begin_zero(std::uint64_t block) noexcept;
    /// What became of a write or zeroing.
    enum class write_end : std::uint8_t {
        done,
        refused,  ///< surely not carried out
        unknown,  ///< failed; may have been carried out, or may yet be
    };
    void end_write(std::uint64_t block, const write_mark& mark, write_end how) noexcept;
    /// A write that covers a block only in part, or has no headers, begins.
    void spoil(std::uint64_t block) noexcept { states_[block].opaque = 1; }

    /// What is known to stand there by this run's own confirmed writes, for its ledger; nothing
    /// where this run has confirmed none. `run` is left as it is.
    std::optional<load::ledger_entry> confirmed(std::uint64_t block) const noexcept;

    /// True the first time: a block is told of once.
    bool tell(std::uint64_t block) noexcept {
        const bool first = (states_[block].flags & told) == 0;
        states_[block].flags |= told;
        return first;
    }
    /// This run's last confirmed write was not read since.
    bool unread(std::uint64_t block) const noexcept {
        const block_state& s = states_[block];
        return s.low > 0 && s.opaque == 0 && (s.flags & read_back) == 0;
    }

    /// What a read needs to remember from its beginning to its end.
    struct read_mark {
        std::uint32_t low = 0;
        std::uint32_t issued = 0;
        bool quiet = false;   ///< no write was under way
        bool opaque = false;  ///< not to be judged
    };
    read_mark begin_read(std::uint64_t block) const noexcept;
    /// Judges what the read returned. A read that saw exactly one possible state settles it.
    verdict end_read(std::uint64_t block, const read_mark& mark,
                     std::span<const char> data) noexcept;

    /// True if exactly one content is possible now; it is version `state(block).low` (0: what was
    /// there before, zeros if the image began so).
    bool certain(std::uint64_t block) const noexcept;
    /// That content is zeros.
    bool certainly_zero(std::uint64_t block) const noexcept {
        const block_state& s = states_[block];
        return s.low == s.zeroed && (s.low > 0 || initial_ == initial_content::zeros);
    }

    /// The header of a version of a block.
    block_header header(std::uint64_t block, std::uint32_t version) const noexcept {
        block_header h;
        h.image = image_;
        h.offset = block * block_bytes_;
        h.run = run_;
        h.version = version;
        return h;
    }

  private:
    static constexpr std::uint8_t told = 1;
    static constexpr std::uint8_t read_back = 2;

    /// Of what was read where no write of this run is confirmed.
    finding judge_before(std::uint64_t block, block_kind kind, const block_header& found) const;
    bool known_before(std::uint64_t block) const noexcept;

    std::uint64_t image_;
    std::uint64_t run_;
    std::uint64_t block_bytes_;
    std::uint64_t blocks_;
    initial_content initial_;
    std::uint64_t filled_blocks_ = 0;
    load::ledger_book history_;
    std::unique_ptr<block_state[]> states_;
};

}  // namespace chopsticks::rbd
