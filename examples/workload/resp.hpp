#pragma once
/// \file
/// The protocol of Redis, RESP 2, without I/O: commands to bytes, bytes to replies.

#include <cstdint>
#include <string>
#include <string_view>

namespace redis_example {

/// One element of what a server sends. Of an array it is the head alone: its items follow, each a
/// reply of its own.
struct reply {
    enum class kind : std::uint8_t { status, error, number, text, missing, array };
    kind what = kind::missing;
    std::int64_t number = 0;  ///< of a number; of an array, how many items follow
    std::string_view text;    ///< of status, error and text; points into what was parsed
};

enum class parsed : std::uint8_t { whole, partial, wrong };

/// Reads one reply from the front. \param used its length, if it is whole
/// \param most bytes of a text; a longer one is wrong
parsed parse_reply(std::string_view in, std::uint64_t most, reply& out, std::size_t& used);

/// Appends the head of a command of so many words, then one word each.
void begin_command(std::string& to, std::size_t words);
void add_word(std::string& to, std::string_view word);
/// A word whose bytes the caller appends, with "\r\n" behind them.
void begin_word(std::string& to, std::uint64_t bytes);

}  // namespace redis_example
