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
#include <cstdint>
#include <memory>
#include <span>

#include "block_header.hpp"

namespace chopsticks::rbd {

/// What blocks hold that this run has not written.
enum class initial_content : std::uint8_t {
    zeros,     ///< made by this run
    sealed,    ///< filled by an earlier run: blocks with headers, or zeros where it discarded
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
    future,     ///< a version that was not written yet, or not by this run
};
const char* name(finding f) noexcept;

/// A judgement: the finding and what was expected.
struct verdict {
    finding what = finding::fine;
    block_header found;         ///< as read; fields are meaningless for zeros and alien blocks
    std::uint32_t low = 0;      ///< versions from here ...
    std::uint32_t highest = 0;  ///< ... to here were possible; 0 stands for what was there before
};

/// State of one block.
struct block_state {
    std::uint32_t issued = 0;  ///< the last version given to a write; 0 = none by this run
    std::uint32_t low = 0;     ///< versions below are surely replaced
    std::uint32_t zeroed = 0;  ///< the last version that was zeros; 0: only the initial content
    std::uint32_t first = 0;   ///< the first write since none was under way
    std::uint16_t writing = 0;
    std::uint16_t opaque = 0;  ///< written in part: not judged any more
};
static_assert(sizeof(block_state) == 20);

/// The table of one image. A block belongs to the core that works on it; no two cores may touch one
/// block at a time.
class block_table {
  public:
    /// Throws std::bad_alloc. `block_bytes` is a power of two; a last, partial block is not judged.
    block_table(std::uint64_t image, std::uint64_t run, std::uint64_t image_bytes,
                std::uint64_t block_bytes, initial_content initial);

    std::uint64_t image() const noexcept { return image_; }
    std::uint64_t run() const noexcept { return run_; }
    std::uint64_t block_bytes() const noexcept { return block_bytes_; }
    std::uint64_t blocks() const noexcept { return blocks_; }
    std::uint64_t memory_bytes() const noexcept { return blocks_ * sizeof(block_state); }
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
    std::uint64_t image_;
    std::uint64_t run_;
    std::uint64_t block_bytes_;
    std::uint64_t blocks_;
    initial_content initial_;
    std::unique_ptr<block_state[]> states_;
};

}  // namespace chopsticks::rbd
