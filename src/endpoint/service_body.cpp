// Bodies: what has to be known before one is read, and whether it is what was announced.

#include <algorithm>
#include <array>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view checksum_prefix = "x-amz-checksum-";

bool is_checksum_field(std::string_view name) noexcept {
    return name.size() > checksum_prefix.size() &&
           same_name(name.substr(0, checksum_prefix.size()), checksum_prefix);
}

}  // namespace

bool service::prepare_body(exchange& x, std::optional<std::uint64_t> length, bool chunked) {
    if (x.use_ == body_use::none) return true;
    if (x.use_ == body_use::form) return prepare_form(x, length, chunked);
    const bool streaming = x.auth.payload == s3::payload_kind::streaming_signed ||
                           x.auth.payload == s3::payload_kind::streaming_signed_trailer ||
                           x.auth.payload == s3::payload_kind::streaming_unsigned_trailer;
    if (streaming) {
        x.announced_ = parse_number(x.head.header_or("x-amz-decoded-content-length", ""));
        if (!x.announced_) {
            refuse(x, s3_code::missing_content_length,
                   "You must provide the x-amz-decoded-content-length HTTP header.");
            return false;
        }
        const auto key = signing_key(x.auth.claims);
        if (x.auth.payload == s3::payload_kind::streaming_unsigned_trailer || !key) {
            x.chunked_.emplace(x.auth.payload);
        } else {
            x.chunked_.emplace(x.auth.payload, *key, x.auth.amz_date, x.auth.claims.scope(),
                               x.auth.claims.signature);
        }
    } else {
        x.announced_ = length;
    }
    if (x.use_ == body_use::keep) {
        if (!x.announced_ && !chunked) {
            refuse(x, s3_code::missing_content_length);
            return false;
        }
        if (x.announced_ && *x.announced_ > put_bytes_max) {
            refuse(x, s3_code::entity_too_large);
            return false;
        }
        if (x.announced_ && !x.sink_.expect(*x.announced_)) {
            refuse(x, s3_code::insufficient_storage);
            return false;
        }
        x.digests_.enable(options_.etag == etag_kind::md5 ? digest_kind::md5 : digest_kind::fast);
    }
    return prepare_digests(x);
}

bool service::prepare_form(exchange& x, std::optional<std::uint64_t> length, bool chunked) {
    auto boundary = form_boundary(x.head.header_or("Content-Type", ""));
    if (!boundary) {
        refuse(x, s3_code::precondition_failed,
               "Bucket POST must be of the enclosure-type multipart/form-data");
        return false;
    }
    if (!length && !chunked) {
        refuse(x, s3_code::missing_content_length);
        return false;
    }
    x.announced_ = length;
    x.form_ = std::make_unique<form_reader>(*boundary);
    x.digests_.enable(options_.etag == etag_kind::md5 ? digest_kind::md5 : digest_kind::fast);
    return true;
}

s3_refusal service::read_claim(exchange& x, const s3::name_value& field) const {
    const bool in_trailer = same_name(field.name, "x-amz-trailer");
    const std::string_view value = trimmed(field.value);
    const auto* algorithm = checksum_of_field(in_trailer ? value : field.name);
    if (algorithm == nullptr) {
        if (!in_trailer) return {};  // the type, or the mode
        return {s3_code::invalid_request,
                "The value specified in the x-amz-trailer header is not supported"};
    }
    if (x.claim_) {
        return {s3_code::invalid_request,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                "allowed."};
    }
    if (!in_trailer && !is_checksum(*algorithm, value)) {
        return {s3_code::invalid_request,
                "Value for " + std::string(algorithm->field) + " header is invalid."};
    }
    x.claim_ =
        sum_claim{algorithm->kind, in_trailer ? std::string() : std::string(value), in_trailer};
    x.digests_.enable(algorithm->kind);
    return {};
}

bool service::prepare_digests(exchange& x) const {
    if (x.auth.payload == s3::payload_kind::hashed) x.digests_.enable(digest_kind::sha256);
    // What completes an upload has the checksum of its object, not of its own body.
    const bool of_body = x.op != op_kind::complete_upload;
    const std::string* said = nullptr;
    for (const auto& h : x.head.headers) {
        if (same_name(h.name, "Content-MD5")) {
            const auto raw = from_base64(trimmed(h.value));
            if (!raw || raw->size() != 16) {
                refuse(x, s3_code::invalid_digest);
                return false;
            }
            x.digests_.enable(digest_kind::md5);
        } else if (same_name(h.name, "x-amz-sdk-checksum-algorithm")) {
            said = &h.value;
        } else if (of_body && (is_checksum_field(h.name) || same_name(h.name, "x-amz-trailer"))) {
            if (const s3_refusal wrong = read_claim(x, h)) {
                refuse(x, wrong.code, wrong.text);
                return false;
            }
        }
    }
    if (said != nullptr && x.use_ == body_use::keep) {
        const auto* algorithm = checksum_named(*said);
        if (algorithm == nullptr) {
            refuse(x, s3_code::invalid_request,
                   "Value for x-amz-sdk-checksum-algorithm header is invalid.");
            return false;
        }
        if (!x.claim_ || x.claim_->kind != algorithm->kind) {
            refuse(x, s3_code::invalid_request,
                   "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* "
                   "or x-amz-trailer headers were found.");
            return false;
        }
    }
    if (x.upload_ && x.upload_->sums && x.use_ == body_use::keep) {
        const checksum_plan& plan = *x.upload_->sums;
        if (x.claim_ ? x.claim_->kind != plan.kind : plan.composite) {
            const std::string_view actual = x.claim_ ? describe(x.claim_->kind).name : "null";
            refuse(x, s3_code::invalid_request,
                   "Checksum Type mismatch occurred, expected checksum Type: " +
                       std::string(describe(plan.kind).name) +
                       ", actual checksum Type: " + std::string(actual));
            return false;
        }
        x.wanted_sum_ = plan.kind;
        x.digests_.enable(plan.kind);
    }
    return true;
}

bool service::prepare_part(exchange& x) {
    x.upload_ = find_upload(x);
    if (!x.upload_) return false;
    const auto number = parse_number(x.head.parameter_or("partNumber", ""));
    if (number && *number >= 1 && *number <= upload::part_number_max) return true;
    refuse(x, s3_code::invalid_argument,
           "Part number must be an integer between 1 and 10000, inclusive");
    return false;
}

bool service::check_sum(exchange& x, const std::string& found) const {
    std::string claimed = x.claim_->value;
    const checksum_algorithm& algorithm = describe(x.claim_->kind);
    if (x.claim_->in_trailer) {
        if (x.chunked_) {
            for (const auto& t : x.chunked_->trailers()) {
                if (same_name(t.name, algorithm.field)) claimed = trimmed(t.value);
            }
        }
        if (!is_checksum(algorithm, claimed)) {
            refuse(x, s3_code::malformed_trailer);
            return false;
        }
    }
    if (claimed == found) return true;
    refuse(x, s3_code::bad_digest,
           "The " + std::string(algorithm.name) +
               " you specified did not match the calculated checksum.");
    return false;
}

bool service::check_body(exchange& x) const {
    if (x.use_ == body_use::none) return true;
    if (x.fault_ == s3_code::none && x.chunked_ &&
        x.chunked_->state() != s3::aws_chunked_state::complete) {
        x.fault_ = s3_code::incomplete_body;
    }
    const std::uint64_t got = x.use_ == body_use::text   ? x.text_.size()
                              : x.use_ == body_use::form ? x.form_->size()
                                                         : x.sink_.size();
    if (x.fault_ == s3_code::none && x.announced_ && got != *x.announced_) {
        x.fault_ = s3_code::incomplete_body;
    }
    if (x.fault_ == s3_code::none && x.form_ && !x.form_->complete()) {
        x.fault_ = s3_code::malformed_post;
    }
    if (x.fault_ != s3_code::none) {
        refuse(x, x.fault_);
        return false;
    }
    // A kind may be wanted for several reasons, and ends but once.
    std::array<std::string, digest_kind_count> known;
    const auto value = [&](digest_kind kind) -> const std::string& {
        std::string& out = known[static_cast<std::size_t>(kind)];
        if (out.empty()) out = x.digests_.finish(kind);
        return out;
    };
    if (x.auth.payload == s3::payload_kind::hashed &&
        to_hex(value(digest_kind::sha256)) != lower(x.auth.payload_hash)) {
        refuse(x, s3_code::content_sha256_mismatch);
        return false;
    }
    const std::string* md5 = x.form_ ? nullptr : x.head.header("Content-MD5");
    if (md5 != nullptr && to_base64(value(digest_kind::md5)) != trimmed(*md5)) {
        refuse(x, s3_code::bad_digest);
        return false;
    }
    if (x.claim_ || x.wanted_sum_) {
        const digest_kind kind = x.claim_ ? x.claim_->kind : *x.wanted_sum_;
        x.sum_ = checksum{kind, false, to_base64(value(kind))};
        if (x.claim_ && !check_sum(x, x.sum_->value)) return false;
    }
    // The ETag of kept bodies is of the same digests.
    if (x.use_ != body_use::text) {
        x.text_ = options_.etag == etag_kind::md5 ? to_hex(value(digest_kind::md5))
                                                  : to_hex(value(digest_kind::fast)) + "-1";
    }
    return true;
}

}  // namespace chopsticks::endpoint
