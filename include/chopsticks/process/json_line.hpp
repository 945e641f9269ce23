#pragma once
/// \file
/// One JSON value per line, as programs write them: read in place, without allocation, strictly
/// enough that a line which is none is told as such. Any core; views are into the line.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::process {

enum class json_kind : std::uint8_t { null, boolean, number, text, array, object };

/// A value as it stands in the line.
struct json_value {
    json_kind kind = json_kind::null;
    /// What stands there; of a text, what is between the quotes, escapes and all.
    std::string_view raw;

    bool is_true() const noexcept { return kind == json_kind::boolean && raw == "true"; }
    /// Of a whole number from 0 to 2^53; nothing for any other value.
    std::optional<std::uint64_t> count() const noexcept;
    std::optional<double> number() const noexcept;
    /// A text without its escapes, cut to `out`. Returns the bytes written.
    std::size_t copy_text(std::span<char> out) const noexcept;
    std::string text() const;
};

/// Goes through the members of an object, or the items of an array, which have no names.
class json_walk {
  public:
    /// \param whole the object or array, blanks around it allowed
    explicit json_walk(std::string_view whole) noexcept;

    /// The next one; false: there is none, or what stands there is no JSON.
    bool next() noexcept;
    std::string_view name() const noexcept { return name_; }
    const json_value& value() const noexcept { return value_; }
    /// Once next() has said false: whether all of it was right.
    bool is_whole() const noexcept { return state_ == state::ended; }

  private:
    enum class state : std::uint8_t { first, further, ended, broken };

    void skip_blanks() noexcept;
    bool take(char c) noexcept;
    bool read_text(std::string_view& inside) noexcept;
    bool read_value(json_value& into, unsigned depth) noexcept;
    bool skip_nested(char close, unsigned depth) noexcept;
    bool broken() noexcept {
        state_ = state::broken;
        return false;
    }

    std::string_view left_;
    char close_ = 0;
    state state_ = state::first;
    std::string_view name_;
    json_value value_;
};

/// Appends a text with its quotes.
void append_json_text(std::string& out, std::string_view text);

}  // namespace chopsticks::process
