#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/run_id.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/driver/cleanup.hpp>
#include <chopsticks/s3/protocol/key.hpp>

#include "addresses.hpp"
#include "bucket.hpp"
#include "curl_connection.hpp"
#include "explain.hpp"
#include "folder_listing.hpp"
#include "kept_set.hpp"
#include "mark_keeper.hpp"
#include "patience.hpp"
#include "sweep.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::int64_t patience_ns = 30 * second_ns;

/// The clock that it comes from has whole seconds.
std::string in_seconds(std::int64_t ns) {
    return format_duration(ns / second_ns * second_ns);
}

/// A mark as it was found. Nothing in `mark`: there is something at that key that is none.
struct found_mark {
    std::string key;
    std::int64_t written_ns = 0;
    std::optional<run_mark> mark;
};

/// One cleanup, over the first address that answers.
class cleaner {
  public:
    cleaner(core_state& core, const std::vector<target_address>& addresses,
            const cleanup_options& options, const std::atomic<int>& stop)
        : core_(core), addresses_(addresses), options_(options), stop_(stop) {}

    runtime::task<void> go();

    cleanup_progress progress() const {
        return cleanup_progress{run_, done_found_ + now_.found(), done_removed_ + now_.removed,
                                core_.waits.text()};
    }

    cleanup_report report;

  private:
    runtime::task<folder_listing> list(std::string folder, std::string delimiter) {
        return list_folder(*session_, endpoint_, std::move(folder), std::move(delimiter),
                           patience(patience_ns, stopper()));
    }
    runtime::task<void> look_below(std::string prefix);
    runtime::task<void> go_through_run(std::string prefix, std::string run,
                                       std::vector<found_mark> marks, std::int64_t now_ns);
    std::string why_kept(const std::vector<found_mark>& marks, std::int64_t now_ns,
                         run_remains& remains) const;
    runtime::task<void> go_through_folders(std::string prefix, run_remains& remains,
                                           const std::vector<found_mark>& marks, bool remove);
    /// Data sets that were to be kept and were never finished.
    runtime::task<void> go_through_sets(run_remains& remains, const std::vector<found_mark>& marks,
                                        bool remove);
    runtime::task<void> go_through_buckets(run_remains& remains,
                                           const std::vector<found_mark>& marks, bool remove);
    runtime::task<void> remove_marks(run_remains& remains, const std::vector<found_mark>& marks);
    runtime::task<void> put_marks_back(run_remains& remains, const std::vector<found_mark>& marks);
    /// The bucket, if the run made it, and the marks, which are the last things in it.
    runtime::task<void> own_bucket(std::string prefix, run_remains& remains,
                                   const std::vector<found_mark>& marks, bool remove);
    bool stopped() const { return stop_.load(std::memory_order_relaxed) > 0; }
    std::function<bool()> stopper() const {
        return [this] { return stopped(); };
    }

    core_state& core_;
    const std::vector<target_address>& addresses_;
    const cleanup_options& options_;
    const std::atomic<int>& stop_;
    std::unique_ptr<s3_session> session_;
    std::string endpoint_;
    std::string run_;    // in hand
    sweep_figures now_;  // of the sweep in hand
    std::uint64_t done_found_ = 0;
    std::uint64_t done_removed_ = 0;
};

void note(run_remains& remains, const std::string& problem) {
    if (remains.problem.empty()) remains.problem = problem;
}

runtime::task<void> cleaner::go() {
    std::string problem;
    for (const target_address& address : addresses_) {
        session_ = std::make_unique<s3_session>(core_, address);
        endpoint_ = options_.config->endpoints[address.endpoint];
        control_request ask;
        ask.method = "GET";
        ask.query.push_back(name_value{"list-type", "2"});
        ask.query.push_back(name_value{"max-keys", "1"});
        ask.query.push_back(name_value{"prefix", options_.prefixes.front()});
        const patience how(patience_ns, stopper());
        control_reply reply = co_await session_->control(ask);
        // Where nobody answers another address may; what throttles or is being restarted may do so
        // in a while.
        if (reply.problem.empty() && may_help_to_repeat(reply)) {
            reply = co_await control_patiently(*session_, ask, how);
        }
        problem = explain(reply, core_, endpoint_);
        if (reply.problem.empty()) break;
    }
    report.problem = problem;
    if (!problem.empty()) co_return;
    // The run's first group is the one that made the bucket, and goes last.
    for (auto prefix = options_.prefixes.rbegin(); prefix != options_.prefixes.rend(); ++prefix) {
        co_await look_below(*prefix);
        if (!report.problem.empty() || stopped()) co_return;
    }
}

runtime::task<void> cleaner::look_below(std::string prefix) {
    const std::string marks_folder = run_marks_folder(prefix);
    const folder_listing listing =
        co_await list(run_marks_folder(prefix, options_.run_id), std::string());
    report.problem = listing.problem;
    if (!report.problem.empty()) co_return;
    std::vector<std::string> runs;
    std::vector<found_mark> marks;
    for (const stored_version& entry : listing.keys) {
        found_mark found;
        found.key = entry.key;
        found.written_ns = entry.modified_ns;
        control_request ask;
        ask.method = "GET";
        ask.key = entry.key;
        const patience how(patience_ns, stopper());
        const control_reply reply = co_await control_patiently(*session_, ask, how);
        if (reply.problem.empty() && reply.status == 404) continue;  // it ended just now
        report.problem = explain(reply, core_, endpoint_);
        if (!report.problem.empty()) co_return;
        found.mark = parse_run_mark(prefix, entry.key, reply.body);
        const std::string_view rest = std::string_view(entry.key).substr(marks_folder.size());
        const std::string run(rest.substr(0, rest.find('/')));
        if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
        marks.push_back(std::move(found));
    }
    // Folders without a mark: of runs that had none, or whose mark somebody removed.
    if (options_.run_id.empty()) {
        const folder_listing beside = co_await list(prefix, "/");
        report.problem = beside.problem;
        if (!report.problem.empty()) co_return;
        for (const std::string& folder : beside.folders) {
            const std::string name =
                folder.substr(prefix.size(), folder.size() - prefix.size() - 1);
            if (!is_run_id(name)) continue;
            if (std::find(runs.begin(), runs.end(), name) == runs.end()) runs.push_back(name);
        }
    } else if (runs.empty()) {
        runs.push_back(options_.run_id);
    }
    for (const std::string& run : runs) {
        if (stopped()) co_return;
        std::vector<found_mark> own;
        for (const found_mark& found : marks) {
            if (found.key.starts_with(run_marks_folder(prefix, run))) own.push_back(found);
        }
        co_await go_through_run(prefix, run, std::move(own), listing.now_ns);
    }
}

std::string cleaner::why_kept(const std::vector<found_mark>& marks, std::int64_t now_ns,
                              run_remains& remains) const {
    if (marks.empty()) {
        return "it has no mark that proves whose it is and that its run is over (it may be of an "
               "older version); look at it and remove it with another tool";
    }
    if (now_ns == 0) {
        return "the server's answers have no Date, by which to know whether the run still lives";
    }
    for (const found_mark& found : marks) {
        if (!found.mark) return "\"" + found.key + "\" is not a mark that a run has written";
        if (parse_timestamp(found.mark->started).value_or(0) == 0) {
            return "\"" + found.key + "\" does not say when the run started";
        }
    }
    // First what was asked for: what was not does not count as left behind.
    for (const found_mark& found : marks) {
        const std::int64_t started_ns = parse_timestamp(found.mark->started).value_or(0);
        if (now_ns - started_ns >= options_.older_than_ns) continue;
        remains.too_young = true;
        return "it started " + in_seconds(now_ns - started_ns) + " ago";
    }
    for (const found_mark& found : marks) {
        if (found.mark->ended) continue;
        const std::int64_t age_ns = std::max<std::int64_t>(now_ns - found.written_ns, 0);
        if (found.written_ns > 0 && age_ns > mark_lifetime_ns) continue;
        remains.alive = true;
        return "the run is alive, or ended without its cleanup less than five minutes ago (its "
               "mark was written " +
               in_seconds(age_ns) + " ago); if it is over, it can be removed in " +
               in_seconds(mark_lifetime_ns - age_ns + second_ns);
    }
    return {};
}

runtime::task<void> cleaner::go_through_run(std::string prefix, std::string run,
                                            std::vector<found_mark> marks, std::int64_t now_ns) {
    run_ = run;
    run_remains remains;
    remains.run = run;
    remains.folder = run_folder(prefix, run);
    if (!marks.empty() && marks.front().mark) remains.started = marks.front().mark->started;
    remains.kept_why = why_kept(marks, now_ns, remains);
    remains.mark_left = !marks.empty();
    const bool remove = options_.remove && remains.kept_why.empty();
    co_await go_through_folders(prefix, remains, marks, remove);
    if (remains.kept_why.empty()) co_await go_through_sets(remains, marks, remove);
    const bool nothing = marks.empty() && remains.left == 0 && remains.foreign == 0;
    if (nothing) co_return;
    if (remains.kept_why.empty()) co_await go_through_buckets(remains, marks, remove);
    const bool all_gone = remains.left == 0 && remains.problem.empty() &&
                          remains.buckets.size() == remains.removed_buckets;
    if (remains.kept_why.empty()) {
        co_await own_bucket(prefix, remains, marks, remove && all_gone && !stopped());
    }
    report.runs.push_back(std::move(remains));
}

runtime::task<void> cleaner::go_through_folders(std::string prefix, run_remains& remains,
                                                const std::vector<found_mark>& marks, bool remove) {
    std::vector<sweep_job> jobs;
    for (const found_mark& found : marks) {
        if (!found.mark) continue;
        sweep_job job;
        job.folder = found.mark->folder;
        job.unlocks = found.mark->locks;
        job.not_before_ns = parse_timestamp(found.mark->started).value_or(0);
        job.stopped = stopper();
        jobs.push_back(std::move(job));
    }
    if (jobs.empty()) {
        sweep_job job;
        job.folder = run_folder(prefix, remains.run);
        job.stopped = stopper();
        jobs.push_back(std::move(job));
    }
    for (sweep_job& job : jobs) {
        const sweep_figures before = co_await sweep(*session_, job, endpoint_, &now_);
        remains.objects += before.objects;
        remains.versions += before.versions;
        remains.markers += before.markers;
        remains.uploads += before.uploads;
        remains.bytes += before.bytes;
        remains.foreign += before.foreign;
        if (remains.foreign_example.empty()) remains.foreign_example = before.foreign_example;
        sweep_figures after = before;
        if (remove && before.complete && before.found() > 0) {
            after = co_await sweep_clean(*session_, job, endpoint_, &now_);
            remains.removed += after.removed;
        }
        remains.left += after.found();
        if (!after.complete) note(remains, after.problem.empty() ? "interrupted" : after.problem);
        if (remove && after.found() > 0) note(remains, after.problem);
        done_found_ += before.found();
        done_removed_ += after.removed;
        now_ = sweep_figures();
    }
}

runtime::task<void> cleaner::go_through_sets(run_remains& remains,
                                             const std::vector<found_mark>& marks, bool remove) {
    for (const found_mark& found : marks) {
        if (found.mark->kept.empty() || stopped()) continue;
        sweep_job job;
        job.folder = found.mark->kept;
        job.not_before_ns = parse_timestamp(found.mark->started).value_or(0);
        job.patience_ns = patience_ns;
        job.stopped = stopper();
        const unfinished_set before =
            co_await remove_unfinished_set(*session_, endpoint_, job, remains.run, true);
        if (!before.problem.empty()) note(remains, before.problem);
        if (before.ours) remains.unfinished = job.folder;
        remains.objects += before.left.objects;
        remains.versions += before.left.versions;
        remains.markers += before.left.markers;
        remains.uploads += before.left.uploads;
        remains.bytes += before.left.bytes;
        if (!remove || !before.problem.empty()) {
            remains.left += before.left.found();
            continue;
        }
        const unfinished_set after =
            co_await remove_unfinished_set(*session_, endpoint_, job, remains.run, false);
        remains.removed += after.left.removed;
        remains.left += after.left.found();
        if (!after.problem.empty()) note(remains, after.problem);
    }
}

runtime::task<void> cleaner::go_through_buckets(run_remains& remains,
                                                const std::vector<found_mark>& marks, bool remove) {
    for (const found_mark& found : marks) {
        const run_mark& mark = *found.mark;
        if (mark.bucket_stem.empty()) continue;
        // The mark might say anything; the run's id makes the name its own.
        const std::string tail = made_bucket_stem("x", mark.run, 0);
        const std::string id = tail.substr(1, tail.size() - 3);
        if (mark.bucket_stem.find(id) == std::string::npos) {
            note(remains,
                 "the mark names buckets that are not the run's: \"" + mark.bucket_stem + "...\"");
            co_return;
        }
        patience how(patience_ns, stopper());
        const bucket_listing owned =
            co_await list_buckets(*session_, mark.bucket_stem, endpoint_, &how);
        if (!owned.problem.empty()) {
            note(remains, "its buckets cannot be listed: " + owned.problem);
            co_return;
        }
        const std::int64_t started_ns = parse_timestamp(mark.started).value_or(0);
        for (const owned_bucket& bucket : owned.buckets) {
            if (!parse_made_bucket(mark.bucket_stem, bucket.name)) continue;
            if (bucket.created_ns < started_ns) continue;
            remains.buckets.push_back(bucket.name);
            if (!remove || stopped()) continue;
            const std::string problem =
                co_await remove_empty_bucket(*session_, bucket.name, endpoint_, nullptr, &how);
            if (problem.empty()) {
                how.renew();
                ++remains.removed_buckets;
            } else {
                note(remains, "the bucket \"" + bucket.name + "\" stays: " + problem);
            }
        }
    }
}

runtime::task<void> cleaner::remove_marks(run_remains& remains,
                                          const std::vector<found_mark>& marks) {
    remains.mark_left = false;
    for (const found_mark& found : marks) {
        sweep_job job;
        job.folder = found.key;
        job.exact = true;
        const sweep_figures left = co_await sweep_clean(*session_, job, endpoint_);
        if (left.found() == 0 && left.complete) continue;
        remains.mark_left = true;
        note(remains, "the mark \"" + found.key + "\" stays: " + left.problem);
    }
}

runtime::task<void> cleaner::put_marks_back(run_remains& remains,
                                            const std::vector<found_mark>& marks) {
    for (const found_mark& found : marks) {
        run_mark mark = *found.mark;
        mark.ended = true;
        control_request ask;
        ask.method = "PUT";
        ask.key = found.key;
        ask.body = write_run_mark(mark);
        const patience how(patience_ns, stopper());
        co_await control_patiently(*session_, ask, how);
    }
    remains.mark_left = true;
}

runtime::task<void> cleaner::own_bucket(std::string prefix, run_remains& remains,
                                        const std::vector<found_mark>& marks, bool remove) {
    const std::string& name = options_.config->bucket;
    std::string created;
    for (const found_mark& found : marks) {
        if (!found.mark->bucket_created.empty()) created = found.mark->bucket_created;
    }
    if (created.empty()) {
        if (remove) co_await remove_marks(remains, marks);
        co_return;
    }
    patience how(patience_ns, stopper());
    const bucket_listing owned = co_await list_buckets(*session_, name, endpoint_, &how);
    const std::string stays = "the bucket \"" + name + "\", which the run made, stays: ";
    if (!owned.problem.empty()) {
        note(remains, "whether the run made the bucket is not known: " + owned.problem);
        co_return;
    }
    const owned_bucket* const bucket = owned.find(name);
    // Not the one that the run made: no business of this run's.
    if (bucket == nullptr || bucket->created != created) {
        if (remove) co_await remove_marks(remains, marks);
        co_return;
    }
    remains.buckets.push_back(name);
    if (!remove) co_return;
    // Without its mark no later cleanup would know that the bucket is the run's.
    how.renew();
    const bucket_content others = co_await what_is_in(*session_, name, endpoint_, &how,
                                                      run_marks_folder(prefix, remains.run));
    if (!others.held.empty()) {
        note(remains, stays + others.held);
        co_return;
    }
    co_await remove_marks(remains, marks);
    if (remains.mark_left) co_return;
    how.renew();
    const std::string problem =
        co_await remove_empty_bucket(*session_, name, endpoint_, nullptr, &how);
    if (problem.empty()) {
        ++remains.removed_buckets;
        co_return;
    }
    note(remains, stays + problem);
    co_await put_marks_back(remains, marks);
}

/// Looks up ten times a second, for Ctrl-C, and tells each second.
runtime::task<void> watch(core_state& core, const cleaner& work, const std::atomic<int>& stop,
                          const bool& done,
                          const std::function<void(const cleanup_progress&)>& tell) {
    std::int64_t tell_ns = monotonic_ns() + second_ns;
    while (!done) {
        co_await core.loop.sleep_until(monotonic_ns() + second_ns / 10);
        if (stop.load(std::memory_order_relaxed) > 0 && !core.control_cancelled) {
            core.control_cancelled = true;
            for (s3_session* session : core.controlling)
                session->cancel();
            core.loop.wake_sleepers();
        }
        if (done || monotonic_ns() < tell_ns) continue;
        tell_ns += second_ns;
        if (tell) tell(work.progress());
    }
    core.loop.request_stop();
}

runtime::task<void> carry_out(core_state& core, cleaner& work, bool& done) {
    co_await work.go();
    done = true;
    core.loop.wake_sleepers();
}

}  // namespace

cleanup_report clean_up(const cleanup_options& options, const std::atomic<int>& stop,
                        const std::function<void(const cleanup_progress&)>& progress) {
    const std::vector<endpoint_url> urls = endpoint_urls(*options.config);
    const std::vector<target_address> addresses = find_addresses(*options.config, urls);
    const scenario::group nothing;
    driver_options driver;
    driver.config = options.config;
    driver.group = &nothing;
    driver.timeout = options.timeout;
    runtime::reactor loop(0, -1, runtime::idle_mode::sleep);
    core_state core(loop, driver, http_figures::declared({}));
    if (options.config->needs_libcurl()) core.connect = make_curl_connection;
    if (urls.front().tls) core.tls = std::make_shared<tls_context>(*options.config, urls.size());
    for (const endpoint_url& url : urls) {
        core.run_writers.emplace_back(
            writer_options(*options.config, url, options.prefixes.front()));
    }
    cleaner work(core, addresses, options, stop);
    bool done = false;
    loop.post([&] {
        runtime::start_detached(watch(core, work, stop, done, progress));
        runtime::start_detached(carry_out(core, work, done));
    });
    loop.run();
    return std::move(work.report);
}

}  // namespace chopsticks::s3
