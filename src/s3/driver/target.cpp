#include "target.hpp"

#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>

#include "explain.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::string_view manifest_name = "manifest.json";

const std::string& endpoint_text(const core_state& core, const target_address& address) {
    return core.options.config->endpoints[address.endpoint];
}

std::string bucket_path(core_state& core, std::size_t endpoint) {
    if (core.options.config->virtual_host) return "/";
    return core.run_writers[endpoint].raw_path("").substr(0,
                                                          core.options.config->bucket.size() + 1);
}

/// What a kept data set is made of: equal texts mean equal objects.
std::string manifest(const core_state& core) {
    const scenario::data_set& d = core.options.group->data;
    std::string text =
        "{\"made_by\": \"chopsticks\", \"format\": 1, \"name\": \"" + d.reuse +
        "\", \"objects\": " + std::to_string(d.objects) + ", \"size\": \"" + d.size.describe() +
        "\", \"compression_ratio\": " + std::to_string(d.content.compression_ratio) + "}\n";
    return text;
}

runtime::task<std::string> create_bucket(core_state& core, s3_session& session,
                                         const std::string& endpoint) {
    const scenario::s3_config& config = *core.options.config;
    std::string body;
    if (config.region != "us-east-1" && !config.region.empty()) {
        body = "<CreateBucketConfiguration><LocationConstraint>" + config.region +
               "</LocationConstraint></CreateBucketConfiguration>";
    }
    control_reply reply = co_await session.control("PUT", bucket_path(core, session.endpoint()),
                                                   std::vector<name_value>(), body);
    if (reply.problem.empty() && reply.status == 400 && !body.empty() &&
        parse_error(reply.body).code == "InvalidLocationConstraint") {
        // Ceph zone groups have names of their own; without one the target's default is taken.
        reply = co_await session.control("PUT", bucket_path(core, session.endpoint()),
                                         std::vector<name_value>(), std::string());
    }
    if (reply.problem.empty() && reply.status < 300) co_return std::string();
    co_return "cannot create the bucket \"" + config.bucket +
        "\": " + explain(reply, core, endpoint);
}

}  // namespace

runtime::task<engine::target_state> open_s3_target(core_state& core,
                                                   const std::vector<target_address>& addresses,
                                                   bool& made_bucket) {
    engine::target_state state;
    const driver_options& options = core.options;
    std::vector<bool> asked(options.config->endpoints.size(), false);
    std::vector<std::string> unanswered(options.config->endpoints.size());
    for (const target_address& address : addresses) {
        if (asked[address.endpoint]) continue;
        const std::string& endpoint = endpoint_text(core, address);
        s3_session session(core, address);
        std::vector<name_value> query;
        query.push_back(name_value{"list-type", "2"});
        query.push_back(name_value{"max-keys", "1"});
        query.push_back(name_value{"prefix", options.run_prefix});
        control_reply reply = co_await session.control("GET", bucket_path(core, address.endpoint),
                                                       query, std::string());
        if (!reply.problem.empty()) {
            // Another address of the same name may be up; the last one's failure is told.
            unanswered[address.endpoint] = explain(reply, core, endpoint);
            continue;
        }
        asked[address.endpoint] = true;
        if (reply.status == 404 && parse_error(reply.body).code == "NoSuchBucket" &&
            options.config->create_bucket) {
            state.problem = co_await create_bucket(core, session, endpoint);
            if (!state.problem.empty()) co_return state;
            made_bucket = true;
            reply = co_await session.control("GET", bucket_path(core, address.endpoint), query,
                                             std::string());
        }
        state.problem = explain(reply, core, endpoint);
        if (!state.problem.empty()) co_return state;
        const auto page = parse_list(reply.body);
        if (!page.has_value()) {
            state.problem = explain_no_listing(reply, core, endpoint);
            co_return state;
        }
        if (!page->keys.empty()) {
            state.problem = endpoint + ": there are objects below \"" + options.run_prefix +
                            "\" already, which this run did not make; choose another data.prefix";
            co_return state;
        }
    }
    for (std::size_t i = 0; i < asked.size() && state.problem.empty(); ++i) {
        if (!asked[i]) state.problem = unanswered[i];
    }
    if (!state.problem.empty() || options.kept_prefix.empty()) co_return state;

    // A kept data set: complete exactly if its manifest is there, which is written last.
    s3_session session(core, addresses.front());
    const std::string path = core.run_writers[session.endpoint()].raw_path(
        options.kept_prefix + std::string(manifest_name));
    const control_reply reply =
        co_await session.control("GET", path, std::vector<name_value>(), std::string());
    if (!reply.problem.empty() || (reply.status != 404 && reply.status >= 300)) {
        state.problem = explain(reply, core, endpoint_text(core, addresses.front()));
    } else if (reply.status == 404) {
        if (!options.prepares) {
            state.problem = "the kept data set \"" + options.group->data.reuse +
                            "\" does not exist yet and phases.prepare is false; run once with "
                            "prepare: true to make it";
        }
    } else if (reply.body != manifest(core)) {
        state.problem = "the kept data set \"" + options.group->data.reuse +
                        "\" was made with other settings; give it another name in data.reuse, or "
                        "use the settings it was made with: " +
                        short_text(reply.body);
    } else {
        state.data_ready = true;
    }
    co_return state;
}

runtime::task<std::string> seal_s3_data(core_state& core,
                                        const std::vector<target_address>& addresses) {
    if (core.options.kept_prefix.empty()) co_return std::string();
    s3_session session(core, addresses.front());
    const std::string path = core.run_writers[session.endpoint()].raw_path(
        core.options.kept_prefix + std::string(manifest_name));
    const control_reply reply =
        co_await session.control("PUT", path, std::vector<name_value>(), manifest(core));
    co_return explain(reply, core, endpoint_text(core, addresses.front()));
}

runtime::task<std::string> close_s3_target(core_state& core,
                                           const std::vector<target_address>& addresses,
                                           bool made_bucket) {
    if (!made_bucket || !core.options.kept_prefix.empty()) co_return std::string();
    s3_session session(core, addresses.front());
    const control_reply reply = co_await session.control(
        "DELETE", bucket_path(core, session.endpoint()), std::vector<name_value>(), std::string());
    if (reply.problem.empty() && reply.status < 300) co_return std::string();
    co_return "the bucket \"" + core.options.config->bucket +
        "\", which this run made, could not be removed: " +
        explain(reply, core, endpoint_text(core, addresses.front()));
}

}  // namespace chopsticks::s3
