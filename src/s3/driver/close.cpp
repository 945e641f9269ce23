// The end of a run: what is removed, in which order, and what is said to stay.

#include <algorithm>

#include "bucket.hpp"
#include "explain.hpp"
#include "kept_set.hpp"
#include "patience.hpp"
#include "sweep.hpp"
#include "target.hpp"

namespace chopsticks::s3 {

namespace {

/// The end of a run waits so long for one answer, and repeats for so long what may help to repeat.
constexpr std::int64_t answer_most_ns = 15'000'000'000;
constexpr std::int64_t repeat_most_ns = 5'000'000'000;

/// The first of several that answers at all; the first one if none does.
runtime::task<const target_address*> find_answering(core_state& core,
                                                    const std::vector<target_address>& addresses) {
    control_request ask;
    ask.method = "HEAD";
    for (const target_address& address : addresses) {
        if (addresses.size() == 1) break;
        s3_session session(core, address);
        const control_reply reply = co_await session.control(ask);
        if (reply.problem.empty()) co_return &address;
    }
    co_return &addresses.front();
}

/// The mark with all its versions.
runtime::task<std::string> remove_mark(s3_session& session, s3_target& target,
                                       const std::string& endpoint) {
    sweep_job job;
    job.folder = target.keeper->key();
    job.exact = true;
    job.patience_ns = repeat_most_ns;
    const sweep_figures left = co_await sweep_clean(session, job, endpoint);
    if (left.found() == 0 && left.complete) co_return std::string();
    if (left.complete && left.found() > 0) target.marks_left = left.found();
    co_return "the run's mark \"" + job.folder + "\" stays: " + left.problem;
}

/// Leaves word for `chopsticks cleanup` that nobody is at work here any more.
runtime::task<void> mark_as_ended(s3_session& session, s3_target& target) {
    target.keeper->mark.ended = true;
    control_request ask;
    ask.method = "PUT";
    ask.key = target.keeper->key();
    ask.body = write_run_mark(target.keeper->mark);
    const control_reply reply = co_await control_patiently(session, ask, repeat_most_ns);
    target.keeper->mark.ended = explain(reply, session.core(), std::string()).empty();
}

/// Whether the load leaves uploads unfinished on purpose.
bool leaves_uploads(const core_state& core) {
    for (const scenario::task& task : core.options.group->tasks) {
        for (const scenario::step& step : task.steps) {
            if (step.op == "multipart_leave") return true;
        }
    }
    return false;
}

runtime::task<std::string> clean_folder(s3_session& session, s3_target& target,
                                        const std::string& endpoint) {
    sweep_job job;
    job.folder = target.keeper->mark.folder;
    job.not_before_ns = target.started_ns;
    job.unlocks = target.keeper->mark.locks;
    job.patience_ns = repeat_most_ns;
    const sweep_figures left = co_await sweep_clean(session, job, endpoint);
    if (left.complete) target.found = left;
    if (left.found() > 0) {
        co_return describe(left) + " below \"" + job.folder +
            "\" could not be removed: " + left.problem;
    }
    if (left.foreign > 0) {
        co_return std::to_string(left.foreign) + " other things below \"" + job.folder +
            "\" stay, which this run is not shown to have made: \"" + left.foreign_example + "\"";
    }
    if (!left.complete) {
        co_return "what is left below \"" + job.folder + "\" is not known: " + left.problem;
    }
    if (left.versions_refused && (target.rules.versioned || !target.rules_known)) {
        co_return "whether old versions are left below \"" + job.folder +
            "\" is not known: this user may not list them (403)";
    }
    if (left.uploads_refused && leaves_uploads(session.core())) {
        co_return "whether unfinished uploads are left below \"" + job.folder +
            "\" is not known: they cannot be listed";
    }
    co_return std::string();
}

/// The data set that was to be kept and was not finished, which nobody could use.
runtime::task<std::string> clean_kept_set(s3_session& session, s3_target& target,
                                          const std::string& endpoint) {
    sweep_job job;
    job.folder = session.core().options.kept_prefix;
    job.not_before_ns = target.started_ns;
    job.patience_ns = repeat_most_ns;
    const unfinished_set left = co_await remove_unfinished_set(
        session, endpoint, job, session.core().options.run_id, false);
    target.claimed = !left.problem.empty();
    target.makes_set = target.makes_set && target.claimed;
    co_return left.problem;
}

/// The bucket itself, if it is still the one that this run made and there is nothing in it.
runtime::task<std::string> remove_made_bucket(s3_session& session, s3_target& target,
                                              const std::string& endpoint) {
    const std::string& name = session.core().options.config->bucket;
    const std::string stays = "the bucket \"" + name + "\", which this run made, stays: ";
    if (!target.bucket_doubt.empty()) co_return stays + target.bucket_doubt;
    const patience how(repeat_most_ns);
    const bucket_listing owned = co_await list_buckets(session, name, endpoint, &how);
    if (!owned.problem.empty()) co_return stays + owned.problem;
    const owned_bucket* const bucket = owned.find(name);
    if (bucket == nullptr || bucket->created != target.bucket_created) target.forget_bucket();
    if (bucket == nullptr) co_return std::string();
    if (!target.bucket_made) {
        co_return "the bucket \"" + name +
            "\" stays: it is no longer the one that this run made, but was made at " +
            bucket->created;
    }
    const std::string problem =
        co_await remove_empty_bucket(session, name, endpoint, nullptr, &how);
    if (problem.empty()) target.forget_bucket();
    if (problem.empty()) co_return problem;
    co_return stays + problem;
}

}  // namespace

runtime::task<std::string> close_s3_target(core_state& core,
                                           const std::vector<target_address>& addresses,
                                           s3_target& target) {
    if (!target.keeper) co_return std::string();
    co_await target.keeper->stop();
    core.control_timeout_ns = std::min(core.options.timeout.operation_ns, answer_most_ns);
    const bool removes_bucket = target.bucket_made && !target.set_stays;
    if (!target.marked && !removes_bucket) co_return std::string();
    const target_address* const address = co_await find_answering(core, addresses);
    s3_session session(core, *address);
    const std::string& endpoint = core.options.config->endpoints[address->endpoint];
    std::string stays;
    if (target.marked) {
        stays = co_await clean_folder(session, target, endpoint);
        if (target.claimed) {
            const std::string kept = co_await clean_kept_set(session, target, endpoint);
            if (stays.empty()) stays = kept;
        }
        if (!stays.empty()) {
            co_await mark_as_ended(session, target);
            co_return stays;
        }
        stays = co_await remove_mark(session, target, endpoint);
        if (!stays.empty()) co_return stays;
        target.marked = false;
    }
    if (removes_bucket) stays = co_await remove_made_bucket(session, target, endpoint);
    co_return stays;
}

std::vector<engine::leftover> left_of(const core_state& core, const s3_target& target) {
    const settings& config = *core.options.config;
    const std::string place = "s3://" + config.bucket + "/";
    std::vector<engine::leftover> out;
    const auto add = [&out](const char* kind, std::string name, std::uint64_t count) {
        if (count == 0) return;
        engine::leftover one;
        one.kind = kind;
        one.name = std::move(name);
        one.count = count;
        out.push_back(std::move(one));
    };
    if (target.found) {
        const std::string folder = place + core.options.run_prefix;
        add("object", folder, target.found->objects);
        add("older version", folder, target.found->versions);
        add("delete marker", folder, target.found->markers);
        add("unfinished upload", folder, target.found->uploads);
        add("other thing", folder, target.found->foreign);
    }
    if (target.makes_set) {
        // The claim is one more; where versions are kept, repeated puts are too.
        add("unfinished set object", place + core.options.kept_prefix,
            core.options.group->data.objects + 1);
        out.back().exact = false;
    } else if (target.claimed) {
        add("claim", place + core.options.kept_prefix + "making-" + core.options.run_id, 1);
    }
    const bool keeps_versions = target.rules.versioned || !target.rules_known;
    if (target.marked && !keeps_versions) {
        add("run mark", place + target.keeper->key(), 1);
    } else if (target.marked) {
        // Every time that it was written is a version of it.
        const std::uint64_t puts = std::max<std::uint64_t>(core.mark_puts, 1);
        add(target.rules.versioned ? "mark version" : "run mark", place + target.keeper->key(),
            target.marks_left.value_or(puts));
        if (!target.marks_left)
            out.back().exact = puts == 1 || (target.rules.versioned && core.mark_unanswered == 0);
    }
    // With a kept data set in it, it stays by the user's choice.
    if (target.bucket_made && !target.set_stays) {
        add("bucket", config.bucket, 1);
        // With the mark in place, `cleanup` knows of it; otherwise it is for its owners to judge.
        if (!target.marked) out.back().remove_with = "s3cmd rb s3://" + config.bucket;
    }
    add("bucket", core.options.bucket_stem + "...",
        core.buckets.count(made_buckets::claim::unclear));
    return out;
}

runtime::task<engine::left_count> count_s3_left(core_state& core,
                                                const std::vector<target_address>& addresses,
                                                s3_target& target) {
    engine::left_count out;
    out.known = target.found.has_value() || !target.marked;
    if (out.known) co_return out;
    core.control_timeout_ns = std::min(core.options.timeout.operation_ns, answer_most_ns);
    const target_address* const address = co_await find_answering(core, addresses);
    s3_session session(core, *address);
    sweep_job job;
    job.folder = target.keeper->mark.folder;
    job.not_before_ns = target.started_ns;
    job.patience_ns = repeat_most_ns;
    const sweep_figures left =
        co_await sweep(session, job, core.options.config->endpoints[address->endpoint]);
    // From here on left_of has it.
    out.known = left.complete;
    if (left.complete) target.found = left;
    co_return out;
}

}  // namespace chopsticks::s3
