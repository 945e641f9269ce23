#include <doctest/doctest.h>

#include <chopsticks/core/crc32c.hpp>
#include <string>
#include <string_view>

using namespace chopsticks;

TEST_CASE("CRC-32C has the published values, by instruction and by table") {
    struct sample {
        std::string bytes;
        std::uint32_t crc;
    };
    // RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
    std::string rising;
    for (int i = 0; i < 32; ++i)
        rising.push_back(static_cast<char>(i));
    const sample samples[] = {
        {"123456789", 0xe3069283},
        {std::string(32, '\0'), 0x8a9136aa},
        {std::string(32, '\xff'), 0x62a8ab43},
        {rising, 0x46dd794e},
        {"", 0},
    };
    for (const sample& s : samples) {
        CHECK(crc32c(0, s.bytes) == s.crc);
        CHECK(crc32c_by_table(0, s.bytes) == s.crc);
        const std::string_view all = s.bytes;
        const std::size_t cut = all.size() / 3;
        CHECK(crc32c(crc32c(0, all.substr(0, cut)), all.substr(cut)) == s.crc);
    }
}
