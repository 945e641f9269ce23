#include "session.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <cstdio>
#include <cstring>

#include "append.hpp"
#include "bucket.hpp"
#include "in_turn.hpp"
#include "versions.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::int64_t retry_first_ns = 50'000'000;

bool is_repeatable(const engine::outcome& out) noexcept {
    switch (out.status) {
        case op_status::server_error:
            return out.native != native_code::of_http(501);  // what is not there will not be
        case op_status::slow_down:
        case op_status::connect_failed:
        case op_status::connection_lost:
        case op_status::timeout:
            return true;
        default:
            return false;
    }
}

void fail(engine::outcome& out, const failure& why) noexcept {
    if (why) out.fail(why.status, why.code, why.text);
}

/// Tables have numbers from here on, which no object of a data set has.
constexpr std::uint64_t first_table = 1ULL << 63;

/// On what a conditional operation depends: that all is as it is taken to be.
precondition condition_for(scenario::subject_use use) noexcept {
    return use == scenario::subject_use::make ? precondition::absent : precondition::match;
}

/// Those that are more than a request.
constexpr struct {
    std::string_view name;
    s3_step::way how;
} ways[] = {
    {"list", s3_step::way::by_pages},
    {"list_v1", s3_step::way::by_pages},
    {"list_versions", s3_step::way::by_pages},
    {"multi_delete", s3_step::way::in_batches},
    {"multipart_put", s3_step::way::in_parts},
    {"delete_bucket", s3_step::way::with_a_look},
    {"multipart_copy", s3_step::way::in_parts},
    {"multipart_put_existing", s3_step::way::in_parts},
    {"multipart_abort", s3_step::way::in_parts},
    {"multipart_leave", s3_step::way::in_parts},
    {"get_part", s3_step::way::of_part},
    {"get_version", s3_step::way::of_version},
    {"head_version", s3_step::way::of_version},
    {"delete_version", s3_step::way::of_version},
    {"delete_all_versions", s3_step::way::with_versions},
    {"append_put", s3_step::way::by_appends},
    {"rename_put", s3_step::way::in_turn},
    {"select", s3_step::way::of_table},
};

/// What is done with an upload is told by its third part.
upload_end end_of(const scenario::step& what) {
    const std::string_view third = what.parts[2];
    if (third == "complete_upload") return upload_end::completed;
    if (third == "complete_existing") return upload_end::refused;
    return what.op == "multipart_leave" ? upload_end::left : upload_end::aborted;
}

}  // namespace

s3_step::s3_step(const scenario::step& what) : row(find_row(what.op)) {
    for (const auto& special : ways) {
        if (special.name == what.op) how = special.how;
    }
    CHOPSTICKS_ASSERT(what.parts.size() <= std::size(upload.rows));
    for (std::size_t i = 0; i < what.parts.size(); ++i) {
        upload.rows[i] = find_row(what.parts[i]);
        CHOPSTICKS_ASSERT(upload.rows[i] != nullptr);
    }
    if (how == way::of_part) upload.part_bytes = what.number("part_size");
    if (how == way::by_appends) upload.part_bytes = what.number("piece");
    if (how == way::in_parts) {
        upload.part_bytes = what.number("part_size");
        upload.concurrency = static_cast<std::uint32_t>(what.number("concurrency"));
        upload.copies = what.parts[1] == "copy_part";
        upload.end = end_of(what);
    }
    // What is said of an object that is put in parts is said as that is begun.
    if (what.op == "multipart_put" || how == way::by_appends) {
        read_parameters(*upload.rows[0], what);
    }
    if (how == way::of_table) read_parameters(*upload.rows[1], what);
    if (!fields.is_empty()) upload.fields = &fields;
    if (row == nullptr) return;
    read_parameters(*row, what);
    if (prepared.conditional) prepared.only_if = condition_for(what.use);
    if (!fields.is_empty()) prepared.fields = &fields;
}

void s3_step::read_parameters(const operation_row& from, const scenario::step& what) {
    for (const asked_parameter& p : from.parameters) {
        if (p.name.empty()) break;
        if (p.count != nullptr) {
            prepared.*p.count = static_cast<std::uint32_t>(what.number(p.name));
        }
        if (p.flag != nullptr) prepared.*p.flag = what.flag(p.name);
        if (p.number != nullptr) {
            fields.*p.number = static_cast<std::uint32_t>(what.number(p.name));
        }
        if (p.said != nullptr) fields.*p.said = what.flag(p.name);
        if (p.filler != nullptr) (fields.*p.filler).assign(what.number(p.name), 'm');
        if (p.text != nullptr && what.word(p.name) != "none") fields.*p.text = what.word(p.name);
    }
}

s3_session::s3_session(core_state& core, const target_address& target) : core_(core) {
    lanes_.push_back(std::make_unique<request_lane>(core, target));
}

runtime::task<void> s3_session::execute(const engine::operation& op, engine::outcome& out) {
    out.endpoint = static_cast<std::uint16_t>(endpoint());
    std::int64_t first_sent_ns = 0;
    cancelled_ = false;
    for (std::uint32_t tries = 0;; ++tries) {
        lane().link().begin();
        lane().link().expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
        bool open = lane().is_ready();
        if (!open) open = co_await lane().open(out);
        if (open) co_await attempt(op, out);
        if (first_sent_ns == 0) first_sent_ns = out.sent_ns;
        if (out.status == op_status::ok || tries >= core_.options.config->retries ||
            !is_repeatable(out)) {
            break;
        }
        co_await core_.loop.sleep_until(monotonic_ns() + (retry_first_ns << std::min(tries, 6U)));
        if (cancelled_) {
            out.fail(op_status::cancelled, "", "");
            out.done_ns = 0;
            break;
        }
        ++out.retries;
        out.status = op_status::ok;
        out.native = {};
        out.bytes = 0;
        out.sent_ns = 0;
    }
    out.sent_ns = first_sent_ns;
    if (out.done_ns == 0) out.done_ns = monotonic_ns();
    const operation_row* const row = static_cast<const s3_step&>(*op.step).row;
    if (row != nullptr && row->buckets == bucket_effect::makes) {
        core_.buckets.created(op.object, out);
    }
    lane().rest();
}

void s3_session::cancel() noexcept {
    cancelled_ = true;
    for (const auto& lane : lanes_)
        lane->link().cancel();
}

runtime::task<void> s3_session::attempt(const engine::operation& op, engine::outcome& out) {
    const auto& step = static_cast<const s3_step&>(*op.step);
    asked& what = lane().what;
    what = step.prepared;
    what.object = op.object;
    what.version = op.version;
    what.size = op.size;
    what.offset = op.offset;
    what.length = op.length;
    if (step.how == s3_step::way::in_parts) {
        co_await put_in_parts(step, op, out);
    } else if (step.how == s3_step::way::by_appends) {
        co_await append_in_pieces(lane(), step.upload, op, out);
    } else if (step.how == s3_step::way::in_turn) {
        co_await perform_in_turn(lane(), step.upload.rows, false, op, out);
    } else if (step.how == s3_step::way::of_table) {
        what.object |= first_table;
        co_await perform_in_turn(lane(), step.upload.rows, true, op, out);
    } else if (step.how == s3_step::way::with_versions) {
        co_await remove_with_versions(core_, lane(), step.upload.rows, op, out);
    } else if (step.row == nullptr) {
        out.fail(op_status::client_error, "NotImplemented", "the driver has no such operation");
    } else if (step.how == s3_step::way::by_pages) {
        co_await list_pages(*step.row, out);
    } else if (step.row->buckets == bucket_effect::amends &&
               core_.buckets.whose(op.object) != made_buckets::claim::ours) {
        out.sent_ns = core_.loop.turn_ns();
        refuse_bucket(op, out);
    } else if (step.how == s3_step::way::of_version) {
        co_await perform_on_version(core_, lane(), *step.row, out);
    } else if (step.how == s3_step::way::of_part) {
        const std::uint64_t parts = step.upload.parts_of(op.size);
        what.part_number = static_cast<std::uint32_t>(1 + turn_++ % parts);
        what.offset = (what.part_number - 1) * step.upload.part_bytes;
        // An object of one part is read as a whole, which needs no 206.
        if (parts > 1) what.length = std::min(step.upload.part_bytes, op.size - what.offset);
        co_await lane().perform(*step.row, out);
    } else if (step.how == s3_step::way::in_batches) {
        co_await perform_on_batch(*step.row, op, out);
    } else if (step.how == s3_step::way::with_a_look) {
        co_await remove_bucket(*step.row, op, out);
    } else {
        // Of all bodies the policy's alone names the bucket.
        if (step.row->buckets == bucket_effect::amends && step.row->request.write_body != nullptr) {
            bucket_ = made_bucket_name(core_.options.bucket_stem, op.object);
            what.bucket = bucket_;
        }
        co_await lane().perform(*step.row, out);
    }
}

runtime::task<void> s3_session::perform_on_batch(const operation_row& row,
                                                 const engine::operation& op,
                                                 engine::outcome& out) {
    engine::outcome failed;
    // One request is about one bucket. In a load there is but one; cleanup takes them as they come.
    for (std::size_t bucket = 0; bucket < core_.buckets_in_all; ++bucket) {
        subjects_.clear();
        for (const engine::batch_subject& one : op.batch) {
            if (core_.bucket_of(one.object) == bucket) subjects_.push_back({one.object});
        }
        if (subjects_.empty() && !op.batch.empty()) continue;
        if (subjects_.empty()) subjects_.push_back({op.object});
        asked& what = lane().what;
        what.subjects = subjects_;
        what.object = subjects_.front().object;
        what.prefix = core_.options.run_prefix;
        bool open = lane().link().is_open();
        if (!open) open = co_await lane().open(out);
        if (open) co_await lane().perform(row, out);
        std::size_t next = 0;
        for (engine::batch_subject& one : op.batch) {
            if (core_.bucket_of(one.object) == bucket) one.done = subjects_[next++].done;
        }
        if (op.batch.empty()) co_return;
        if (out.status == op_status::ok) continue;
        if (failed.status == op_status::ok) failed = out;
        if (out.status == op_status::cancelled) break;
        out.status = op_status::ok;
    }
    if (failed.status != op_status::ok) out = failed;
}

runtime::task<void> s3_session::put_in_parts(const s3_step& step, const engine::operation& op,
                                             engine::outcome& out) {
    const upload_plan& plan = step.upload;
    const std::uint64_t wanted = std::min<std::uint64_t>(plan.concurrency, plan.parts_of(op.size));
    while (lanes_.size() < wanted)
        lanes_.push_back(std::make_unique<request_lane>(core_, lane().link().target()));
    if (!upload_) upload_ = std::make_unique<multipart_upload>();
    // Who reads the object meanwhile is told of its ETag before or after.
    if (plan.copies) core_.etags.in_doubt(op.object, op.version);
    co_await upload_->carry_out(op, plan, std::span(lanes_).first(wanted), out);
}

runtime::task<void> s3_session::list_pages(const operation_row& row, engine::outcome& out) {
    asked& what = lane().what;
    char token[list_scanner::max_token_bytes];
    char version_token[list_scanner::max_version_bytes];
    std::int64_t first_sent_ns = 0;
    std::int64_t first_byte_ns = 0;
    // The time-out is that of the whole listing: a server could send pages for ever.
    const std::int64_t due_ns = lane().link().due_ns;
    listing_progress progress;
    std::uint64_t keys = 0;
    what.prefix = core_.prefix_of_listings();
    const std::uint64_t least_keys =
        core_.must_list.least_entries(what, core_.bucket_of_listing(what));
    // Of directories one that is there is enough, of which it is not known how many objects it has.
    const bool at_least = what.one_directory || what.delimited;
    for (std::uint32_t number = 0; what.pages == 0 || number < what.pages; ++number) {
        co_await lane().perform(row, out);
        if (number == 0) {
            first_sent_ns = out.sent_ns;
            first_byte_ns = out.first_byte_ns;
        }
        if (out.status != op_status::ok) break;
        const list_scanner& page = lane().sink().page();
        keys += what.delimited ? page.entries() : page.keys();
        if (!page.is_truncated()) {
            fail(out, judge_whole(keys, least_keys, at_least));
            break;
        }
        fail(out, judge_going_on(progress, page, least_keys));
        if (out.status != op_status::ok) break;
        if (!lane().link().is_open()) {
            const bool open = co_await lane().open(out);
            if (!open) break;
            lane().link().expire_at(due_ns, false);
        }
        const std::string_view next = page.token();
        std::memcpy(token, next.data(), next.size());
        what.token = {token, next.size()};
        what.version_token = {version_token,
                              page.version_token().copy(version_token, sizeof version_token)};
    }
    out.sent_ns = first_sent_ns;
    out.first_byte_ns = first_byte_ns;
}

/// The bucket is somebody else's, or may be.
void s3_session::refuse_bucket(const engine::operation& op, engine::outcome& out) {
    const bool foreign = core_.buckets.whose(op.object) == made_buckets::claim::foreign;
    out.native = native_code::of_http(foreign ? 404 : 409);
    out.fail(op_status::client_error, "NotOurs",
             "the bucket " + made_bucket_name(core_.options.bucket_stem, op.object) +
                 " is not shown to be this run's: making it was refused (409)");
}

runtime::task<void> s3_session::remove_bucket(const operation_row& row, const engine::operation& op,
                                              engine::outcome& out) {
    const made_buckets::claim claim = core_.buckets.whose(op.object);
    if (claim == made_buckets::claim::ours && !op.cleaning) {
        co_await lane().perform(row, out);
        co_return;
    }
    out.sent_ns = core_.loop.turn_ns();
    if (claim != made_buckets::claim::ours) {
        refuse_bucket(op, out);
        co_return;
    }
    const std::string name = made_bucket_name(core_.options.bucket_stem, op.object);
    detached_ = true;
    const std::string& endpoint_name = core_.options.config->endpoints[endpoint()];
    op_status why = op_status::ok;
    const std::string problem = co_await remove_empty_bucket(*this, name, endpoint_name, &why);
    if (problem.empty()) co_return;
    if (why == op_status::ok) why = op_status::bad_response;
    out.fail(why, "NotRemoved", "the bucket " + name + ": " + problem);
}

}  // namespace chopsticks::s3
