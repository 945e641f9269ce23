#include "target.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/operation.hpp>

#include "bucket.hpp"
#include "explain.hpp"
#include "kept_set.hpp"
#include "patience.hpp"
#include "sweep.hpp"

namespace chopsticks::s3 {

namespace {

/// How often the bucket may vanish between being seen and being used: another run made it and
/// removes it when it ends.
constexpr int bucket_attempts = 3;
/// How long a target may be away or throttle before the run cannot begin.
constexpr std::int64_t mark_patience_ns = 30 * second_ns;

const std::string& endpoint_text(const core_state& core, const target_address& address) {
    return core.options.config->endpoints[address.endpoint];
}

template <typename Condition>
bool has_step(const core_state& core, const Condition& is_one) {
    for (const scenario::task& task : core.options.group->tasks) {
        if (std::any_of(task.steps.begin(), task.steps.end(), is_one)) return true;
    }
    return false;
}

bool has_use(const core_state& core, bool (*of_use)(scenario::subject_use)) {
    return has_step(core, [&](const scenario::step& step) { return of_use(step.use); });
}

/// Whether a request is sent, alone or as one of several, of whose row that is true.
template <typename Condition>
bool sends_request(const core_state& core, const Condition& is_one) {
    const auto has_such_row = [&](std::string_view name) {
        const operation_row* const row = find_row(name);
        return row != nullptr && is_one(*row);
    };
    return has_step(core, [&](const scenario::step& step) {
        return has_such_row(step.op) ||
               std::any_of(step.parts.begin(), step.parts.end(), has_such_row);
    });
}

bool needs(const core_state& core, bucket_feature what) {
    return sends_request(core, [&](const operation_row& row) { return row.needs == what; });
}

bool makes_object(const operation_row& row) {
    return row.makes_object;
}

bool makes_buckets(scenario::subject_use use) {
    return use == scenario::subject_use::make_container;
}

/// Whether the run may make anything that it has to remove again.
bool leaves_traces(const core_state& core) {
    const bool prepares_own = core.options.prepares && core.options.kept_prefix.empty();
    return prepares_own || sends_request(core, makes_object) || has_use(core, makes_buckets);
}

bool is_no_such_bucket(const control_reply& reply) {
    return reply.problem.empty() && reply.status == 404 &&
           parse_error(reply.body).code == "NoSuchBucket";
}

/// The bucket keeps versions from now on. Of a bucket that this run is shown to have made.
runtime::task<std::string> switch_versioning_on(s3_session& session, const std::string& endpoint) {
    control_request ask;
    ask.method = "PUT";
    ask.query.push_back(name_value{"versioning", ""});
    ask.body =
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Status>Enabled</Status></VersioningConfiguration>";
    ask.headers.push_back(name_value{"Content-MD5", content_md5(ask.body)});
    const control_reply reply = co_await session.control(ask);
    const std::string problem = explain(reply, session.core(), endpoint);
    if (problem.empty()) co_return problem;
    co_return "cannot have the bucket \"" + session.core().options.config->bucket +
        "\" keep versions: " + problem;
}

/// Empty, or what the bucket lacks that the operations need. Called once its rules are known.
std::string missing_rules(const core_state& core, const s3_target& target) {
    const settings& config = *core.options.config;
    if (!target.rules_known) return {};
    const bool versions = config.versioning || needs(core, bucket_feature::versions);
    const bool locks = config.object_lock || needs(core, bucket_feature::locks);
    const std::string bucket = "the bucket \"" + config.bucket + "\" ";
    if (locks && !target.rules.locked) {
        return bucket +
               "has no object lock, which a bucket is made with or not: with `object_lock: true` "
               "in "
               "the workload config one that is not there yet is made so";
    }
    if (versions && !target.rules.versioned) {
        return bucket +
               "keeps no versions: with `versioning: true` in the workload config one that is not "
               "there yet is made so; what is there is not this run's to change";
    }
    return {};
}

/// Makes the bucket after a first answer, at `missing_at_s` by the server's clock, said that it is
/// not there. That the server says 200 proves nothing: another run may have made it in between, and
/// RGW answers so for a bucket that one has had for years. Its date of birth does.
runtime::task<std::string> make_bucket(s3_session& session, s3_target& target,
                                       const std::string& endpoint, std::int64_t missing_at_s) {
    core_state& core = session.core();
    const settings& config = *core.options.config;
    control_request ask;
    ask.method = "PUT";
    if (config.object_lock) {
        ask.headers.push_back(name_value{"x-amz-bucket-object-lock-enabled", "true"});
    }
    if (config.region != "us-east-1" && !config.region.empty()) {
        ask.body = "<CreateBucketConfiguration><LocationConstraint>" + config.region +
                   "</LocationConstraint></CreateBucketConfiguration>";
    }
    control_reply reply = co_await session.control(ask);
    if (reply.problem.empty() && reply.status == 400 && !ask.body.empty() &&
        parse_error(reply.body).code == "InvalidLocationConstraint") {
        // Ceph zone groups have names of their own; without one the target's default is taken.
        ask.body.clear();
        reply = co_await session.control(ask);
    }
    // Somebody with the same credentials was quicker: it is there, and it is theirs.
    if (reply.problem.empty() && reply.status == 409 &&
        parse_error(reply.body).code == "BucketAlreadyOwnedByYou") {
        co_return std::string();
    }
    const std::string problem = explain(reply, core, endpoint);
    if (!problem.empty())
        co_return "cannot create the bucket \"" + config.bucket + "\": " + problem;
    target.bucket_made = true;
    const bucket_listing owned = co_await list_buckets(session, config.bucket, endpoint);
    const owned_bucket* const bucket = owned.find(config.bucket);
    if (bucket == nullptr) {
        target.bucket_doubt = owned.problem.empty()
                                  ? "the server does not list it among this user's buckets"
                                  : "its date cannot be seen: " + owned.problem;
    } else if (missing_at_s <= 0 || bucket->created_ns == 0) {
        target.bucket_doubt = "the server does not say when it was made";
    } else if (bucket->created_ns < missing_at_s * second_ns) {
        // It was there all the time, whatever the first answer said.
        target.bucket_made = false;
    } else {
        target.bucket_created = bucket->created;
        // Object lock brings versions with it.
        if (config.versioning && !config.object_lock) {
            const std::string refused = co_await switch_versioning_on(session, endpoint);
            co_return refused;
        }
    }
    co_return std::string();
}

/// Empty, or why the names that create_bucket will use cannot be taken for unused.
runtime::task<std::string> check_stem_unused(s3_session& session, const std::string& endpoint) {
    core_state& core = session.core();
    const std::string& stem = core.options.bucket_stem;
    const std::string taken = "there are buckets named \"" + stem +
                              "...\" already, which this run did not make; run it again, the name "
                              "will be another one";
    const bucket_listing owned = co_await list_buckets(session, stem, endpoint);
    if (owned.problem.empty()) co_return owned.buckets.empty() ? std::string() : taken;
    if (owned.status != 403 && owned.status != 501 && owned.status != 405) co_return owned.problem;
    // Who may not list buckets can still ask for each: the first of every core.
    for (unsigned core_number = 0; core_number < core.options.cores; ++core_number) {
        control_request ask;
        ask.method = "HEAD";
        ask.bucket = made_bucket_name(stem, core_number);
        const control_reply reply = co_await session.control(ask);
        if (reply.problem.empty() && reply.status == 404) continue;
        if (!reply.problem.empty() || reply.status >= 500) {
            co_return explain(reply, core, endpoint);
        }
        co_return taken;
    }
    co_return std::string();
}

/// Learns whether the bucket keeps what is deleted, and says what will stay.
runtime::task<void> learn_rules(s3_session& session, s3_target& target,
                                std::vector<std::string>& notes) {
    control_request ask;
    ask.method = "GET";
    ask.query.push_back(name_value{"versioning", ""});
    control_reply reply = co_await session.control(ask);
    target.rules_known =
        reply.problem.empty() && reply.status < 300 && parse_versioning(reply.body, target.rules);
    // No such thing here is an answer too, and so is a listing: nobody looked what was asked for.
    if (lists_no_uploads(reply)) target.rules_known = true;
    if (!target.rules.versioned) co_return;
    ask.query.front().name = "object-lock";
    reply = co_await session.control(ask);
    if (reply.problem.empty() && reply.status < 300) parse_object_lock(reply.body, target.rules);
    const std::string bucket = "the bucket \"" + session.core().options.config->bucket + "\" ";
    if (!target.rules.retention.empty()) {
        notes.push_back(bucket + "locks every new object (" + target.rules.retention +
                        "): nothing that this run writes can be removed before that time is over; "
                        "it stays and is counted as left behind");
    } else {
        notes.push_back(bucket +
                        "keeps old versions: the run's own and their delete markers are removed "
                        "by their version ids at the end");
    }
}

/// Writes the mark for the first time. `gone`: there is no bucket any more.
runtime::task<std::string> write_first_mark(s3_session& session, s3_target& target,
                                            const std::string& endpoint, bool& gone) {
    control_request ask;
    ask.method = "PUT";
    ask.key = target.keeper->key();
    ask.body = write_run_mark(target.keeper->mark);
    const control_reply reply = co_await control_patiently(session, ask, mark_patience_ns);
    gone = is_no_such_bucket(reply);
    const std::string problem = explain(reply, session.core(), endpoint);
    if (problem.empty()) co_return problem;
    co_return "cannot write \"" + ask.key + "\", the run's mark: " + problem;
}

/// Looks into the run's folder over one address, makes the bucket if it is not there. `reply`: the
/// answer, for its date.
runtime::task<std::string> look_at_folder(s3_session& session, s3_target& target,
                                          const std::string& endpoint, control_reply& reply) {
    core_state& core = session.core();
    const driver_options& options = core.options;
    control_request ask;
    ask.method = "GET";
    ask.query.push_back(name_value{"list-type", "2"});
    ask.query.push_back(name_value{"max-keys", "1"});
    ask.query.push_back(name_value{"prefix", options.run_prefix});
    reply = co_await session.control(ask);
    if (!reply.problem.empty()) co_return explain(reply, core, endpoint);
    if (is_no_such_bucket(reply) && options.config->create_bucket) {
        const std::string problem = co_await make_bucket(session, target, endpoint, reply.date_s);
        if (!problem.empty()) co_return problem;
        reply = co_await session.control(ask);
    }
    const std::string problem = explain(reply, core, endpoint);
    if (!problem.empty()) co_return problem;
    const auto page = parse_list(reply.body);
    if (!page.has_value()) co_return explain_no_listing(reply, core, endpoint);
    if (page->keys.empty()) co_return std::string();
    co_return endpoint + ": there are objects below \"" + options.run_prefix +
        "\" already, which this run did not make; choose another data.prefix";
}

/// Marks the folder as this run's, in a bucket that may vanish under its hands.
runtime::task<std::string> claim_folder(s3_session& session, s3_target& target,
                                        const std::string& endpoint, std::int64_t started_s) {
    core_state& core = session.core();
    run_mark& mark = target.keeper->mark;
    if (started_s <= 0) {
        co_return endpoint +
            ": its answers have no Date, by which a run knows its own things from older ones; is "
            "there a proxy that removes it?";
    }
    mark.run = core.options.run_id;
    mark.group = core.options.group->name;
    mark.folder = core.options.run_prefix;
    if (has_use(core, makes_buckets)) mark.bucket_stem = core.options.bucket_stem;
    mark.locks = sends_request(core, [](const operation_row& row) { return row.sets_lock; });
    target.started_ns = started_s * second_ns;
    core.mark_key = target.keeper->key();
    mark.started = format_timestamp(target.started_ns);
    for (int attempt = 1;; ++attempt) {
        mark.bucket_created = target.bucket_created;
        bool gone = false;
        std::string problem = co_await write_first_mark(session, target, endpoint, gone);
        if (problem.empty()) {
            target.marked = true;
            target.keeper->start();
            co_return problem;
        }
        if (!gone || !core.options.config->create_bucket || attempt == bucket_attempts) {
            co_return problem;
        }
        target.forget_bucket();
        control_reply reply;
        problem = co_await look_at_folder(session, target, endpoint, reply);
        if (!problem.empty()) co_return problem;
    }
}

}  // namespace

runtime::task<engine::target_state> open_s3_target(core_state& core,
                                                   const std::vector<target_address>& addresses,
                                                   s3_target& target) {
    engine::target_state state;
    const driver_options& options = core.options;
    std::vector<bool> asked(options.config->endpoints.size(), false);
    std::vector<std::string> unanswered(options.config->endpoints.size());
    std::int64_t started_s = -1;
    const target_address* answering = nullptr;
    std::unique_ptr<s3_session> first;  // on that address
    for (const target_address& address : addresses) {
        if (asked[address.endpoint]) continue;
        auto session = std::make_unique<s3_session>(core, address);
        control_reply reply;
        const std::string problem =
            co_await look_at_folder(*session, target, endpoint_text(core, address), reply);
        if (!reply.problem.empty()) {
            // Another address of the same name may be up; the last one's failure is told.
            unanswered[address.endpoint] = problem;
            continue;
        }
        asked[address.endpoint] = true;
        state.problem = problem;
        if (!state.problem.empty()) co_return state;
        if (answering == nullptr) {
            answering = &address;
            first = std::move(session);
        }
        // Nothing of this run is older than the least of what the servers' clocks say.
        if (started_s < 0 || (reply.date_s > 0 && reply.date_s < started_s)) {
            started_s = reply.date_s;
        }
    }
    for (std::size_t i = 0; i < asked.size() && state.problem.empty(); ++i) {
        if (!asked[i]) state.problem = unanswered[i];
    }
    if (!state.problem.empty()) co_return state;
    s3_session& session = *first;
    const std::string& endpoint = endpoint_text(core, *answering);
    if (!options.kept_prefix.empty()) {
        state.problem = co_await find_kept_set(session, endpoint, target.set_stays);
        if (!state.problem.empty()) co_return state;
        state.data_ready = target.set_stays;
    }
    const bool makes_set = !options.kept_prefix.empty() && !target.set_stays;
    if (makes_set) target.keeper->mark.kept = options.kept_prefix;
    if (leaves_traces(core) || target.bucket_made || makes_set) {
        state.problem = co_await claim_folder(session, target, endpoint, started_s);
        if (!state.problem.empty()) co_return state;
        co_await learn_rules(session, target, state.notes);
        state.problem = missing_rules(core, target);
        if (!state.problem.empty()) co_return state;
    }
    if (target.bucket_made && !target.bucket_doubt.empty()) {
        state.notes.push_back("the bucket \"" + options.config->bucket +
                              "\", which this run asked for, will stay: " + target.bucket_doubt);
    }
    if (has_use(core, makes_buckets)) {
        state.problem = co_await check_stem_unused(session, endpoint);
        if (!state.problem.empty()) co_return state;
    }
    if (makes_set) {
        state.problem = co_await begin_kept_set(session, endpoint, target, state.data_ready);
        target.set_stays = state.data_ready;
    }
    co_return state;
}

runtime::task<std::string> seal_s3_data(core_state& core,
                                        const std::vector<target_address>& addresses,
                                        s3_target& target) {
    if (core.options.kept_prefix.empty()) co_return std::string();
    s3_session session(core, addresses.front());
    std::string problem =
        co_await finish_kept_set(session, endpoint_text(core, addresses.front()), target);
    if (problem.empty() && target.keeper && !target.claimed) target.keeper->mark.kept.clear();
    co_return problem;
}

}  // namespace chopsticks::s3
