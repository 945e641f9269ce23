#include "block_table.hpp"

#include <algorithm>

namespace chopsticks::rbd {

const char* name(finding f) noexcept {
    switch (f) {
        case finding::fine:
            return "fine";
        case finding::altered:
            return "torn or altered";
        case finding::alien:
            return "no header";
        case finding::misplaced:
            return "of another place";
        case finding::stale:
            return "stale";
        case finding::unwritten:
            return "a lost write";
        case finding::future:
            return "never written so";
    }
    return "?";
}

block_table::block_table(std::uint64_t image, std::uint64_t run, std::uint64_t image_bytes,
                         std::uint64_t block_bytes, initial_content initial)
    : image_(image),
      run_(run),
      block_bytes_(block_bytes),
      blocks_(image_bytes / block_bytes),
      initial_(initial),
      states_(std::make_unique<block_state[]>(blocks_)) {}

block_table::write_mark block_table::begin_write(std::uint64_t block) noexcept {
    block_state& s = states_[block];
    CHOPSTICKS_ASSERT(s.writing < UINT16_MAX && s.issued < UINT32_MAX);
    const std::uint32_t version = ++s.issued;
    if (s.writing++ == 0) s.first = version;
    return write_mark{version, s.first};
}

block_table::write_mark block_table::begin_zero(std::uint64_t block) noexcept {
    const write_mark mark = begin_write(block);
    states_[block].zeroed = mark.version;
    return mark;
}

void block_table::end_write(std::uint64_t block, const write_mark& mark, write_end how) noexcept {
    block_state& s = states_[block];
    CHOPSTICKS_ASSERT(s.writing > 0);
    --s.writing;
    if (how == write_end::done) s.low = std::max(s.low, mark.floor);
    // As if it had never been, where nothing came after it.
    if (how == write_end::refused && s.issued == mark.version && s.zeroed != mark.version) {
        --s.issued;
    }
}

block_table::read_mark block_table::begin_read(std::uint64_t block) const noexcept {
    const block_state& s = states_[block];
    return read_mark{s.low, s.issued, s.writing == 0, s.opaque != 0};
}

verdict block_table::end_read(std::uint64_t block, const read_mark& mark,
                              std::span<const char> data) noexcept {
    block_state& s = states_[block];
    verdict v;
    v.low = mark.low;
    v.highest = s.issued;
    if (mark.opaque || s.opaque != 0) return v;
    const bool nothing_written_surely = mark.low == 0;
    if (nothing_written_surely && initial_ == initial_content::anything) return v;
    const block_kind kind = classify_block(data);
    const bool settles = mark.quiet && s.writing == 0 && s.issued == mark.issued;
    if (kind == block_kind::zeros) {
        const bool zeros_before = nothing_written_surely && initial_ != initial_content::anything;
        const bool zeroed_since = s.zeroed != 0 && s.zeroed >= mark.low;
        if (!zeros_before && !zeroed_since) {
            v.what = finding::unwritten;
        } else if (settles && zeroed_since && !zeros_before) {
            s.low = s.zeroed;
        }
        return v;
    }
    v.found = header_of(data);
    if (kind == block_kind::alien) {
        v.what = finding::alien;
    } else if (kind == block_kind::broken) {
        v.what = finding::altered;
    } else if (v.found.image != image_ || v.found.offset != block * block_bytes_) {
        v.what = finding::misplaced;
    } else if (v.found.run != run_) {
        const bool passes = nothing_written_surely && initial_ == initial_content::sealed;
        if (!passes) v.what = nothing_written_surely ? finding::future : finding::unwritten;
    } else if (v.found.version < mark.low) {
        v.what = finding::stale;
    } else if (v.found.version > s.issued) {
        v.what = finding::future;
    } else if (settles) {
        s.low = std::max(s.low, v.found.version);
    }
    return v;
}

bool block_table::certain(std::uint64_t block) const noexcept {
    const block_state& s = states_[block];
    if (s.writing > 0 || s.opaque != 0 || s.low != s.issued) return false;
    return s.low > 0 || initial_ == initial_content::zeros;
}

}  // namespace chopsticks::rbd
