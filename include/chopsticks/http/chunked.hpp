#pragma once
/// \file
/// Incremental decoder of the chunked transfer coding (RFC 9112, section 7.1). No I/O, no
/// allocation, no copy of body bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chopsticks::http {

enum class chunked_state : std::uint8_t {
    need_more,  ///< all input is consumed, the body does not end yet
    complete,   ///< the last byte of the message is consumed; what follows belongs to the next one
    bad,        ///< malformed or beyond a limit; the connection must be closed
};

/// Decodes one body. One object per message (or reset() between messages), used by one core.
/// Limits: chunks below 2^60 bytes, 4 KiB of size and extensions per chunk, 16 KiB of trailers in
/// all. Extensions and trailer fields are checked and dropped.
class chunked_decoder {
  public:
    static constexpr std::size_t max_size_line_bytes = 4 * 1024;
    static constexpr std::size_t max_trailer_bytes = 16 * 1024;

    struct result {
        std::size_t consumed;  ///< of the input
        chunked_state state;
    };

    /// Consumes `in` and calls `on_body(std::string_view)` for every piece of body in it; the
    /// pieces are parts of `in`. After complete or bad nothing more is consumed.
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
            return {at, state()};
        }
    }

    /// One step of decode: consumes up to and including the next piece of body, if there is one. An
    /// empty `body` afterwards means that all input is consumed or that the message has ended.
    std::size_t step(std::string_view in, std::string_view& body) noexcept;

    chunked_state state() const noexcept {
        return phase_ == phase::done     ? chunked_state::complete
               : phase_ == phase::failed ? chunked_state::bad
                                         : chunked_state::need_more;
    }

    /// Body bytes given out so far.
    std::uint64_t body_bytes() const noexcept { return body_bytes_; }

    /// Bytes of the current chunk that are still to come: so many may be read straight into the
    /// caller's buffer and reported by skip_data().
    std::uint64_t data_left() const noexcept { return phase_ == phase::data ? left_ : 0; }

    /// The caller consumed `n` body bytes itself; n <= data_left().
    void skip_data(std::uint64_t n) noexcept;

    void reset() noexcept { *this = chunked_decoder(); }

  private:
    enum class phase : std::uint8_t {
        size_first,
        size,
        extension_space,
        extension_start,
        extension_name,
        extension_name_space,
        value_start,
        value_token,
        value_quoted,
        value_escaped,
        value_end,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf,
        done,
        failed,
    };

    phase after(char c) noexcept;
    phase after_size(char c) noexcept;
    phase after_extension(char c) noexcept;
    phase after_trailer(char c) noexcept;

    phase phase_ = phase::size_first;
    std::uint32_t line_bytes_ = 0;     // of this chunk's size line
    std::uint32_t trailer_bytes_ = 0;  // of all trailers
    std::uint64_t left_ = 0;           // the chunk size while it is read, then what is left of it
    std::uint64_t body_bytes_ = 0;
};

}  // namespace chopsticks::http
