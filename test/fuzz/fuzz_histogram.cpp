/// \file
/// Encoded histograms. An even first byte: the rest is the inflated form, which is packed first;
/// an odd one: the rest is the text, but for the end of its line.

#include <zlib.h>

#include <chopsticks/stats/histogram.hpp>
#include <cstdlib>
#include <string>

using chopsticks::stats::histogram;

namespace {

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group =
                group << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    return out;
}

std::string packed(std::string_view plain) {
    uLongf size = ::compressBound(plain.size());
    std::string deflated(size, '\0');
    ::compress2(reinterpret_cast<Bytef*>(deflated.data()), &size,
                reinterpret_cast<const Bytef*>(plain.data()), plain.size(), 1);
    std::string framed = "\x1c\x84\x93\x14";
    for (const int shift : {24, 16, 8, 0})
        framed += static_cast<char>(size >> shift);
    return base64(framed + deflated.substr(0, size));
}

std::string line_of(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto decoded =
        histogram::decode(data[0] % 2 == 0 ? packed(rest) : line_of(rest), 1 << 20);
    if (!decoded) return 0;
    // What was read can be written, and read again as the same.
    const auto again = histogram::decode(decoded->encode());
    if (!again || again->count() != decoded->count()) std::abort();
    histogram sum = *decoded;
    sum.add(*again);
    if (!sum.remove(*again) || sum.encode() != decoded->encode()) std::abort();
    for (const double percentile : {0.0, 50.0, 99.9, 100.0}) {
        const std::int64_t value = decoded->value_at_percentile(percentile);
        if (value < decoded->min() || value > decoded->max()) std::abort();
    }
    return 0;
}
