#pragma once
// Makes and opens encoded histograms without the code under test (but its base64).

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base64.hpp"

namespace hdr_text {

struct header {
    std::uint32_t cookie = 0x1c849313;
    std::uint32_t shift = 0;
    std::uint32_t digits = 3;
    std::int64_t lowest = 1;
    std::int64_t highest = 3'600'000'000'000;
    double ratio = 1;
    std::int64_t payload_bytes = -1;  // what the header claims; -1: the truth
};

template <typename Integer>
void put(std::string& out, Integer value) {
    for (int i = sizeof(Integer) - 1; i >= 0; --i)
        out.push_back(static_cast<char>(value >> (8 * i)));
}

inline std::string plain(const header& h, std::string_view payload) {
    std::string out;
    put(out, h.cookie);
    put(out,
        static_cast<std::uint32_t>(h.payload_bytes < 0 ? static_cast<std::int64_t>(payload.size())
                                                       : h.payload_bytes));
    put(out, h.shift);
    put(out, h.digits);
    put(out, static_cast<std::uint64_t>(h.lowest));
    put(out, static_cast<std::uint64_t>(h.highest));
    std::uint64_t ratio = 0;
    static_assert(sizeof(ratio) == sizeof(h.ratio));
    __builtin_memcpy(&ratio, &h.ratio, sizeof(ratio));
    put(out, ratio);
    out += payload;
    return out;
}

inline std::string deflated(std::string_view bytes) {
    uLongf size = compressBound(bytes.size());
    std::string out(size, '\0');
    REQUIRE(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                     reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) == Z_OK);
    out.resize(size);
    return out;
}

inline std::string framed(std::string_view deflated_bytes, std::uint32_t cookie = 0x1c849314,
                          std::int64_t claimed_bytes = -1) {
    std::string out;
    put(out, cookie);
    put(out, static_cast<std::uint32_t>(claimed_bytes < 0
                                            ? static_cast<std::int64_t>(deflated_bytes.size())
                                            : claimed_bytes));
    out += deflated_bytes;
    return out;
}

inline std::string pack(const header& h, std::string_view payload) {
    return chopsticks::stats::base64_encode(framed(deflated(plain(h, payload))));
}

// Header and counts of an encoded histogram.
inline std::string unpack(const std::string& text) {
    std::string frame;
    REQUIRE(chopsticks::stats::base64_decode(text, frame));
    REQUIRE(frame.size() > 8);
    std::string out(1 << 20, '\0');
    uLongf size = out.size();
    REQUIRE(uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<const Bytef*>(frame.data()) + 8, frame.size() - 8) == Z_OK);
    out.resize(size);
    return out;
}

}  // namespace hdr_text
