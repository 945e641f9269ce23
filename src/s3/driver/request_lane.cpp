#include "request_lane.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>
#include <cstring>
#include <utility>

namespace chopsticks::s3 {

namespace {

/// Of an object's content, what the ETag of a request's answer is the digest of.
struct content_range {
    std::uint64_t offset;
    std::uint64_t bytes;
};

/// An answer to a get of a range names the whole object; one to a part that was sent, that part.
content_range named_by_etag(const operation_row& row, const asked& what) noexcept {
    if (row.request.sends != request_body::content) return {0, what.size};
    return {what.offset, what.part_bytes()};
}

/// `hash` begins anew with that content.
template <typename Hash>
void hash_content(core_state& core, const load::content_key& key, const content_range& range,
                  Hash& hash) {
    hash.reset();
    for (std::uint64_t at = 0; at < range.bytes;) {
        const auto piece = core.content->gather(key, range.offset + at, range.bytes - at,
                                                core.iovecs, core.stamps);
        hash.update(std::span<const iovec>(core.iovecs).first(piece.iovecs));
        at += piece.bytes;
    }
}

}  // namespace

void end_as(const engine::outcome& part, engine::outcome& out) noexcept {
    out.status = part.status;
    out.native = part.native;
    std::memcpy(out.code, part.code, sizeof out.code);
    std::memcpy(out.example, part.example, sizeof out.example);
}

request_lane::request_lane(core_state& core, const target_address& target)
    : core_(core), link_(core.connect(core, target)) {}

runtime::task<bool> request_lane::open(engine::outcome& out, std::string* whole) {
    const std::int64_t now = monotonic_ns();
    if (out.sent_ns == 0) out.sent_ns = now;
    link_->expire_at(now + core_.options.timeout.connect_ns, false);
    const std::string problem = co_await link_->connect();
    if (whole != nullptr) *whole = problem;
    out.done_ns = 0;
    if (!problem.empty()) {
        core_.note_unopened(*link_, problem, out);
        co_return false;
    }
    fresh_ = true;
    core_.note_opened(*link_);
    link_->expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
    co_return true;
}

void request_lane::rest() noexcept {
    if (link_->is_open()) {
        link_->expire_at(core_.loop.turn_ns() + core_.options.timeout.idle_ns, true);
    } else {
        link_->expire_at(0, true);
    }
}

std::string_view request_lane::payload_hash(const operation_row& row) {
    if (core_.options.config->payload == payload_signing::unsigned_payload) return {};
    if (!row.request.may_sign_body()) return {};
    if (row.request.sends == request_body::content) {
        hash_content(core_, {what.object, what.version}, named_by_etag(row, what), core_.hash);
    } else if (row.request.sends == request_body::given) {
        core_.hash.reset();
        core_.hash.update(what.body);
    } else {
        return {};
    }
    core_.hash.finish_hex(hash_hex_);
    return {hash_hex_, sizeof hash_hex_};
}

std::size_t request_lane::bucket_for(const operation_row& row) const noexcept {
    if (row.request.is_about_object()) return core_.bucket_of(what.object);
    // Buckets beside those are the first owner's.
    if (row.request.target != request_target::bucket) return 0;
    return what.subjects.empty() ? core_.bucket_of_listing(what) : core_.bucket_of(what.object);
}

request_writer& request_lane::writer_for(const operation_row& row) noexcept {
    const std::size_t endpoint = link_->target().endpoint;
    if (row.request.is_about_object()) return core_.writer(endpoint, what.object);
    // Buckets have one name, wherever the keys of the operation's objects are.
    if (core_.buckets_in_all == 1) return core_.writer(endpoint, 0);
    return core_.writer_in(bucket_for(row), endpoint);
}

exchange_job request_lane::render(const operation_row& row, engine::outcome& out) {
    request_writer& with = writer_for(row);
    const whole_request rendered = with.write(row, what, core_.wall_s(core_.loop.turn_ns()));
    exchange_job job;
    job.head = rendered.head;
    job.body = rendered.body;
    job.tail = rendered.tail;
    if (row.request.sends == request_body::content) {
        job.key = load::content_key{what.object, what.version};
        job.content_offset = what.offset;
        job.content_bytes = what.part_bytes();
    }
    job.expects_continue = what.expects_continue;
    job.head_request = row.request.is_head();
    job.to = &sink_;
    job.out = &out;
    const bool verify = core_.options.group->data.verify;
    sink_.begin(row, what, verify ? core_.content : nullptr);
    return job;
}

runtime::task<void> request_lane::perform(const operation_row& row, engine::outcome& out) {
    if (row.request.sends == request_body::content) {
        const std::uint64_t expect_from = core_.options.config->expect_continue_bytes;
        what.expects_continue = expect_from > 0 && what.part_bytes() >= expect_from;
    }
    if (row.request.condition_of(what) != precondition::none) [[unlikely]] {
        set_condition(row);
    }
    if (row.request.write_body != nullptr) {
        what.now_s = core_.wall_s(core_.loop.turn_ns());
        row.request.write_body(body_, what);
        what.body = body_;
    }
    what.payload_hash = payload_hash(row);
    exchange_job job = render(row, out);
    if (row.writes && !core_.is_kept(what.object)) {
        core_.writes.versions += std::max<std::size_t>(1, what.subjects.size());
    }
    job.until_ns = until_ns_;
    if (!std::exchange(fresh_, false) && !link_->opens_itself()) core_.figures.reused.add();
    const std::uint64_t bytes_before = out.bytes;
    const bool complete = co_await link_->carry_out(job);
    if (complete) judge_answer(row, out);
    if (core_.users > 1) [[unlikely]] {
        count_for_user(row, out, out.bytes - bytes_before);
    }
    if (row.makes_object) {
        if (!complete) ++core_.writes.unanswered;
        if (out.status != op_status::ok) {
            core_.etags.in_doubt(what.object, what.version);
            core_.etag_words.note(what.object, what.version, {});
        }
    }
    if (job.must_close) link_->close();
}

void request_lane::count_for_user(const operation_row& row, const engine::outcome& out,
                                  std::uint64_t bytes) noexcept {
    const http_figures::of_user* const user = core_.user_of(bucket_for(row));
    if (user == nullptr || out.status == op_status::cancelled) return;
    user->bytes.add(bytes);
    if (out.status == op_status::ok) {
        user->time.record(out.done_ns - out.sent_ns);
    } else {
        user->failures.add();
    }
}

runtime::task<void> request_lane::perform_part(const operation_row& row,
                                               const engine::operation& op,
                                               engine::operation_part which, std::int64_t until_ns,
                                               engine::outcome& part) {
    part.endpoint = static_cast<std::uint16_t>(link_->target().endpoint);
    bool open = is_ready();
    if (!open) {
        open = co_await this->open(part);
        // Connecting has set the time-out anew; the operation's is that of all its requests.
        if (open && until_ns != 0) link_->expire_at(until_ns, false);
    }
    until_ns_ = until_ns;
    if (open) co_await perform(row, part);
    until_ns_ = 0;
    if (part.done_ns == 0) part.done_ns = monotonic_ns();
    if (op.parts != nullptr) op.parts->ended(which, part);
}

void request_lane::set_condition(const operation_row& row) {
    using digests = etag_texts::digests;
    const bool writes_content = row.request.sends == request_body::content;
    // It may have been carried out: then the condition would refuse its repetition for ever.
    if (writes_content && what.conditional && core_.etags.is_in_doubt(what.object, what.version)) {
        what.only_if = precondition::none;
        return;
    }
    const precondition only_if = row.request.condition_of(what);
    if (only_if != precondition::match && only_if != precondition::unlike) return;
    // A put depends on what is there before it.
    const std::uint32_t version = writes_content ? what.version - 1 : what.version;
    etag_texts& known = core_.etag_words;
    // Of what is removed or rewritten the version before is not known for sure: it may be one that
    // was to be written and was not.
    const bool removes = row.request.method == "DELETE";
    const bool any = removes || writes_content;
    const std::string_view tag =
        any ? known.find_any(what.object) : known.find(what.object, version);
    if (tag.empty() && (removes || known.are_md5 == digests::wrong)) {
        what.learns_etag = true;
        return;
    }
    char md5[32];
    if (tag.empty() || (known.are_md5 == digests::not_known && !any)) {
        hash_content(core_, {what.object, version}, {0, what.size}, core_.md5);
        core_.md5.finish_hex(md5);
    }
    if (!tag.empty() && known.are_md5 == digests::not_known && !any) {
        const bool right = etag_mark(tag) == etag_mark({md5, sizeof md5});
        known.are_md5 = right ? digests::right : digests::wrong;
    }
    const std::string_view chosen = tag.empty() ? std::string_view(md5, sizeof md5) : tag;
    what.etag = {etag_, chosen.copy(etag_, sizeof etag_)};
}

/// An answer of success has named it: in a field, or in the document about what was made.
void request_lane::note_etag(const operation_row& row, const answer& a) {
    // That of an earlier version says nothing of the object's own.
    if (!row.request.is_about_object() || !what.version_id.empty()) return;
    if (a.etag_size > 0 && what.part_number == 0) {
        core_.etag_words.note(what.object, what.version, a.etag_text());
    } else if (row.makes_object) {
        const auto named = xml_unescape(xml_element(find_xml_root(a.text).inside, "ETag"));
        core_.etag_words.note(what.object, what.version,
                              named ? etag_tag(*named) : std::string_view());
    }
}

void request_lane::judge_answer(const operation_row& row, engine::outcome& out) {
    const answer& a = sink_.whole();
    out.native = native_code::of_http(a.status);
    failure why;
    out.bytes += judge(row, what, a, core_.etags, why);
    if (!why && a.etag_is_md5() && core_.options.group->data.verify && !etag_is_right(row, a)) {
        char text[sizeof why.text];
        std::snprintf(text, sizeof text,
                      "object %llu version %u: the ETag %.32s is not the MD5 of its content",
                      static_cast<unsigned long long>(what.object), what.version, a.etag);
        why.set(op_status::corrupt, "WrongETag", text);
    }
    if (core_.etag_words.keeps() && a.status < 300) [[unlikely]] {
        note_etag(row, a);
    }
    // By its other name it has another version's name.
    const bool is_named = row.makes_object && row.request.target != request_target::aside;
    if (core_.versions.keeps() && is_named && a.status < 300) [[unlikely]] {
        core_.versions.note(what.object, what.version, a.version_text());
    }
    if (why) out.fail(why.status, why.code, why.text);
}

bool request_lane::etag_is_right(const operation_row& row, const answer& a) {
    const content_range range = named_by_etag(row, what);
    const std::string_view tag = a.etag_text();
    // Nothing has the same ETag at most services, whatever that of something is: it proves nothing.
    if (range.bytes == 0 || !is_md5_tag(tag) || !core_.digests.wants(range.bytes)) return true;
    hash_content(core_, {what.object, what.version}, range, core_.md5);
    char right[32];
    core_.md5.finish_hex(right);
    return core_.digests.compare(etag_mark({right, sizeof right}) == a.etag_mark);
}

}  // namespace chopsticks::s3
