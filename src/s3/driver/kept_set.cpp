#include "kept_set.hpp"

#include <chopsticks/s3/protocol/list.hpp>

#include "explain.hpp"
#include "folder_listing.hpp"
#include "patience.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::string_view manifest_name = "manifest.json";
constexpr std::string_view claim_start = "making-";
/// How long a target may be away or throttle.
constexpr std::int64_t claim_patience_ns = 30'000'000'000;

/// What a kept data set is made of: equal texts mean equal objects.
std::string manifest(const core_state& core) {
    const scenario::data_set& d = core.options.group->data;
    std::string text =
        "{\"made_by\": \"chopsticks\", \"format\": 1, \"name\": \"" + d.reuse +
        "\", \"objects\": " + std::to_string(d.objects) + ", \"size\": \"" + d.size.describe() +
        "\", \"compression_ratio\": " + std::to_string(d.content.compression_ratio) + "}\n";
    return text;
}

std::string claim_key(std::string_view folder, std::string_view run) {
    return std::string(folder).append(claim_start).append(run);
}

/// The claim's second text, written once the folder was seen to hold nothing else: the proof that
/// what is in it is the run's.
std::string making_text(std::string_view run) {
    return "{\"made_by\": \"chopsticks\", \"format\": 1, \"makes\": \"" + std::string(run) +
           "\"}\n";
}

control_request request(const char* method, std::string key, std::string body = {}) {
    control_request ask;
    ask.method = method;
    ask.key = std::move(key);
    ask.body = std::move(body);
    return ask;
}

bool is_there(const control_reply& reply) {
    return reply.problem.empty() && reply.status < 300;
}

bool is_missing(const control_reply& reply) {
    return reply.problem.empty() && reply.status == 404;
}

/// With all its versions.
runtime::task<std::string> remove_claim(s3_session& session, const std::string& endpoint,
                                        std::string key, std::int64_t most_ns) {
    sweep_job job;
    job.folder = key;
    job.exact = true;
    job.patience_ns = most_ns;
    const sweep_figures left = co_await sweep_clean(session, job, endpoint);
    if (left.found() == 0 && left.complete) co_return std::string();
    co_return "\"" + key + "\", with which the run claimed the data set, stays: " + left.problem;
}

}  // namespace

runtime::task<std::string> find_kept_set(s3_session& session, const std::string& endpoint,
                                         bool& found) {
    const core_state& core = session.core();
    const driver_options& options = core.options;
    const control_request ask = request("GET", options.kept_prefix + std::string(manifest_name));
    const control_reply reply = co_await session.control(ask);
    found = false;
    const std::string set = "the kept data set \"" + options.group->data.reuse + "\" ";
    if (is_missing(reply)) {
        if (options.prepares) co_return std::string();
        co_return set +
            "does not exist yet and phases.prepare is false; run once with "
            "prepare: true to make it";
    }
    if (!is_there(reply)) co_return explain(reply, core, endpoint);
    found = reply.body == manifest(core);
    if (found) co_return std::string();
    co_return set +
        "was made with other settings; give it another name in data.reuse, or use the settings it "
        "was made with: " +
        short_text(reply.body);
}

runtime::task<std::string> begin_kept_set(s3_session& session, const std::string& endpoint,
                                          s3_target& target, bool& found) {
    const core_state& core = session.core();
    const driver_options& options = core.options;
    const std::string& folder = options.kept_prefix;
    const std::string own = claim_key(folder, options.run_id);
    control_request ask = request("PUT", own, "{}\n");
    control_reply reply = co_await control_patiently(session, ask, claim_patience_ns);
    std::string problem = explain(reply, core, endpoint);
    if (!problem.empty()) co_return "cannot write \"" + own + "\": " + problem;
    target.claimed = true;
    folder_listing claims =
        co_await list_folder(session, endpoint, folder + std::string(claim_start), std::string(),
                             patience(claim_patience_ns));
    std::string other;
    for (const stored_version& entry : claims.keys) {
        if (entry.key != own) other = entry.key.substr(folder.size() + claim_start.size());
    }
    ask = control_request();
    ask.method = "GET";
    ask.query.push_back(name_value{"list-type", "2"});
    ask.query.push_back(name_value{"max-keys", "2"});
    ask.query.push_back(name_value{"prefix", folder});
    reply = co_await control_patiently(session, ask, claim_patience_ns);
    problem = claims.problem.empty() ? explain(reply, core, endpoint) : claims.problem;
    if (!problem.empty()) co_return problem;
    const auto page = parse_list(reply.body);
    if (!page) co_return explain_no_listing(reply, core, endpoint);
    std::string foreign;
    for (const list_entry& entry : page->keys) {
        if (entry.key != own && foreign.empty()) foreign = entry.key;
    }
    const std::string set = "the kept data set \"" + options.group->data.reuse + "\" ";
    if (!other.empty() || !foreign.empty()) {
        problem = co_await remove_claim(session, endpoint, own, claim_patience_ns);
        target.claimed = !problem.empty();
        // Its maker may have finished it between the two looks.
        problem = co_await find_kept_set(session, endpoint, found);
        if (found || !problem.empty()) co_return problem;
        if (!other.empty()) {
            co_return set + "is being made by the run " + other +
                " just now, or was when that run was killed; wait until it has ended, or remove "
                "what it left: chopsticks cleanup --run " +
                other;
        }
        co_return set + "has no manifest, but there is something below \"" + folder + "\": \"" +
            foreign + "\"; it is not overwritten: remove it, or give another name in data.reuse";
    }
    const control_request making = request("PUT", own, making_text(options.run_id));
    reply = co_await control_patiently(session, making, claim_patience_ns);
    problem = explain(reply, core, endpoint);
    if (!problem.empty()) co_return "cannot write \"" + own + "\": " + problem;
    target.makes_set = true;
    co_return problem;
}

runtime::task<std::string> finish_kept_set(s3_session& session, const std::string& endpoint,
                                           s3_target& target) {
    const core_state& core = session.core();
    const std::string& folder = core.options.kept_prefix;
    const control_request ask = request("PUT", folder + std::string(manifest_name), manifest(core));
    const control_reply reply = co_await session.control(ask);
    std::string problem = explain(reply, core, endpoint);
    if (!problem.empty()) co_return problem;
    target.makes_set = false;
    target.set_stays = true;
    if (!target.claimed) co_return problem;
    problem = co_await remove_claim(session, endpoint, claim_key(folder, core.options.run_id),
                                    claim_patience_ns);
    // It is tried again at the end of the run.
    target.claimed = !problem.empty();
    co_return std::string();
}

runtime::task<unfinished_set> remove_unfinished_set(s3_session& session,
                                                    const std::string& endpoint, sweep_job job,
                                                    std::string run, bool only_look) {
    const core_state& core = session.core();
    unfinished_set out;
    const std::string claim = claim_key(job.folder, run);
    const control_request ask = request("GET", claim);
    control_reply reply = co_await control_patiently(session, ask, job.patience_ns);
    if (is_missing(reply)) co_return out;
    const bool makes = is_there(reply) && reply.body == making_text(run);
    if (!is_there(reply)) out.problem = explain(reply, core, endpoint);
    if (!out.problem.empty()) co_return out;
    const control_request look = request("GET", job.folder + std::string(manifest_name));
    reply = co_await control_patiently(session, look, job.patience_ns);
    if (!is_missing(reply) && !is_there(reply)) out.problem = explain(reply, core, endpoint);
    if (!out.problem.empty()) co_return out;
    out.ours = makes && is_missing(reply);
    job.spared = claim;
    if (out.ours && only_look) {
        out.left = co_await sweep(session, job, endpoint);
    } else if (out.ours) {
        out.left = co_await sweep_clean(session, job, endpoint);
    }
    if (only_look) co_return out;
    if (out.left.found() > 0 || (out.ours && !out.left.complete)) {
        out.problem = describe(out.left) + " of an unfinished data set below \"" + job.folder +
                      "\" could not be removed: " + out.left.problem;
        co_return out;
    }
    out.problem = co_await remove_claim(session, endpoint, claim, job.patience_ns);
    co_return out;
}

}  // namespace chopsticks::s3
