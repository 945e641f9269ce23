#include "count_left.hpp"

#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/list.hpp>

namespace chopsticks::s3 {

namespace {

struct listed {
    bool whole = false;
    std::uint64_t keys = 0;
};

runtime::task<listed> list_all(core_state& core, const target_address& address) {
    s3_session session(core, address);
    const scenario::s3_config& config = *core.options.config;
    const request_writer& writer = core.run_writers[address.endpoint];
    const std::string path =
        config.virtual_host ? "/" : writer.raw_path("").substr(0, config.bucket.size() + 1);
    listed out;
    std::string token;
    for (;;) {
        std::vector<name_value> query;
        query.push_back(name_value{"list-type", "2"});
        query.push_back(name_value{"max-keys", "1000"});
        query.push_back(name_value{"prefix", core.options.run_prefix});
        if (!token.empty()) query.push_back(name_value{"continuation-token", token});
        const control_reply reply = co_await session.control("GET", path, query, std::string());
        if (!reply.problem.empty()) co_return out;
        if (reply.status == 404 && parse_error(reply.body).code == "NoSuchBucket") {
            out.whole = true;
            co_return out;
        }
        if (reply.status != 200) co_return out;
        const auto page = parse_list(reply.body);
        if (!page.has_value()) co_return out;
        for (const list_entry& entry : page->keys) {
            // A server that ignores the prefix shows what is not ours.
            if (!entry.key.starts_with(core.options.run_prefix)) co_return out;
        }
        out.keys += page->keys.size();
        out.whole = !page->is_truncated;
        // A page without a key, or the same page again, would go on for ever.
        if (out.whole || page->keys.empty() || page->token == token) co_return out;
        token = page->token;
    }
}

}  // namespace

runtime::task<engine::left_count> count_s3_left(core_state& core,
                                                const std::vector<target_address>& addresses) {
    engine::left_count out;
    for (const target_address& address : addresses) {
        const listed found = co_await list_all(core, address);
        if (!found.whole) continue;
        out.known = true;
        if (found.keys == 0) co_return out;
        engine::leftover one;
        one.kind = "object";
        one.name = "s3://" + core.options.config->bucket + "/" + core.options.run_prefix;
        one.count = found.keys;
        out.items.push_back(std::move(one));
        co_return out;
    }
    co_return out;
}

}  // namespace chopsticks::s3
