#include "folder_listing.hpp"

#include <chopsticks/s3/protocol/list.hpp>

#include "explain.hpp"
#include "patience.hpp"

namespace chopsticks::s3 {

runtime::task<folder_listing> list_folder(s3_session& session, const std::string& endpoint,
                                          std::string folder, std::string delimiter, patience how) {
    folder_listing out;
    std::string token;
    listing_progress progress;
    while (!how.stopped()) {
        control_request ask;
        ask.method = "GET";
        ask.query.push_back(name_value{"list-type", "2"});
        ask.query.push_back(name_value{"prefix", folder});
        if (!delimiter.empty()) ask.query.push_back(name_value{"delimiter", delimiter});
        if (!token.empty()) ask.query.push_back(name_value{"continuation-token", token});
        const control_reply reply = co_await control_patiently(session, ask, how);
        out.problem = explain(reply, session.core(), endpoint);
        if (!out.problem.empty()) co_return out;
        if (reply.date_s > 0) out.now_ns = reply.date_s * second_ns;
        const auto page = parse_list(reply.body);
        if (!page) {
            out.problem = endpoint + ": a listing cannot be read";
            co_return out;
        }
        std::uint64_t below = 0;
        for (const list_entry& entry : page->keys) {
            if (!entry.key.starts_with(folder)) continue;
            ++below;
            stored_version key;
            key.key = entry.key;
            key.size = entry.size;
            key.modified_ns = parse_timestamp(entry.last_modified).value_or(0);
            out.keys.push_back(std::move(key));
        }
        for (const std::string& name : page->prefixes) {
            if (!name.starts_with(folder)) continue;
            ++below;
            out.folders.push_back(name);
        }
        if (!page->is_truncated) co_return out;
        if (below > 0) how.renew();
        using found = listing_progress::found;
        const found going = progress.page(page->keys.empty() ? std::string() : page->keys[0].key,
                                          page->token, below);
        if (going == found::no_token || going == found::same_token) {
            out.problem = endpoint + ": a listing says that there is more and not where";
            co_return out;
        }
        if (going != found::goes_on || how.is_over()) {
            out.problem = endpoint + ": a listing does not come to an end";
            co_return out;
        }
        token = page->token;
    }
    out.problem = "interrupted";
    co_return out;
}

}  // namespace chopsticks::s3
