#pragma once
/// \file
/// Numbers as ledgers spell them.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace chopsticks::load {

/// First byte of a record's body.
enum class ledger_record : char { scope = 1, run = 2, entries = 3, end = 4 };

constexpr char ledger_magic[] = {'C', 'H', 'S', 'P', 'L', 'D', 'G', '1'};
/// Length and checksum before a record's body, 4 bytes each, little-endian.
constexpr std::size_t ledger_head_bytes = 8;
constexpr std::uint32_t ledger_body_max = 1 << 20;
constexpr std::size_t ledger_runs_max = 65'535;

inline void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

inline std::uint64_t zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

inline std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// Takes numbers off the front of bytes; once one is cut off, all are 0 and ok() is false.
class ledger_cursor {
  public:
    explicit ledger_cursor(std::span<const char> bytes) : left_(bytes) {}

    std::uint64_t varint() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(left_.front());
            left_ = left_.subspan(1);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        ok_ = false;
        left_ = {};
        return 0;
    }
    std::uint64_t word() noexcept {
        std::uint64_t value = 0;
        if (left_.size() < sizeof value) {
            ok_ = false;
            left_ = {};
            return 0;
        }
        std::memcpy(&value, left_.data(), sizeof value);
        left_ = left_.subspan(sizeof value);
        return value;
    }
    std::span<const char> rest() noexcept { return left_; }
    bool empty() const noexcept { return left_.empty(); }
    bool ok() const noexcept { return ok_; }

  private:
    std::span<const char> left_;
    bool ok_ = true;
};

}  // namespace chopsticks::load
