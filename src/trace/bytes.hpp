#pragma once
/// \file
/// Little-endian numbers, variable-length numbers and checksums of the operation log.

#include <boost/crc.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::trace {

template <typename Number>
void put_fixed(std::string& out, Number value) {
    const auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        out.push_back(static_cast<char>(bits >> (8 * i)));
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

/// Small numbers of either sign stay small.
inline void put_signed(std::string& out, std::int64_t value) {
    put_varint(out,
               (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

/// Takes numbers from the front of bytes. After a number that was not there `ok` is false for good
/// and all further numbers are 0.
struct byte_reader {
    std::string_view rest;
    bool ok = true;

    template <typename Number>
    Number fixed() {
        if (rest.size() < sizeof(Number)) {
            ok = false;
            return 0;
        }
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof(Number); ++i)
            bits |= std::uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
        rest.remove_prefix(sizeof(Number));
        return static_cast<Number>(bits);
    }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest.front());
            rest.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        ok = false;
        return 0;
    }

    std::int64_t signed_varint() {
        const std::uint64_t bits = varint();
        return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    }
};

/// CRC-32 as in zlib.
inline std::uint32_t checksum(std::string_view bytes) {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

}  // namespace chopsticks::trace
