#pragma once
/// \file
/// Failures by kind in fixed memory: what a failing target sends must not make a core allocate.

#include <algorithm>
#include <array>
#include <chopsticks/stats/recorder.hpp>

namespace chopsticks::stats {

/// A text cut to its array.
template <std::size_t Size>
struct short_text {
    void assign(std::string_view text) noexcept {
        size = static_cast<std::uint8_t>(std::min(text.size(), Size));
        text.copy(bytes, size);
    }
    std::string_view view() const noexcept { return {bytes, size}; }

    static_assert(Size < 256);
    std::uint8_t size = 0;
    char bytes[Size];
};

/// Belongs to the core of its recorder.
class failure_table {
  public:
    void count(const failure& f) noexcept {
        const std::string_view code = f.code.substr(0, code_bytes);
        for (std::size_t i = 0; i < used_; ++i) {
            if (rows_[i].is(f.status, f.native, code)) {
                ++rows_[i].count;
                return;
            }
        }
        if (used_ == rows_.size()) {
            row& other = others_[static_cast<std::size_t>(f.status)];
            if (other.count++ == 0) other.example.assign(f.example);
            return;
        }
        row& fresh = rows_[used_++];
        fresh.status = f.status;
        fresh.native = f.native;
        fresh.code.assign(code);
        fresh.example.assign(f.example);
        fresh.count = 1;
    }

    void add_to(figures& sum) const {
        for (std::size_t i = 0; i < used_; ++i) {
            const row& r = rows_[i];
            sum.add_errors({r.status, r.native, std::string(r.code.view()), r.count,
                            std::string(r.example.view())});
        }
        for (std::size_t status = 0; status < others_.size(); ++status) {
            const row& r = others_[status];
            if (r.count == 0) continue;
            sum.add_errors({static_cast<op_status>(status),
                            {},
                            "other",
                            r.count,
                            std::string(r.example.view())});
        }
    }

    void clear() noexcept {
        used_ = 0;
        for (row& r : others_)
            r.count = 0;
    }

  private:
    // What fits engine::outcome's arrays, less their terminators.
    static constexpr std::size_t code_bytes = 47;
    static constexpr std::size_t example_bytes = 159;

    struct row {
        bool is(op_status s, native_code n, std::string_view text) const noexcept {
            return status == s && native == n && code.view() == text;
        }

        std::uint64_t count = 0;
        op_status status = op_status::ok;
        native_code native;
        short_text<code_bytes> code;
        short_text<example_bytes> example;
    };

    std::size_t used_ = 0;
    std::array<row, recorder::error_kinds_max> rows_;
    std::array<row, op_status_count> others_;  // beyond the table, by status
};

}  // namespace chopsticks::stats
