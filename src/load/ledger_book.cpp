#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/ledger.hpp>
#include <tuple>

#include "ledger_codec.hpp"

namespace chopsticks::load {

namespace {

/// True if what a newer, unacknowledged emptying leaves is possible where `c` was acknowledged.
ledger_content also_nothing(ledger_content c) noexcept {
    return c == ledger_content::written ? ledger_content::either : c;
}

}  // namespace

void ledger_book::begin(const ledger_scope& scope) {
    scope_ = scope;
    place p;
    p.content = scope.began_empty ? ledger_content::untouched : ledger_content::unknown;
    places_.assign(scope.places, p);
}

bool ledger_book::add(const ledger_run& run) {
    if (runs_.size() >= ledger_runs_max) return false;
    run_was_cut_off();
    runs_.push_back(run);
    open_ = true;
    return true;
}

bool ledger_book::end(std::uint32_t run) {
    if (run >= runs_.size()) return false;
    if (run + 1 == runs_.size()) open_ = false;
    return true;
}

void ledger_book::run_was_cut_off() {
    if (!open_) return;
    open_ = false;
    cut_off_ = true;
    const ledger_run& last = runs_.back();
    if (!last.may_empty && !last.may_spoil) return;
    for (place& p : places_) {
        p.content = last.may_spoil ? ledger_content::unknown : also_nothing(p.content);
        if (last.may_spoil) p.version = std::max(p.version, 1U);
    }
}

void ledger_book::finish() {
    cut_off_ = open_;
    run_was_cut_off();
}

bool ledger_book::add(const ledger_entry& entry) {
    if (entry.run >= runs_.size() || entry.first >= scope_.places ||
        entry.count > scope_.places - entry.first) {
        return false;
    }
    for (std::uint64_t n = entry.first; n < entry.first + entry.count; ++n) {
        place& p = places_[n];
        const bool was_written = p.content != ledger_content::untouched;
        // What cores hand over late must not undo what is known.
        if (was_written && std::tuple(p.run, p.version) > std::tuple(entry.run, entry.version)) {
            continue;
        }
        p.run = static_cast<std::uint16_t>(entry.run);
        p.version = entry.version;
        p.content = entry.content;
    }
    return true;
}

ledger_entry ledger_book::at(std::uint64_t number) const noexcept {
    CHOPSTICKS_ASSERT(number < places_.size());
    const place& p = places_[number];
    return ledger_entry{number, 1, p.run, p.version, p.content};
}

ledger_book::judgement ledger_book::judge_nothing(std::uint64_t number) const noexcept {
    return places_[number].content == ledger_content::written ? judgement::missing
                                                              : judgement::fine;
}

ledger_book::judgement ledger_book::judge(std::uint64_t number, std::uint64_t run_identity,
                                          std::uint32_t version) const noexcept {
    const place& p = places_[number];
    if (p.content == ledger_content::unknown) return judgement::fine;
    // The newest first: mostly it is the one.
    const auto found = std::find_if(runs_.rbegin(), runs_.rend(), [&](const ledger_run& r) {
        return r.identity == run_identity;
    });
    if (found == runs_.rend()) return judgement::foreign;
    if (p.content == ledger_content::untouched) return judgement::fine;
    const auto run = static_cast<std::uint64_t>(runs_.rend() - found - 1);
    const bool current = std::tuple<std::uint64_t, std::uint32_t>(run, version) >=
                         std::tuple<std::uint64_t, std::uint32_t>(p.run, p.version);
    return current ? judgement::fine : judgement::older;
}

void ledger_book::write_to(ledger_writer& out, bool goes_on) const {
    out.begin(scope_);
    for (std::size_t n = 0; n < runs_.size(); ++n) {
        out.add(runs_[n]);
        // What it may have left is in the entries.
        if (!goes_on || n + 1 < runs_.size()) out.end(static_cast<std::uint32_t>(n));
    }
    const auto initial = scope_.began_empty ? ledger_content::untouched : ledger_content::unknown;
    ledger_entry e;
    e.count = 0;
    const auto flush = [&] {
        if (e.count > 0) out.add(e);
        e.count = 0;
    };
    for (std::uint64_t n = 0; n < scope_.places; ++n) {
        const place& p = places_[n];
        const bool same =
            e.count > 0 && e.run == p.run && e.version == p.version && e.content == p.content;
        if (same) {
            ++e.count;
            continue;
        }
        flush();
        if ((p.content == initial && p.version == 0) || runs_.empty()) continue;
        e = ledger_entry{n, 1, p.run, p.version, p.content};
    }
    flush();
}

}  // namespace chopsticks::load
