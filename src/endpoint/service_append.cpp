// What changes an object in place: bytes put behind it, and another key.
//
// Sources: Ceph, "Append Object" of RGW's S3 API; Amazon S3 API Reference, "PutObject"
// (x-amz-write-offset-bytes) and "RenameObject".

#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::uint32_t appends_max = 10'000;

/// Of two pieces that have been joined: made of the ETags of both, as that of an upload in parts
/// is.
std::string joined_etag(const object_state& before, const object_state& piece, bool md5) {
    const std::string both = before.etag + piece.etag;
    return to_hex(digest_of(md5 ? digest_kind::md5 : digest_kind::fast, both)) + '-' +
           std::to_string(before.appends + 1);
}

/// The checksum of both; nothing where it cannot be had of the two.
std::optional<checksum> joined_sum(const object_state& before, const object_state& piece,
                                   const std::optional<checksum>& of_piece) {
    if (!before.sum || before.sum->composite || !of_piece || of_piece->kind != before.sum->kind ||
        !describe(before.sum->kind).of_whole) {
        return std::nullopt;
    }
    return checksum{
        before.sum->kind, false,
        joined_checksum(before.sum->kind, before.sum->value, of_piece->value, piece.content.size)};
}

}  // namespace

void service::append(exchange& x) {
    const bool of_appends = x.head.parameter("append") != nullptr;
    const auto offset = parse_number(of_appends ? x.head.parameter_or("position", "")
                                                : x.head.header_or("x-amz-write-offset-bytes", ""));
    if (!offset) {
        return refuse(x, s3_code::invalid_argument,
                      of_appends ? "An append has a position, the size of the object"
                                 : "x-amz-write-offset-bytes is the size of the object");
    }
    if (x.bucket_->versions() != versioning::never) {
        return refuse(x, s3_code::invalid_bucket_state,
                      "Nothing can be appended to objects of a bucket with versions");
    }
    object piece;
    piece.key = x.head.key;
    piece.content = x.sink_.finish();
    piece.etag = etag_of(x);
    piece.sum = std::move(x.sum_);
    if (const s3_refusal wrong = read_state(x.head, piece))
        return refuse(x, wrong.code, wrong.text);
    const bool md5 = options_.etag == etag_kind::md5;
    const auto mismatch = [&](std::uint64_t size) {
        x.answer.field("x-rgw-next-append-position", std::to_string(size));
        refuse(x, of_appends ? s3_code::position_not_length : s3_code::invalid_write_offset);
    };
    // Somebody else may make or remove it in between: looked at again then.
    while (true) {
        const auto now = x.bucket_->get(x.head.key);
        if (!now) {
            if (*offset != 0) return mismatch(0);
            auto made = std::make_shared<object>();
            static_cast<object_state&>(*made) = piece;
            made->appends = 1;
            put_condition condition;
            if (const s3_refusal wrong = read_condition(x.head, condition)) {
                return refuse(x, wrong.code, wrong.text);
            }
            if (!condition.if_match.empty()) return refuse(x, s3_code::nothing_to_match);
            if (!apply_access(x, *made)) return;
            made->sealed = with_default(made->sealed, x.bucket_->encrypted());
            auto charge = store_.memory().reserve(overhead_bytes(*made));
            if (!charge) return refuse(x, s3_code::insufficient_storage);
            made->charge = std::move(*charge);
            made->modified_ns = wall_ns();
            condition.if_none_match = "*";
            const s3_code code = x.bucket_->put(std::move(made), condition, false);
            if (code == s3_code::precondition_failed && x.head.header("If-None-Match") == nullptr) {
                continue;
            }
            if (code != s3_code::none) return refuse(x, code);
            return answer_append(x, piece.content.size, piece.etag, piece.sum);
        }
        const bool same_key =
            piece.sealed && now->sealed && piece.sealed->key_md5 == now->sealed->key_md5;
        if (now->sealed && now->sealed->of_customer() && !same_key) {
            return refuse(x, s3_code::wrong_customer_key);
        }
        // That of the piece is found before the object is held.
        std::optional<checksum> of_piece = piece.sum;
        if (!of_piece && now->sum && !now->sum->composite && options_.keep_bodies) {
            of_piece = checksum{now->sum->kind, false,
                                to_base64(digest_of(now->sum->kind, piece.content))};
        }
        put_condition condition;
        s3_refusal wrong = read_condition(x.head, condition);
        std::uint64_t size = 0;
        std::string etag;
        std::optional<checksum> sum;
        const s3_code code = x.bucket_->change(x.head.key, {}, [&](object_state& o) {
            size = o.content.size;
            if (wrong) return;
            if (condition.if_none_match == "*" ||
                (!condition.if_match.empty() && condition.if_match != "*" &&
                 condition.if_match != o.etag)) {
                wrong.code = s3_code::precondition_failed;
            } else if (of_appends && o.appends == 0) {
                wrong.code = s3_code::object_not_appendable;
            } else if (*offset != o.content.size) {
                wrong.code = s3_code::position_not_length;
            } else if (o.appends >= appends_max ||
                       o.content.size + piece.content.size > put_bytes_max) {
                wrong.code = s3_code::entity_too_large;
            }
            if (wrong) return;
            sum = joined_sum(o, piece, of_piece);
            o.etag = joined_etag(o, piece, md5);
            o.sum = sum;
            o.content.append(piece.content);
            o.parts.clear();
            ++o.appends;
            o.modified_ns = wall_ns();
            size = o.content.size;
            etag = o.etag;
        });
        if (code == s3_code::no_such_key) continue;
        if (code != s3_code::none) return refuse(x, code);
        if (wrong.code == s3_code::position_not_length) return mismatch(size);
        if (wrong) return refuse(x, wrong.code, wrong.text);
        return answer_append(x, size, etag, sum);
    }
}

void service::answer_append(exchange& x, std::uint64_t size, const std::string& etag,
                            const std::optional<checksum>& sum) const {
    x.answer.field("ETag", '"' + etag + '"');
    if (x.head.parameter("append") != nullptr) {
        x.answer.field("x-rgw-next-append-position", std::to_string(size));
    } else {
        x.answer.field("x-amz-object-size", std::to_string(size));
    }
    if (!sum) return;
    x.answer.field(describe(sum->kind).field, sum->value);
    x.answer.field("x-amz-checksum-type", sum->type());
}

void service::rename(exchange& x) {
    const request& r = x.head;
    const auto decoded = http::percent_decode(r.header_or("x-amz-rename-source", ""));
    std::string source = decoded ? *decoded : std::string();
    if (source.starts_with('/')) source.erase(0, 1);
    if (source.empty()) {
        return refuse(x, s3_code::invalid_argument,
                      "x-amz-rename-source is the percent-encoded key of an object of this bucket");
    }
    if (source.ends_with('/') || r.key.ends_with('/')) {
        return refuse(x, s3_code::invalid_request, "Keys that end with / cannot be renamed");
    }
    // It goes from there.
    if (!permitted(x, "s3:DeleteObject", source, may_write)) {
        return refuse(x, s3_code::access_denied);
    }
    put_condition condition;
    if (const s3_refusal wrong = read_condition(r, condition)) {
        return refuse(x, wrong.code, wrong.text);
    }
    const read_conditions given{r.header("x-amz-rename-source-if-match"),
                                r.header("x-amz-rename-source-if-none-match"),
                                r.header("x-amz-rename-source-if-modified-since"),
                                r.header("x-amz-rename-source-if-unmodified-since")};
    const s3_code code = x.bucket_->rename(
        {source, r.key, std::string(r.header_or("x-amz-client-token", ""))}, condition,
        [&](const object& o) { return check(given, o) == condition_result::holds; });
    if (code == s3_code::not_implemented) {
        return refuse(x, code, "Not implemented here: a rename in a bucket with versions");
    }
    if (code != s3_code::none) refuse(x, code);
}

}  // namespace chopsticks::endpoint
