#pragma once
/// \file
/// Which block of which image is next. Each core has its own disjoint part of the images, so that
/// no two cores ever write the same bytes; within it blocks are taken in sequence or at random.
/// Memory grows with the number of images, never with their size.

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/owned_picker.hpp>
#include <chopsticks/load/popularity.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::load {

/// Bytes of one image: what one I/O works on.
struct block_place {
    std::uint64_t image = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// What block devices are addressed in.
constexpr std::uint64_t sector_bytes = 512;

/// An I/O that was made for a larger image, as it is in one of `extent` bytes: unchanged where it
/// fits. Otherwise no longer than the extent, and its offset modulo it, so that neighbours stay
/// neighbours. The power of two that divided its offset and its length (in whole sectors of 512
/// bytes) still divides the offset. \param extent at least 512. \param asked length not 0
block_place fit_block(const block_place& asked, std::uint64_t extent) noexcept;

/// What boundaries between two cores' parts are multiples of, for I/O of `block` bytes at places
/// `align` bytes apart: no I/O is then cut short by a boundary. \param align 0 = in sequence
std::uint64_t place_unit(std::uint64_t align, std::uint64_t block) noexcept;

constexpr std::uint64_t common_unit_limit = 1ULL << 30;

/// The least common multiple of all units; 0 if it is above common_unit_limit. Of none: 512.
std::uint64_t common_unit(const std::vector<std::uint64_t>& units) noexcept;

/// The part of one core: of every image in it the bytes [first, end).
///
/// As many images as cores, or more: image i belongs to core i % cores, whole. A core with one
/// image more than others spreads its load over more bytes. Fewer: every core has a piece of every
/// image, in the order of the cores; pieces differ by at most one unit, and the last one has what
/// is left over at the image's end. Either way the parts of all cores together are every byte once.
class block_parts {
  public:
    struct piece {
        std::uint64_t image;
        std::uint64_t first;
        std::uint64_t end;
    };

    block_parts() = default;
    /// \param extents bytes of each image that may be used. \param unit of boundaries, > 0
    block_parts(const std::vector<std::uint64_t>& extents, std::uint64_t unit, unsigned core,
                unsigned cores);

    /// Bytes that an image needs at least so that each core's piece has a unit (or, where images
    /// are dealt out whole, a block).
    static std::uint64_t least_bytes(std::size_t images, std::uint64_t unit, std::uint64_t block,
                                     unsigned cores) noexcept;

    const std::vector<piece>& pieces() const noexcept { return pieces_; }
    std::uint64_t bytes() const noexcept { return bytes_; }

    /// Where byte `n` of the part is, n < bytes(): the index of its piece, and n made an offset in
    /// the image. Logarithmic in the number of pieces.
    std::size_t find(std::uint64_t n, std::uint64_t& offset) const noexcept;

  private:
    std::vector<piece> pieces_;          ///< none is empty
    std::vector<std::uint64_t> starts_;  ///< bytes in the pieces before this one
    std::uint64_t bytes_ = 0;
};

/// One block after the other through all pieces of a part, round and round. Belongs to one core;
/// the part outlives it.
class block_sequence {
  public:
    block_sequence() = default;
    /// Starts share/shares of the way through the part, at a multiple of `step` from the beginning
    /// of the piece there: users that start apart stay apart. \param step the block size, > 0
    block_sequence(const block_parts& part, std::uint64_t share, std::uint64_t shares,
                   std::uint64_t step) noexcept;

    /// The next `length` bytes; fewer at the end of a piece.
    block_place next(std::uint64_t length) noexcept;

    /// How often the end of the part was passed.
    std::uint64_t rounds() const noexcept { return rounds_; }

  private:
    const block_parts* part_ = nullptr;
    std::size_t piece_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t rounds_ = 0;
};

/// Places `align` bytes apart, chosen by popularity. A place is a multiple of `align` (from the
/// image's start) where a block fits; behind the last of them one more if bytes are left, whose
/// blocks end with the piece. Constant time but for finding the piece. Belongs to one core; the
/// part outlives it.
class block_choice {
  public:
    block_choice() = default;
    /// \param block the greatest size of a block, > 0. \param align > 0
    block_choice(const block_parts& part, std::uint64_t align, std::uint64_t block,
                 const popularity& how, std::uint64_t seed);
    /// Of one core of several, whose choices together follow the law. \param counts places of each
    /// core, as count_places has them \param shares of the choices that each core makes
    block_choice(const block_parts& part, std::uint64_t align, std::uint64_t block,
                 const popularity& how, std::uint64_t seed, unsigned core,
                 std::vector<std::uint64_t> counts, std::vector<double> shares);

    /// Places in a part.
    static std::uint64_t count_places(const block_parts& part, std::uint64_t align,
                                      std::uint64_t block) noexcept;

    /// A place for `length` bytes, at most `block`; fewer at the end of a piece.
    block_place next(random_stream& random, std::uint64_t length) noexcept;

    /// Place number `n`, n < count().
    block_place at(std::uint64_t n, std::uint64_t length) const noexcept;
    std::uint64_t count() const noexcept { return count_; }
    /// Share of the popularity that each core owns; see owned_picker.
    std::vector<double> masses() const { return picker_.masses(); }

  private:
    const block_parts* part_ = nullptr;
    std::uint64_t align_ = 1;
    std::uint64_t count_ = 0;
    std::uint64_t each_ = 0;             ///< places of every piece, if all have as many
    std::vector<std::uint64_t> before_;  ///< places in the pieces before this one, otherwise
    owned_picker picker_;
};

}  // namespace chopsticks::load
