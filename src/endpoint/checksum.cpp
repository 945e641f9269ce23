#include "checksum.hpp"

#include <chopsticks/core/assert.hpp>

#include "request.hpp"

namespace chopsticks::endpoint {

namespace {

/// The product of two polynomials modulo that of the CRC; bits reflected, so the highest is x^0.
/// Source of the method: zlib, crc32_combine.
template <typename Word>
Word multiply(Word a, Word b, Word polynomial) noexcept {
    Word product = 0;
    for (Word bit = Word{1} << (8 * sizeof(Word) - 1); bit != 0; bit >>= 1) {
        if ((a & bit) != 0) product ^= b;
        b = (b & 1) != 0 ? (b >> 1) ^ polynomial : b >> 1;
    }
    return product;
}

/// x to the power of 8 * bytes: what so many bytes behind it do to a CRC.
template <typename Word>
Word shift_by(std::uint64_t bytes, Word polynomial) noexcept {
    constexpr unsigned top = 8 * sizeof(Word) - 1;
    Word power = Word{1} << top;
    for (Word square = Word{1} << (top - 8); bytes != 0; bytes >>= 1) {
        if ((bytes & 1) != 0) power = multiply(square, power, polynomial);
        square = multiply(square, square, polynomial);
    }
    return power;
}

template <typename Word>
std::string joined_crc(std::string_view before, std::string_view behind, std::uint64_t size,
                       Word polynomial) {
    const auto read = [](std::string_view bytes) {
        Word value = 0;
        for (const char c : bytes)
            value = static_cast<Word>(value << 8) | static_cast<unsigned char>(c);
        return value;
    };
    Word value = multiply(shift_by(size, polynomial), read(before), polynomial) ^ read(behind);
    std::string out(sizeof(Word), '\0');
    for (std::size_t i = sizeof(Word); i-- > 0; value >>= 8)
        out[i] = static_cast<char>(value & 0xff);
    return out;
}

}  // namespace

const checksum_algorithm* checksum_named(std::string_view name) noexcept {
    for (const checksum_algorithm& a : checksum_algorithms) {
        if (same_name(a.name, name)) return &a;
    }
    return nullptr;
}

const checksum_algorithm* checksum_of_field(std::string_view field) noexcept {
    for (const checksum_algorithm& a : checksum_algorithms) {
        if (same_name(a.field, field)) return &a;
    }
    return nullptr;
}

const checksum_algorithm& describe(digest_kind kind) noexcept {
    for (const checksum_algorithm& a : checksum_algorithms) {
        if (a.kind == kind) return a;
    }
    CHOPSTICKS_ASSERT(false);
    return checksum_algorithms.front();
}

bool is_checksum(const checksum_algorithm& algorithm, std::string_view value) {
    const auto raw = from_base64(value);
    return raw && raw->size() == algorithm.bytes;
}

std::string joined_checksum(digest_kind kind, std::string_view before, std::string_view behind,
                            std::uint64_t size) {
    const std::string a = from_base64(before).value_or("");
    const std::string b = from_base64(behind).value_or("");
    switch (kind) {
        case digest_kind::crc32:
            return to_base64(joined_crc<std::uint32_t>(a, b, size, crc32_polynomial));
        case digest_kind::crc32c:
            return to_base64(joined_crc<std::uint32_t>(a, b, size, crc32c_polynomial));
        case digest_kind::crc64nvme:
            return to_base64(joined_crc<std::uint64_t>(a, b, size, crc64nvme_polynomial));
        default:
            break;
    }
    CHOPSTICKS_ASSERT(false);
    return {};
}

checksum checksum_of_parts(digest_kind kind, bool composite, std::span<const checked_part> parts) {
    CHOPSTICKS_ASSERT(!parts.empty());
    checksum out{kind, composite, {}};
    if (composite) {
        std::string raw;
        for (const checked_part& p : parts)
            raw += from_base64(p.sum).value_or("");
        out.value = to_base64(digest_of(kind, raw)) + "-" + std::to_string(parts.size());
        return out;
    }
    out.value = parts.front().sum;
    for (const checked_part& p : parts.subspan(1))
        out.value = joined_checksum(kind, out.value, p.sum, p.size);
    return out;
}

}  // namespace chopsticks::endpoint
