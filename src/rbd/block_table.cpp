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
        case finding::replaced:
            return "older than what an earlier run left";
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
    if (how == write_end::done) {
        s.low = std::max(s.low, mark.floor);
        s.flags &= static_cast<std::uint8_t>(~read_back);
    }
    // As if it had never been, where nothing came after it.
    if (how == write_end::refused && s.issued == mark.version && s.zeroed != mark.version) {
        --s.issued;
    }
}

block_table::read_mark block_table::begin_read(std::uint64_t block) const noexcept {
    const block_state& s = states_[block];
    return read_mark{s.low, s.issued, s.writing == 0, s.opaque != 0};
}

bool block_table::known_before(std::uint64_t block) const noexcept {
    if (!history_.begun()) return initial_ != initial_content::anything;
    const load::ledger_entry left = history_.at(block);
    if (left.content != load::ledger_content::unknown) return true;
    // Spoilt; or never recorded, which is judged as if there were no ledger.
    return left.version == 0 && initial_ != initial_content::anything;
}

finding block_table::judge_before(std::uint64_t block, block_kind kind,
                                  const block_header& found) const {
    using load::ledger_book;
    if (history_.begun()) {
        if (history_.at(block).content != load::ledger_content::unknown) {
            if (kind == block_kind::alien) return finding::alien;
            const ledger_book::judgement j = kind == block_kind::zeros
                                                 ? history_.judge_nothing(block)
                                                 : history_.judge(block, found.run, found.version);
            switch (j) {
                case ledger_book::judgement::fine:
                    return finding::fine;
                case ledger_book::judgement::older:
                    return finding::replaced;
                case ledger_book::judgement::missing:
                    return finding::unwritten;
                case ledger_book::judgement::foreign:
                    return finding::future;
            }
        }
    }
    if (kind == block_kind::alien) return finding::alien;
    if (kind == block_kind::zeros) {
        const bool filled = initial_ == initial_content::sealed && block < filled_blocks_;
        return filled ? finding::unwritten : finding::fine;
    }
    return initial_ == initial_content::sealed ? finding::fine : finding::future;
}

verdict block_table::end_read(std::uint64_t block, const read_mark& mark,
                              std::span<const char> data) noexcept {
    block_state& s = states_[block];
    verdict v;
    v.low = mark.low;
    v.highest = s.issued;
    if (mark.opaque || s.opaque != 0) return v;
    const bool nothing_written_surely = mark.low == 0;
    if (nothing_written_surely && !known_before(block)) return v;
    v.judged = true;
    const block_kind kind = classify_block(data);
    const bool settles = mark.quiet && s.writing == 0 && s.issued == mark.issued;
    if (kind == block_kind::zeros) {
        v.zeros = true;
        const bool zeroed_since = s.zeroed != 0 && s.zeroed >= mark.low;
        const bool zeros_before =
            nothing_written_surely && judge_before(block, kind, v.found) == finding::fine;
        if (!zeros_before && !zeroed_since) {
            v.what = finding::unwritten;
        } else if (settles && zeroed_since && !zeros_before) {
            s.low = s.zeroed;
        }
    } else {
        v.found = header_of(data);
        if (kind == block_kind::broken) {
            v.what = finding::altered;
        } else if (kind == block_kind::alien) {
            v.what = nothing_written_surely ? judge_before(block, kind, v.found) : finding::alien;
        } else if (v.found.image != image_ || v.found.offset != block * block_bytes_) {
            v.what = finding::misplaced;
        } else if (v.found.run != run_) {
            v.what =
                nothing_written_surely ? judge_before(block, kind, v.found) : finding::unwritten;
        } else if (v.found.version < mark.low) {
            v.what = finding::stale;
        } else if (v.found.version > s.issued) {
            v.what = finding::future;
        } else if (settles) {
            s.low = std::max(s.low, v.found.version);
        }
    }
    if (v.what == finding::fine) s.flags |= read_back;
    return v;
}

std::optional<load::ledger_entry> block_table::confirmed(std::uint64_t block) const noexcept {
    using load::ledger_content;
    const block_state& s = states_[block];
    load::ledger_entry e;
    e.first = block;
    e.version = s.low;
    if (s.opaque != 0) {
        e.version = std::max(s.issued, 1U);
        e.content = ledger_content::unknown;
        return e;
    }
    if (s.low == 0) return std::nullopt;
    if (s.zeroed != 0 && s.zeroed >= s.low) {
        e.content = s.zeroed == s.low ? ledger_content::emptied : ledger_content::either;
    }
    return e;
}

bool block_table::certain(std::uint64_t block) const noexcept {
    const block_state& s = states_[block];
    if (s.writing > 0 || s.opaque != 0 || s.low != s.issued) return false;
    return s.low > 0 || initial_ == initial_content::zeros;
}

}  // namespace chopsticks::rbd
