#include <algorithm>
#include <chopsticks/s3/protocol/aws_chunked.hpp>
#include <utility>

#include "text.hpp"

namespace chopsticks::s3 {

namespace {

bool parse_size_digits(std::string_view text, std::uint64_t& out) noexcept {
    if (text.empty() || text.size() > 15) return false;
    out = 0;
    for (const char c : text) {
        const char l = lower(c);
        unsigned digit = 0;
        if (l >= '0' && l <= '9') {
            digit = static_cast<unsigned>(l - '0');
        } else if (l >= 'a' && l <= 'f') {
            digit = static_cast<unsigned>(l - 'a' + 10);
        } else {
            return false;
        }
        out = out * 16 + digit;
    }
    return true;
}

}  // namespace

aws_chunked_decoder::aws_chunked_decoder(payload_kind kind) : kind_(kind) {}

aws_chunked_decoder::aws_chunked_decoder(payload_kind kind, const sha256_digest& signing_key,
                                         std::string amz_date, std::string scope, std::string seed)
    : kind_(kind),
      verify_(kind == payload_kind::streaming_signed ||
              kind == payload_kind::streaming_signed_trailer),
      key_(as_text(signing_key)),
      amz_date_(std::move(amz_date)),
      scope_(std::move(scope)),
      previous_(std::move(seed)) {}

std::size_t aws_chunked_decoder::step(std::string_view in, std::string_view& body) {
    body = {};
    std::size_t at = 0;
    while (at < in.size() && state_ == aws_chunked_state::need_more) {
        if (phase_ == phase::data) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
            body = in.substr(at, n);
            if (verify_) chunk_hash_.update(body);
            left_ -= n;
            body_bytes_ += n;
            if (left_ == 0) phase_ = phase::data_end;
            return at + n;
        }
        const char c = in[at++];
        if (line_.size() == max_line_bytes) {
            fail(aws_chunked_state::bad);
        } else if (c != '\n') {
            line_ += c;
        } else {
            take_line();
            line_.clear();
        }
    }
    return at;
}

void aws_chunked_decoder::take_line() {
    // Trailer lines may end in a bare line feed: AWS's own examples do.
    const bool ends_right = line_.ends_with('\r');
    if (ends_right) line_.pop_back();
    if (!ends_right && phase_ != phase::trailer_line) return fail(aws_chunked_state::bad);
    if (line_.find('\r') != std::string::npos) return fail(aws_chunked_state::bad);
    switch (phase_) {
        case phase::size_line:
            return size_line();
        case phase::data_end:
            if (!line_.empty()) return fail(aws_chunked_state::bad);
            return finish_chunk();
        case phase::trailer_line:
            return trailer_line();
        case phase::data:
        case phase::done:
            break;
    }
}

void aws_chunked_decoder::size_line() {
    std::string_view line = line_;
    const std::size_t semicolon = std::min(line.find(';'), line.size());
    if (!parse_size_digits(line.substr(0, semicolon), left_)) return fail(aws_chunked_state::bad);
    line.remove_prefix(semicolon);
    constexpr std::string_view mark = ";chunk-signature=";
    if (kind_ == payload_kind::streaming_unsigned_trailer) {
        if (!line.empty()) return fail(aws_chunked_state::bad);
    } else {
        if (!line.starts_with(mark)) return fail(aws_chunked_state::bad);
        claimed_ = line.substr(mark.size());
        if (!is_hex_digest(claimed_)) return fail(aws_chunked_state::bad);
    }
    chunk_hash_.reset();
    phase_ = phase::data;
    if (left_ == 0) {
        finish_chunk();
        phase_ = phase::trailer_line;
    }
}

void aws_chunked_decoder::finish_chunk() {
    phase_ = phase::size_line;
    if (!verify_) return;
    char hash[64];
    chunk_hash_.finish_hex(hash);
    const std::string rest = std::string(empty_sha256_hex) + "\n" + std::string(hash, sizeof hash);
    std::string expected = chunk_signature("AWS4-HMAC-SHA256-PAYLOAD", rest);
    if (!equal_constant_time(expected, claimed_)) return fail(aws_chunked_state::bad_signature);
    previous_ = std::move(expected);
}

void aws_chunked_decoder::trailer_line() {
    const bool signed_trailer = kind_ == payload_kind::streaming_signed_trailer;
    if (line_.empty()) {
        // AWS's examples have an empty line between the fields and their signature.
        if (signed_trailer && trailer_signature_.empty() && !trailers_.empty()) return;
        return finish();
    }
    const std::size_t colon = line_.find(':');
    if (colon == std::string::npos || colon == 0 || trailers_.size() == max_trailers ||
        kind_ == payload_kind::streaming_signed || !trailer_signature_.empty()) {
        return fail(aws_chunked_state::bad);
    }
    const std::string_view line = line_;
    std::string name = lower(trimmed(line.substr(0, colon)));
    std::string value(trimmed(line.substr(colon + 1)));
    if (name == "x-amz-trailer-signature") {
        if (!signed_trailer || !is_hex_digest(value)) return fail(aws_chunked_state::bad);
        trailer_signature_ = std::move(value);
    } else {
        trailers_.push_back({std::move(name), std::move(value)});
    }
}

void aws_chunked_decoder::finish() {
    phase_ = phase::done;
    if (verify_ && kind_ == payload_kind::streaming_signed_trailer) {
        std::string fields;
        for (const name_value& field : trailers_)
            fields += field.name + ":" + field.value + "\n";
        const std::string expected =
            chunk_signature("AWS4-HMAC-SHA256-TRAILER", sha256_hex(fields));
        if (!equal_constant_time(expected, trailer_signature_)) {
            return fail(aws_chunked_state::bad_signature);
        }
    }
    state_ = aws_chunked_state::complete;
}

std::string aws_chunked_decoder::chunk_signature(std::string_view algorithm,
                                                 std::string_view rest) const {
    std::string text(algorithm);
    for (const std::string_view line : {std::string_view(amz_date_), std::string_view(scope_),
                                        std::string_view(previous_), rest}) {
        text += '\n';
        text += line;
    }
    return to_hex(key_.sign(text));
}

}  // namespace chopsticks::s3
