#include "characters.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/http/chunked.hpp>

namespace chopsticks::http {

namespace {

constexpr std::uint64_t max_chunk_bytes = (std::uint64_t{1} << 60) - 1;

}  // namespace

std::size_t chunked_decoder::step(std::string_view in, std::string_view& body) noexcept {
    body = {};
    std::size_t at = 0;
    while (at < in.size() && phase_ != phase::done && phase_ != phase::failed) {
        if (phase_ == phase::data) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
            body = in.substr(at, n);
            skip_data(n);
            return at + n;
        }
        phase_ = after(in[at++]);
    }
    return at;
}

void chunked_decoder::skip_data(std::uint64_t n) noexcept {
    CHOPSTICKS_ASSERT(n <= data_left());
    left_ -= n;
    body_bytes_ += n;
    if (phase_ == phase::data && left_ == 0) phase_ = phase::data_cr;
}

chunked_decoder::phase chunked_decoder::after(char c) noexcept {
    switch (phase_) {
        case phase::size_first:
        case phase::size:
            return after_size(c);
        case phase::extension_space:
        case phase::extension_start:
        case phase::extension_name:
        case phase::extension_name_space:
        case phase::value_start:
        case phase::value_token:
        case phase::value_quoted:
        case phase::value_escaped:
        case phase::value_end:
            return after_extension(c);
        case phase::size_lf:
            if (c != '\n') return phase::failed;
            return left_ == 0 ? phase::trailer_start : phase::data;
        case phase::data_cr:
            return c == '\r' ? phase::data_lf : phase::failed;
        case phase::data_lf:
            return c == '\n' ? phase::size_first : phase::failed;
        case phase::trailer_start:
        case phase::trailer_name:
        case phase::trailer_value:
        case phase::trailer_lf:
        case phase::last_lf:
            return after_trailer(c);
        case phase::data:
        case phase::done:
        case phase::failed:
            break;
    }
    return phase::failed;
}

chunked_decoder::phase chunked_decoder::after_size(char c) noexcept {
    if (phase_ == phase::size_first) {
        left_ = 0;
        line_bytes_ = 0;
    }
    if (++line_bytes_ > max_size_line_bytes) return phase::failed;
    const int digit = hex_value(c);
    if (digit >= 0) {
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return left_ <= max_chunk_bytes ? phase::size : phase::failed;
    }
    if (phase_ == phase::size_first) return phase::failed;
    if (c == '\r') return phase::size_lf;
    if (c == ';') return phase::extension_start;
    return is_blank(c) ? phase::extension_space : phase::failed;
}

/// RFC 9112, section 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ). White
/// space must lead to something, as Beast has it: before the line end it is refused.
chunked_decoder::phase chunked_decoder::after_extension(char c) noexcept {
    if (++line_bytes_ > max_size_line_bytes) return phase::failed;
    switch (phase_) {
        case phase::extension_space:
            if (is_blank(c)) return phase_;
            return c == ';' ? phase::extension_start : phase::failed;
        case phase::extension_start:
            if (is_blank(c)) return phase_;
            return is_token(c) ? phase::extension_name : phase::failed;
        case phase::extension_name:
            if (is_token(c)) return phase_;
            if (is_blank(c)) return phase::extension_name_space;
            if (c == '=') return phase::value_start;
            if (c == ';') return phase::extension_start;
            return c == '\r' ? phase::size_lf : phase::failed;
        case phase::extension_name_space:
            if (is_blank(c)) return phase_;
            if (c == '=') return phase::value_start;
            return c == ';' ? phase::extension_start : phase::failed;
        case phase::value_start:
            if (is_blank(c)) return phase_;
            if (c == '"') return phase::value_quoted;
            return is_token(c) ? phase::value_token : phase::failed;
        case phase::value_quoted:
            if (c == '"') return phase::value_end;
            if (c == '\\') return phase::value_escaped;
            return is_text(c) ? phase_ : phase::failed;
        case phase::value_escaped:
            return is_text(c) ? phase::value_quoted : phase::failed;
        case phase::value_token:
            if (is_token(c)) return phase_;
            [[fallthrough]];
        default:  // value_end
            if (is_blank(c)) return phase::extension_space;
            if (c == ';') return phase::extension_start;
            return c == '\r' ? phase::size_lf : phase::failed;
    }
}

chunked_decoder::phase chunked_decoder::after_trailer(char c) noexcept {
    if (++trailer_bytes_ > max_trailer_bytes) return phase::failed;
    switch (phase_) {
        case phase::trailer_start:
            if (c == '\r') return phase::last_lf;
            return is_token(c) ? phase::trailer_name : phase::failed;
        case phase::trailer_name:
            if (is_token(c)) return phase_;
            return c == ':' ? phase::trailer_value : phase::failed;
        case phase::trailer_value:
            if (is_text(c)) return phase_;
            return c == '\r' ? phase::trailer_lf : phase::failed;
        case phase::trailer_lf:
            return c == '\n' ? phase::trailer_start : phase::failed;
        default:  // last_lf
            return c == '\n' ? phase::done : phase::failed;
    }
}

}  // namespace chopsticks::http
