// What every block of an image holds: tables, marks and ledgers, and the look at what was not read.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>

#include "images.hpp"
#include "judge.hpp"

namespace chopsticks::rbd {

namespace {

constexpr std::int64_t read_back_ns = 60'000'000'000;
constexpr std::uint64_t read_back_bytes = 1 << 20;

bool is_clone(const world& w) {
    return w.config.source == image_source::clone;
}

/// What the run leaves behind that is to be found again.
bool stays(const world& w, const image& i) {
    return !is_clone(w) && !w.reads_only() && (!i.made || w.keeps());
}

/// Takes what the image's ledger says into the table, where there is one.
std::string take_ledger(world& w, image& i) {
    if (!w.blocks.verify || i.made || is_clone(w)) return {};
    const std::string label = "image " + path_of(w, i.name);
    if (w.config.source == image_source::snapshot) {
        w.notes.push_back(label + "@" + w.config.snapshot +
                          ": no ledger tells what a snapshot should hold: blocks are checked for "
                          "their place and checksum only");
        return {};
    }
    ledger_log log(w.connections[i.connection].pool, i.handle);
    if (!log.there()) {
        if (i.ours && i.filled) {
            w.notes.push_back(label +
                              " has no ledger of what was written to it: blocks that older content "
                              "replaced are not found before this run has written them");
        }
        return {};
    }
    const std::string writer = w.reads_only() ? lock_holder(i.handle) : std::string();
    if (!writer.empty()) {
        w.notes.push_back(label + " is being written by " + writer +
                          ": blocks are checked for their place and checksum only");
        return {};
    }
    load::ledger_book book;
    const std::string problem = log.read(book);
    if (!problem.empty()) {
        return "what " + label + " should hold is not known: " + problem +
               ". Have it filled anew: rbd image-meta remove " + path_of(w, i.name) + " " +
               filled_key + "; the same with " + ledger_key;
    }
    const load::ledger_scope& scope = book.scope();
    if (scope.subject != i.table->image() || scope.place_bytes != i.table->block_bytes() ||
        scope.places > i.table->blocks()) {
        w.notes.push_back(label + ": its ledger is about blocks of " +
                          std::to_string(scope.place_bytes) + " bytes, which is of no use for " +
                          std::to_string(i.table->block_bytes()) + ": a new one is begun");
        return {};
    }
    if (scope.places < i.table->blocks()) {
        w.notes.push_back(label + " has grown: its ledger is begun anew");
        return {};
    }
    if (book.cut_off()) {
        w.notes.push_back(label + " was last written by a run that was killed (" +
                          book.runs().back().id +
                          "): of writes under way then, the old or the new content is expected");
    }
    i.known = book;
    i.table->expect(std::move(book));
    return {};
}

load::ledger_run this_run(const world& w, const image& i) {
    load::ledger_run run;
    run.identity = i.table->run();
    run.id = w.run_id;
    run.may_empty = w.needs.zeroes;
    // A block of several objects is written in several steps.
    run.may_spoil = w.needs.spoils || i.table->block_bytes() > w.config.object_bytes;
    return run;
}

/// Content that no header describes is about to come: neither mark nor ledger stay true.
std::string forget(world& w, image& i) {
    ledger_log log(w.connections[i.connection].pool, i.handle);
    const std::string failed = log.forget();
    if (!failed.empty()) return "the ledger of image " + path_of(w, i.name) + ": " + failed;
    const std::string mark = metadata(i.handle, filled_key);
    if (!mark.empty() && mark != fill_mark(w, i)) rbd_metadata_remove(i.handle, filled_key);
    return {};
}

}  // namespace

std::string prepare_table(world& w, image& i) {
    if (w.needs.table_block_bytes == 0) return {};
    initial_content initial = initial_content::anything;
    if (i.made && !is_clone(w)) initial = initial_content::zeros;
    const bool marked = metadata(i.handle, filled_key) == fill_mark(w, i);
    if (!i.made && i.ours && marked && w.blocks.verify) initial = initial_content::sealed;
    try {
        i.table = std::make_unique<block_table>(identity(i.id), identity(w.run_id), i.bytes,
                                                w.needs.table_block_bytes, initial);
        if (initial == initial_content::sealed) {
            i.table->expect_filled(w.blocks.extent_bytes == 0 ? i.bytes : w.blocks.extent_bytes);
        }
        return take_ledger(w, i);
    } catch (const std::bad_alloc&) {
        return "not enough memory to know what every block of " + path_of(w, i.name) +
               " holds: raise verify_bytes, or use a smaller image";
    }
}

std::string begin_ledgers(world& w, bool writes) {
    if (!writes || w.reads_only()) return {};
    w.ledgers = std::make_shared<ledger_keeper>(w.cores);
    for (const auto& one : w.images) {
        image& i = *one;
        if (!w.blocks.verify) {
            std::string problem = forget(w, i);
            if (!problem.empty()) return problem;
            continue;
        }
        if (!stays(w, i)) continue;
        load::ledger_book known = std::move(i.known);
        if (!known.begun()) {
            known.begin(load::ledger_scope{i.table->image(), i.table->blocks(),
                                           i.table->block_bytes(), i.made});
        }
        const std::string failed =
            w.ledgers->begin(i.number, w.connections[i.connection].pool, i.handle, std::move(known),
                             this_run(w, i), *i.table);
        if (!failed.empty()) {
            return "the ledger of image " + path_of(w, i.name) + " cannot be begun: " + failed;
        }
        i.in_ledger = true;
    }
    if (!w.ledgers->keeps_any()) {
        w.ledgers = nullptr;
        return {};
    }
    for (unsigned core = 0; core < w.cores; ++core)
        w.channels[core]->tell(w.ledgers->ring(core));
    w.ledgers->start();
    return {};
}

std::string read_back(world& w) {
    if (!w.blocks.verify || w.needs.reads || w.outstanding() > 0) return {};
    const std::int64_t until = monotonic_ns() + read_back_ns;
    const waiting_for wait(w.waits, "for what was written to be read back", read_back_ns);
    std::uint64_t left = 0;
    io_buffer buffer;
    buffer.reserve(read_back_bytes);
    for (const auto& i : w.images) {
        if (i->table == nullptr) continue;
        block_table& table = *i->table;
        const std::uint64_t most =
            std::max<std::uint64_t>(read_back_bytes / table.block_bytes(), 1);
        buffer.reserve(most * table.block_bytes());
        for (std::uint64_t b = 0; b < table.blocks();) {
            std::uint64_t end = b;
            while (end < table.blocks() && end - b < most && table.unread(end))
                ++end;
            if (end == b) {
                ++b;
                continue;
            }
            const bool over = w.give_up || w.unanswered || monotonic_ns() > until;
            const std::uint64_t offset = b * table.block_bytes();
            const std::size_t bytes = (end - b) * table.block_bytes();
            const ssize_t got = over ? -EINTR : rbd_read(i->handle, offset, bytes, buffer.data());
            if (got == -ETIMEDOUT) w.unanswered = true;
            if (got != static_cast<ssize_t>(bytes)) {
                left += end - b;
                b = end;
                continue;
            }
            for (; b < end; ++b) {
                const char* at = buffer.data() + (b * table.block_bytes() - offset);
                judge_block(*i, b, table.begin_read(b), at, w.read_back);
            }
        }
    }
    if (left == 0) return {};
    return std::to_string(left) + " of the blocks that were written could not be read back" +
           (w.unanswered ? ": the cluster does not answer"
                         : " in " + std::to_string(read_back_ns / 1'000'000'000) + " s");
}

std::string mark_filled(world& w) {
    if (w.reads_only() || w.needs.zeroes) return {};
    for (const auto& i : w.images) {
        // What is removed at the end needs no mark; nor would the ledger be there that goes with
        // it.
        if (i->made && !w.keeps()) continue;
        const int failed = rbd_metadata_set(i->handle, filled_key, fill_mark(w, *i).c_str());
        if (failed < 0)
            return explain("image " + path_of(w, i->name) + " cannot be marked", failed);
    }
    return {};
}

}  // namespace chopsticks::rbd
