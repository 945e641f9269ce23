// Groups of block devices: which part of the images, what their tasks do to it.

#include <algorithm>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/scenario/load_plan.hpp>

#include "parse_parts.hpp"

namespace chopsticks::scenario {

namespace {

using load::sector_bytes;

std::uint64_t sectors(const field& f, std::uint64_t max) {
    const std::uint64_t bytes = f.size(sector_bytes);
    if (bytes % sector_bytes != 0) {
        f.refuse("is no multiple of 512: " + f.raw().found(), "block devices have sectors");
    }
    if (bytes > max) {
        f.refuse("is too large: " + f.raw().found(), "at most " + format_size(max) + " is allowed");
    }
    return bytes;
}

bool power_of_two(std::uint64_t n) {
    return n > 0 && (n & (n - 1)) == 0;
}

void check_verified(const group& g, const step& s, const place& where) {
    const std::string own = format_size(g.blocks.verify_bytes);
    const std::string_view why_not = catalogue::operation_of(g, s).place.unverifiable;
    if (!why_not.empty()) {
        fail(where, s.op + " cannot be verified: " + std::string(why_not),
             "remove the task, or remove `blocks.verify`");
    }
    const auto whole = [&](std::uint64_t bytes) { return bytes % g.blocks.verify_bytes == 0; };
    for (const std::uint64_t bytes : s.block.sizes()) {
        if (whole(bytes)) continue;
        fail(where,
             "a block of " + format_size(bytes) + " is no multiple of `blocks.verify_block` (" +
                 own + "), the unit that is verified",
             "change one of them");
    }
    if (!whole(s.align_bytes)) {
        fail(where,
             "`align` (" + format_size(s.align_bytes) +
                 ") is no multiple of `blocks.verify_block` (" + own + ")",
             "change one of them");
    }
}

/// What is done as one step, of at most so many bytes.
void check_one_step(const step& s, std::uint64_t most, const place& where) {
    if (s.block.min() != s.block.max() || !power_of_two(s.block.max()) || s.block.max() > most) {
        fail(where, s.op + " needs one block size, a power of two of at most " + format_size(most),
             "it is one step of one object of the image; write for example `block: 4KiB`");
    }
    if (s.align_bytes % s.block.max() != 0) {
        fail(where, s.op + " needs an `align` that is a multiple of its block",
             "other places could lie on two objects of the image");
    }
}

void check_sequence(const task& t, const field& steps) {
    const std::vector<field> items = steps.list("");
    for (std::size_t i = 1; i < t.steps.size(); ++i) {
        if (!items[i].raw().is_map()) continue;
        for (const char* key : {"block", "pattern", "offsets", "align"}) {
            const value* v = items[i].raw().find(key);
            const bool first_place =
                std::all_of(t.steps.begin(), t.steps.begin() + static_cast<std::ptrdiff_t>(i),
                            [](const step& s) { return !has_place(s.use); });
            if (v == nullptr || first_place) continue;
            fail(v->where, "`" + std::string(key) + "` can only stand in the first step",
                 "the steps of a sequence work on one block; make it a task of its own");
        }
    }
}

}  // namespace

block_options read_blocks(const field& f) {
    block_options out;
    map_reader m(f, "write {extent: 10GiB, prefill: true}");
    if (const auto extent = m.find("extent")) {
        out.extent_bytes = extent->size();
        if (out.extent_bytes > 0) {
            out.extent_bytes = sectors(*extent, std::numeric_limits<std::int64_t>::max());
        }
    }
    if (const auto prefill = m.find("prefill")) out.prefill = prefill->boolean();
    if (const auto block = m.find("prefill_block"))
        out.prefill_bytes = sectors(*block, block_limit);
    if (const auto verify = m.find("verify")) out.verify = verify->boolean();
    if (const auto unit = m.find("verify_block")) {
        out.verify_bytes = sectors(*unit, block_limit);
        if (!power_of_two(out.verify_bytes)) {
            unit->refuse("is no power of two: " + unit->raw().found(), "write for example 4KiB");
        }
    }
    if (const auto content = m.find("content")) out.content = read_content(*content);
    m.finish();
    if (out.verify && out.prefill_bytes % out.verify_bytes != 0) {
        f.refuse("has a `prefill_block` (" + format_size(out.prefill_bytes) +
                     ") that is no multiple of `verify_block` (" + format_size(out.verify_bytes) +
                     ")",
                 "change one of them");
    }
    return out;
}

load::size_distribution read_block(const field& f) {
    const char* const example = "write `block: 4KiB` or `block: {table: {4KiB: 70, 64KiB: 30}}`";
    if (f.raw().is_map() && f.raw().find("table") == nullptr && f.raw().find("fixed") == nullptr) {
        f.wrong("a size or a table of sizes", example);
    }
    load::size_distribution out = read_size_distribution(f);
    for (const std::uint64_t bytes : out.sizes()) {
        if (bytes < sector_bytes || bytes % sector_bytes != 0) {
            f.refuse("has a size that is no multiple of 512: " + format_size(bytes),
                     "block devices have sectors");
        }
        if (bytes > block_limit) {
            f.refuse("is too large: " + format_size(bytes),
                     "at most " + format_size(block_limit) + " is allowed");
        }
    }
    return out;
}

std::uint64_t read_align(const field& f) {
    return sectors(f, load::common_unit_limit);
}

std::uint64_t read_block_limit(const field& f) {
    return sectors(f, block_limit);
}

void check_block_tasks(const group& g, const field& tasks) {
    const bool used = uses_task_blocks(g);
    std::vector<std::uint64_t> units;
    if (g.blocks.verify) units.push_back(g.blocks.verify_bytes);
    for (std::size_t i = 0; i < g.tasks.size(); ++i) {
        const value& item = tasks.raw().items[i];
        const place& where = item.where;
        if (const value* steps = item.find("steps")) {
            check_sequence(g.tasks[i], field(*steps, "steps"));
        }
        for (const step& s : g.tasks[i].steps) {
            if (!has_place(s.use)) continue;
            units.push_back(load::place_unit(
                s.pattern == offset_pattern::random ? s.align_bytes : 0, s.block.max()));
            if (used && g.blocks.extent_bytes > 0 && s.block.max() > g.blocks.extent_bytes) {
                fail(where,
                     "a block of " + format_size(s.block.max()) +
                         " does not fit into `blocks.extent` (" +
                         format_size(g.blocks.extent_bytes) + ")",
                     "make one smaller or the other larger");
            }
            if (used && s.pieces > s.block.min() / sector_bytes) {
                fail(where,
                     "`pieces` (" + std::to_string(s.pieces) + ") are more than a block of " +
                         format_size(s.block.min()) + " has sectors of 512 bytes",
                     "write fewer");
            }
            const std::uint64_t most = catalogue::operation_of(g, s).place.one_step_most;
            if (most > 0) check_one_step(s, most, where);
            if (g.blocks.verify) check_verified(g, s, where);
        }
    }
    if (load::common_unit(units) == 0) {
        fail(tasks.where(),
             "the block sizes and alignments of this group have no common multiple up to " +
                 format_size(load::common_unit_limit),
             "use powers of two");
    }
}

void warn_of_unfilled_reads(const group& g, std::vector<std::string>& warnings) {
    const bool reads = std::any_of(g.tasks.begin(), g.tasks.end(), [](const task& t) {
        return std::any_of(t.steps.begin(), t.steps.end(),
                           [](const step& s) { return s.use == subject_use::read_extent; });
    });
    if (reads && !g.blocks.prefill) {
        warnings.push_back("group " + g.name +
                           ": `prefill: false`; reading blocks that were never written measures "
                           "nothing of the disks");
    }
}

}  // namespace chopsticks::scenario
