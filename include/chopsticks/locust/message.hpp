#pragma once
/// \file
/// The messages between a Locust master and its workers: MessagePack arrays of a type, data, and
/// the name of a worker. Read with bounds, since nobody proves who sent them. Plain functions; any
/// thread.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace chopsticks::locust {

using json = nlohmann::json;

/// What a frame may hold at most: bytes, values of all kinds, containers inside each other.
constexpr std::size_t frame_bytes_most = 16U << 20;
constexpr std::size_t frame_values_most = 200'000;
constexpr unsigned frame_depth_most = 32;

struct message {
    std::string type;
    json data;         ///< null: none; keys that are numbers are their text
    std::string node;  ///< of the worker it is from or for
};

/// A frame that was read, or why it is no message.
struct decoded {
    std::optional<message> value;
    std::string problem;  ///< one short sentence without the frame's bytes
};

/// Reads one frame, whatever is in it: truncated, with bytes behind its end, of other types, deeper
/// or larger than the bounds. Texts that are not UTF-8, and MessagePack's extensions, are refused.
decoded decode(std::string_view frame);

/// Writes MessagePack. Numbers may be keys of maps, as Locust has them and JSON has not.
class packer {
  public:
    void array(std::size_t items);
    void map(std::size_t entries);  ///< key, value, key, value, ... follow
    void text(std::string_view value);
    void number(std::uint64_t value);
    void number(std::int64_t value);
    void number(double value);
    void nil() { out_.push_back('\xc0'); }
    void any(const json& value);

    /// What was written, which goes away here.
    std::string take() { return std::exchange(out_, {}); }

  private:
    void big_endian(std::uint64_t value, unsigned bytes);

    std::string out_;
};

/// A whole frame.
std::string encode(std::string_view type, const json& data, std::string_view node);

}  // namespace chopsticks::locust
