#pragma once
/// \file
/// Incremental decoder of S3's own chunked coding ("aws-chunked"), in which uploads carry
/// signatures of their chunks or a checksum behind the body. It lies inside whatever transfer
/// coding HTTP uses.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
/// Transferring Payload in Multiple Chunks" and "... Including Trailing Headers".

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

enum class aws_chunked_state : std::uint8_t {
    need_more,      ///< all input is consumed, the body does not end yet
    complete,       ///< the body has ended, with all signatures right
    bad,            ///< malformed or beyond a limit
    bad_signature,  ///< a chunk or the trailer is signed wrongly
};

/// Decodes one upload; used by one core. Body bytes are handed out before the signature of their
/// chunk is known, so what they became is to be thrown away unless the end is `complete`.
class aws_chunked_decoder {
  public:
    static constexpr std::size_t max_line_bytes = 8 * 1024;
    static constexpr std::size_t max_trailers = 32;

    /// For streaming_unsigned_trailer; other kinds are decoded without checking their signatures.
    explicit aws_chunked_decoder(payload_kind kind);

    /// For the signed kinds. `seed` is the verified signature of the request.
    aws_chunked_decoder(payload_kind kind, const sha256_digest& signing_key, std::string amz_date,
                        std::string scope, std::string seed);

    struct result {
        std::size_t consumed;
        aws_chunked_state state;
    };

    /// Consumes `in` and calls `on_body(std::string_view)` for each piece of body; pieces are parts
    /// of `in`.
    template <typename OnBody>
    result decode(std::string_view in, OnBody&& on_body) {
        std::size_t at = 0;
        for (;;) {
            std::string_view body;
            at += step(in.substr(at), body);
            if (!body.empty()) {
                on_body(body);
                continue;
            }
            return {at, state_};
        }
    }

    /// One step of decode; see http::chunked_decoder::step.
    std::size_t step(std::string_view in, std::string_view& body);

    aws_chunked_state state() const noexcept { return state_; }

    std::uint64_t body_bytes() const noexcept { return body_bytes_; }

    /// Fields behind the body, names in lower case, without x-amz-trailer-signature. Complete with
    /// the state.
    const std::vector<name_value>& trailers() const noexcept { return trailers_; }

  private:
    enum class phase : std::uint8_t { size_line, data, data_end, trailer_line, done };

    void take_line();
    void size_line();
    void trailer_line();
    void finish_chunk();
    void finish();
    void fail(aws_chunked_state why) noexcept { state_ = why; }
    std::string chunk_signature(std::string_view algorithm, std::string_view rest) const;

    payload_kind kind_;
    bool verify_ = false;
    phase phase_ = phase::size_line;
    aws_chunked_state state_ = aws_chunked_state::need_more;
    std::uint64_t left_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::string line_;
    hmac_sha256_key key_;
    std::string amz_date_;
    std::string scope_;
    std::string previous_;  // signature
    std::string claimed_;   // signature of the chunk that is read
    std::string trailer_signature_;
    sha256_stream chunk_hash_;
    std::vector<name_value> trailers_;
};

}  // namespace chopsticks::s3
