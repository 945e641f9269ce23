// A listing: one page after the other, until its end or as many as were asked for.

#include <chopsticks/core/clock.hpp>
#include <cstdio>
#include <cstring>

#include "session.hpp"

namespace chopsticks::s3 {

runtime::task<void> s3_session::list_pages(const engine::operation& op, engine::outcome& out) {
    if (!scanner_) scanner_ = std::make_unique<list_scanner>();
    std::string_view token;
    char token_copy[list_scanner::max_token_bytes];
    std::int64_t first_sent_ns = 0;
    std::int64_t first_byte_ns = 0;
    // The time-out is that of the whole listing: a server could send pages for ever.
    const std::int64_t due_ns = link_.due_ns;
    listing_progress progress;
    std::uint64_t keys = 0;
    std::optional<unsigned> directory;
    if (op.list_directory) directory = static_cast<unsigned>(op.object & 0xff);
    for (std::uint32_t page = 0; op.pages == 0 || page < op.pages; ++page) {
        exchange_state x;
        x.op = &op;
        x.out = &out;
        x.to = sink::list;
        x.head = core_.writer(endpoint(), 0)
                     .list(directory, op.max_keys, token, core_.wall_s(core_.loop.turn_ns()));
        scanner_->reset();
        http::response_head head;
        const bool complete = co_await exchange(x, head);
        if (complete) judge(x, head);
        if (page == 0) {
            first_sent_ns = out.sent_ns;
            first_byte_ns = out.first_byte_ns;
        }
        if (x.must_close) link_.close();
        if (out.status != op_status::ok) break;
        keys += scanner_->keys();
        if (!scanner_->is_truncated()) {
            judge_end(keys, directory, out);
            break;
        }
        judge_progress(progress, directory, out);
        if (out.status != op_status::ok) break;
        if (!link_.is_open()) {
            const bool open = co_await open_link(out);
            if (!open) break;
            link_.expire_at(due_ns, false);
        }
        const std::string_view next = scanner_->token();
        std::memcpy(token_copy, next.data(), next.size());
        token = {token_copy, next.size()};
    }
    out.sent_ns = first_sent_ns;
    out.first_byte_ns = first_byte_ns;
}

void s3_session::judge_progress(listing_progress& progress, std::optional<unsigned> directory,
                                engine::outcome& out) {
    const list_scanner& page = *scanner_;
    // A run that asks for one page only would never see the end of such a listing.
    if (page.keys() + page.common_prefixes() == 0 && core_.must_list.least_keys(directory) > 0) {
        out.fail(op_status::bad_response, "EmptyPage",
                 "a page without a key that says there is more, where objects are that nobody "
                 "removes");
        return;
    }
    using found = listing_progress::found;
    switch (progress.page(page.first_key(), page.token(), page.keys() + page.common_prefixes())) {
        case found::goes_on:
            return;
        case found::no_token:
            out.fail(op_status::bad_response, "NoToken",
                     "the listing goes on, but names no NextContinuationToken to ask with");
            return;
        case found::same_token:
            out.fail(op_status::bad_response, "SameToken",
                     "the listing names a NextContinuationToken again: it would never end");
            return;
        case found::same_page:
            out.fail(op_status::bad_response, "SamePage",
                     "the listing shows the same keys again: it would never end");
            return;
        case found::empty_pages:
            out.fail(op_status::bad_response, "EmptyPages",
                     "the listing goes on for thousands of pages without a key");
            return;
    }
}

void s3_session::judge_end(std::uint64_t keys, std::optional<unsigned> directory,
                           engine::outcome& out) {
    const std::uint64_t least = core_.must_list.least_keys(directory);
    if (keys >= least) return;
    char text[sizeof out.example];
    std::snprintf(text, sizeof text,
                  "a whole listing of %llu keys where %s%llu objects are that nobody removes",
                  static_cast<unsigned long long>(keys), directory ? "at least " : "",
                  static_cast<unsigned long long>(least));
    out.fail(op_status::bad_response, keys == 0 ? "EmptyListing" : "ShortListing", text);
}

}  // namespace chopsticks::s3
