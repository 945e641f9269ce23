#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/block_places.hpp>
#include <numeric>

namespace chopsticks::load {

namespace {

/// Places of a piece; see block_choice.
std::uint64_t places_in(const block_parts::piece& p, std::uint64_t align, std::uint64_t block) {
    const std::uint64_t bytes = p.end - p.first;
    if (align >= block) return (bytes + align - 1) / align;
    if (bytes <= block) return 1;
    const std::uint64_t room = bytes - block;
    return room / align + 1 + (room % align > 0 ? 1 : 0);
}

/// Rounded down; `unit` is a power of two.
std::uint64_t whole_units(std::uint64_t bytes, std::uint64_t unit) noexcept {
    return bytes & ~(unit - 1);
}

}  // namespace

block_place fit_block(const block_place& asked, std::uint64_t extent) noexcept {
    CHOPSTICKS_ASSERT(asked.length > 0 && extent >= sector_bytes);
    if (asked.length <= extent && asked.offset <= extent - asked.length) return asked;
    block_place out = asked;
    out.length = std::min(asked.length, whole_units(extent, sector_bytes));
    // The largest power of two that divides offset and length. It is no more than the length, so
    // that some multiple of it is in the extent.
    const std::uint64_t sectors_length = whole_units(out.length + sector_bytes - 1, sector_bytes);
    const std::uint64_t both = asked.offset | sectors_length;
    const std::uint64_t unit = both & (~both + 1);
    const std::uint64_t around = whole_units(extent, unit);
    out.offset = asked.offset % around;
    if (out.offset > extent - out.length) out.offset = around - sectors_length;
    CHOPSTICKS_ASSERT(out.length <= extent && out.offset <= extent - out.length);
    return out;
}

std::uint64_t place_unit(std::uint64_t align, std::uint64_t block) noexcept {
    if (align == 0) return block;
    const std::uint64_t common = common_unit({align, block});
    return common > 0 ? common : common_unit_limit + 1;
}

std::uint64_t common_unit(const std::vector<std::uint64_t>& units) noexcept {
    std::uint64_t common = units.empty() ? sector_bytes : 1;
    for (const std::uint64_t unit : units) {
        // Both are at most 2^30 here, so that their product does not overflow.
        if (unit > common_unit_limit) return 0;
        common = std::lcm(common, unit);
        if (common > common_unit_limit) return 0;
    }
    return common;
}

block_parts::block_parts(const std::vector<std::uint64_t>& extents, std::uint64_t unit,
                         unsigned core, unsigned cores) {
    CHOPSTICKS_ASSERT(unit > 0 && core < cores);
    const bool whole = extents.size() >= cores;
    for (std::uint64_t i = 0; i < extents.size(); ++i) {
        piece p{i, 0, extents[i]};
        if (whole) {
            if (i % cores != core) continue;
        } else {
            __extension__ using wide = unsigned __int128;
            const std::uint64_t units = extents[i] / unit;
            const auto boundary = [&](std::uint64_t n) {
                return static_cast<std::uint64_t>(static_cast<wide>(units) * n / cores) * unit;
            };
            p.first = boundary(core);
            if (core + 1 < cores) p.end = boundary(core + 1);
        }
        if (p.first == p.end) continue;
        pieces_.push_back(p);
        starts_.push_back(bytes_);
        bytes_ += p.end - p.first;
    }
}

std::uint64_t block_parts::least_bytes(std::size_t images, std::uint64_t unit, std::uint64_t block,
                                       unsigned cores) noexcept {
    return images >= cores ? block : std::max(unit * cores, block);
}

std::size_t block_parts::find(std::uint64_t n, std::uint64_t& offset) const noexcept {
    CHOPSTICKS_ASSERT(n < bytes_);
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), n);
    const auto index = static_cast<std::size_t>(after - starts_.begin()) - 1;
    offset = pieces_[index].first + (n - starts_[index]);
    return index;
}

block_sequence::block_sequence(const block_parts& part, std::uint64_t share, std::uint64_t shares,
                               std::uint64_t step) noexcept
    : part_(&part) {
    CHOPSTICKS_ASSERT(share < shares && step > 0);
    if (part.bytes() == 0) return;
    __extension__ using wide = unsigned __int128;
    const auto start = static_cast<std::uint64_t>(static_cast<wide>(part.bytes()) * share / shares);
    piece_ = part.find(start, offset_);
    const std::uint64_t first = part.pieces()[piece_].first;
    offset_ = first + (offset_ - first) / step * step;
}

block_place block_sequence::next(std::uint64_t length) noexcept {
    const block_parts::piece& p = part_->pieces()[piece_];
    block_place out;
    out.image = p.image;
    out.offset = offset_;
    out.length = std::min(length, p.end - offset_);
    offset_ += out.length;
    if (offset_ == p.end) {
        if (++piece_ == part_->pieces().size()) {
            piece_ = 0;
            ++rounds_;
        }
        offset_ = part_->pieces()[piece_].first;
    }
    return out;
}

block_choice::block_choice(const block_parts& part, std::uint64_t align, std::uint64_t block,
                           const popularity& how, std::uint64_t seed)
    : block_choice(part, align, block, how, seed, 0, {count_places(part, align, block)}, {1.0}) {}

block_choice::block_choice(const block_parts& part, std::uint64_t align, std::uint64_t block,
                           const popularity& how, std::uint64_t seed, unsigned core,
                           std::vector<std::uint64_t> counts, std::vector<double> shares)
    : part_(&part), align_(align), picker_(how, seed, core, std::move(shares)) {
    CHOPSTICKS_ASSERT(align > 0 && block > 0);
    bool alike = true;
    for (const block_parts::piece& p : part.pieces()) {
        const std::uint64_t places = places_in(p, align, block);
        before_.push_back(count_);
        count_ += places;
        if (each_ == 0) each_ = places;
        alike &= each_ == places;
    }
    if (!alike) each_ = 0;
    CHOPSTICKS_ASSERT(counts[core] == count_);
    picker_.set_counts(std::move(counts));
}

std::uint64_t block_choice::count_places(const block_parts& part, std::uint64_t align,
                                         std::uint64_t block) noexcept {
    std::uint64_t places = 0;
    for (const block_parts::piece& p : part.pieces())
        places += places_in(p, align, block);
    return places;
}

block_place block_choice::at(std::uint64_t n, std::uint64_t length) const noexcept {
    CHOPSTICKS_ASSERT(n < count_);
    std::size_t index = 0;
    std::uint64_t within = n;
    if (each_ > 0) {
        index = n / each_;
        within = n % each_;
    } else {
        const auto after = std::upper_bound(before_.begin(), before_.end(), n);
        index = static_cast<std::size_t>(after - before_.begin()) - 1;
        within = n - before_[index];
    }
    const block_parts::piece& p = part_->pieces()[index];
    block_place out;
    out.image = p.image;
    out.offset = p.first + within * align_;
    out.length = std::min(length, p.end - out.offset);
    return out;
}

block_place block_choice::next(random_stream& random, std::uint64_t length) noexcept {
    return at(picker_.pick(random), length);
}

}  // namespace chopsticks::load
