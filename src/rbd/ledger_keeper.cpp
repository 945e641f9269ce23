#include "ledger_keeper.hpp"

#include <pthread.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chrono>
#include <thread>

#include "block_table.hpp"

namespace chopsticks::rbd {

namespace {

using namespace std::chrono_literals;

constexpr auto drain_step = 50ms;
constexpr std::int64_t write_step_ns = 1'000'000'000;
constexpr std::size_t write_bytes = 256 << 10;
/// A ledger that grew so far beyond what it says is written anew.
constexpr std::uint64_t growth_bytes = 64 << 20;

}  // namespace

ledger_keeper::ledger_keeper(unsigned cores) {
    for (unsigned core = 0; core < cores; ++core)
        rings_.push_back(std::make_unique<ack_ring>());
}

std::string ledger_keeper::begin(std::uint32_t number, rados_ioctx_t pool, rbd_image_t image,
                                 load::ledger_book known, const load::ledger_run& run,
                                 const block_table& table) {
    if (!known.add(run)) return "it has too many runs";
    const auto run_number = static_cast<std::uint32_t>(known.runs().size() - 1);
    one_ledger one{number, run_number, ledger_log(pool, image), std::move(known), {}, &table};
    std::string problem = one.log.rewrite(one.book, true);
    if (problem.empty()) ledgers_.push_back(std::move(one));
    return problem;
}

void ledger_keeper::start() {
    running_ = true;
    std::thread([self = shared_from_this()] {
        ::pthread_setname_np(::pthread_self(), "rbd-ledger");
        self->work();
        const std::lock_guard lock(self->mutex_);
        self->running_ = false;
        self->changed_.notify_all();
    }).detach();
}

bool ledger_keeper::stop(int seconds) {
    std::unique_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(seconds), [&] { return !running_; });
}

void ledger_keeper::work() {
    std::int64_t written_ns = monotonic_ns();
    for (bool last = false; !last;) {
        {
            std::unique_lock lock(mutex_);
            last = changed_.wait_for(lock, drain_step, [&] { return stop_; });
        }
        drain();
        const bool much = std::any_of(ledgers_.begin(), ledgers_.end(), [](one_ledger& one) {
            return one.pending.size() >= write_bytes;
        });
        const std::int64_t now = monotonic_ns();
        // At the end all of it is written anew.
        if (last || (!much && now - written_ns < write_step_ns)) continue;
        written_ns = now;
        write_pending();
    }
}

void ledger_keeper::drain() {
    acknowledgement a;
    for (const auto& ring : rings_) {
        while (ring->take(a)) {
            const auto one = std::find_if(ledgers_.begin(), ledgers_.end(),
                                          [&](const one_ledger& l) { return l.number == a.image; });
            if (one == ledgers_.end()) continue;
            load::ledger_entry e;
            e.first = a.first;
            e.count = a.count;
            e.run = one->run;
            e.version = a.version;
            e.content = static_cast<load::ledger_content>(a.content);
            one->book.add(e);
            one->pending.add(e);
        }
    }
}

void ledger_keeper::write_pending() {
    for (one_ledger& one : ledgers_) {
        // What fails is tried again a second later, at the same place.
        if (one.log.append(one.pending) < 0) return;
        if (one.log.bytes() < one.log.begun_with() * 4 + growth_bytes) continue;
        if (!one.log.rewrite(one.book, true).empty()) return;
    }
}

std::string ledger_keeper::finish() {
    std::string problem;
    for (one_ledger& one : ledgers_) {
        for (std::uint64_t b = 0; b < one.table->blocks(); ++b) {
            auto e = one.table->confirmed(b);
            if (!e && one.table->state(b).zeroed > 0) {
                // Zeroed without an answer: what was there before, or zeros.
                const load::ledger_entry before = one.book.at(b);
                if (before.content != load::ledger_content::written) continue;
                one.book.add(load::ledger_entry{b, 1, before.run, before.version,
                                                load::ledger_content::either});
                continue;
            }
            if (!e) continue;
            e->run = one.run;
            one.book.add(*e);
        }
        one.book.end(one.run);
        const std::string failed = one.log.rewrite(one.book, false);
        if (problem.empty()) problem = failed;
    }
    return problem;
}

}  // namespace chopsticks::rbd
