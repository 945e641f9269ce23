#include <bit>
#include <chopsticks/locust/message.hpp>
#include <utility>

namespace chopsticks::locust {

namespace {

/// Whether it is UTF-8: what it goes into (JSON) refuses anything else, much later.
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        unsigned more = 0;
        unsigned value = first;
        unsigned least = 0;
        if (first >= 0x80) {
            if (first >= 0xc2 && first <= 0xdf) {
                more = 1, value = first & 0x1fU, least = 0x80;
            } else if ((first & 0xf0U) == 0xe0) {
                more = 2, value = first & 0x0fU, least = 0x800;
            } else if (first >= 0xf0 && first <= 0xf4) {
                more = 3, value = first & 0x07U, least = 0x10000;
            } else {
                return false;
            }
        }
        if (text.size() - i <= more) return false;
        for (unsigned k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0U) != 0x80) return false;
            value = value << 6 | (next & 0x3fU);
        }
        if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return false;
        i += more + 1;
    }
    return true;
}

/// Reads values one after the other. The first problem ends it.
class unpacker {
  public:
    explicit unpacker(std::string_view bytes) : left_(bytes) {}

    json value(unsigned depth = 0);
    bool at_end() const { return left_.empty(); }
    const char* problem() const { return problem_; }

  private:
    json refuse(const char* why) {
        if (problem_ == nullptr) problem_ = why;
        left_ = {};
        return nullptr;
    }
    std::uint64_t big_endian(unsigned bytes) {
        if (left_.size() < bytes) {
            refuse("it is truncated");
            return 0;
        }
        std::uint64_t out = 0;
        for (unsigned i = 0; i < bytes; ++i)
            out = out << 8 | static_cast<unsigned char>(left_[i]);
        left_.remove_prefix(bytes);
        return out;
    }
    json text(std::uint64_t length);
    json array(std::uint64_t items, unsigned depth);
    json map(std::uint64_t entries, unsigned depth);
    json fixed(unsigned char first, unsigned depth);

    std::string_view left_;
    std::size_t values_ = 0;
    const char* problem_ = nullptr;
};

json unpacker::text(std::uint64_t length) {
    if (problem_ != nullptr) return nullptr;
    if (length > left_.size()) return refuse("it is truncated");
    const std::string_view out = left_.substr(0, length);
    left_.remove_prefix(length);
    if (!is_utf8(out)) return refuse("a text in it is not UTF-8");
    return std::string(out);
}

json unpacker::array(std::uint64_t items, unsigned depth) {
    // Each item is a byte at least: a length that cannot be true costs nothing.
    if (problem_ != nullptr || items > left_.size()) return refuse("it is truncated");
    json out = json::array();
    for (std::uint64_t i = 0; i < items && problem_ == nullptr; ++i)
        out.push_back(value(depth + 1));
    return out;
}

json unpacker::map(std::uint64_t entries, unsigned depth) {
    if (problem_ != nullptr || entries > left_.size() / 2) return refuse("it is truncated");
    json out = json::object();
    for (std::uint64_t i = 0; i < entries && problem_ == nullptr; ++i) {
        const json key = value(depth + 1);
        json content = value(depth + 1);
        if (key.is_string()) {
            out[key.get_ref<const std::string&>()] = std::move(content);
        } else if (key.is_number() || key.is_boolean() || key.is_null()) {
            out[key.dump()] = std::move(content);
        } else {
            return refuse("a map in it has a key that is none");
        }
    }
    return out;
}

json unpacker::fixed(unsigned char first, unsigned depth) {
    if (first < 0x80) return static_cast<std::uint64_t>(first);
    if (first >= 0xe0) return static_cast<std::int64_t>(static_cast<signed char>(first));
    if (first >= 0xa0) return text(first & 0x1fU);
    if (first >= 0x90) return array(first & 0x0fU, depth);
    return map(first & 0x0fU, depth);
}

json unpacker::value(unsigned depth) {
    if (problem_ != nullptr) return nullptr;
    if (left_.empty()) return refuse("it is truncated");
    if (depth > frame_depth_most) return refuse("it is nested too deep");
    if (++values_ > frame_values_most) return refuse("it has too many values");
    const auto first = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    if (first < 0xc0 || first >= 0xe0) return fixed(first, depth);
    switch (first) {
        case 0xc0:
            return nullptr;
        case 0xc2:
            return false;
        case 0xc3:
            return true;
        case 0xc4:
        case 0xd9:
            return text(big_endian(1));
        case 0xc5:
        case 0xda:
            return text(big_endian(2));
        case 0xc6:
        case 0xdb:
            return text(big_endian(4));
        case 0xca:
            return static_cast<double>(
                std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(4))));
        case 0xcb:
            return std::bit_cast<double>(big_endian(8));
        case 0xcc:
            return big_endian(1);
        case 0xcd:
            return big_endian(2);
        case 0xce:
            return big_endian(4);
        case 0xcf:
            return big_endian(8);
        case 0xd0:
            return static_cast<std::int64_t>(static_cast<std::int8_t>(big_endian(1)));
        case 0xd1:
            return static_cast<std::int64_t>(static_cast<std::int16_t>(big_endian(2)));
        case 0xd2:
            return static_cast<std::int64_t>(static_cast<std::int32_t>(big_endian(4)));
        case 0xd3:
            return static_cast<std::int64_t>(big_endian(8));
        case 0xdc:
            return array(big_endian(2), depth);
        case 0xdd:
            return array(big_endian(4), depth);
        case 0xde:
            return map(big_endian(2), depth);
        case 0xdf:
            return map(big_endian(4), depth);
        default:
            return refuse("it has an extension of MessagePack");
    }
}

}  // namespace

decoded decode(std::string_view frame) {
    if (frame.size() > frame_bytes_most) return {std::nullopt, "it is too large"};
    unpacker reader(frame);
    json whole = reader.value();
    if (reader.problem() != nullptr) return {std::nullopt, reader.problem()};
    if (!reader.at_end()) return {std::nullopt, "there is something behind its end"};
    const bool is_message = whole.is_array() && whole.size() == 3 && whole[0].is_string() &&
                            (whole[2].is_string() || whole[2].is_null());
    if (!is_message) return {std::nullopt, "it is not a type, data and a worker's name"};
    message out;
    out.type = whole[0].get<std::string>();
    out.data = std::move(whole[1]);
    if (whole[2].is_string()) out.node = whole[2].get<std::string>();
    return {std::move(out), {}};
}

void packer::big_endian(std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;)
        out_.push_back(static_cast<char>(value >> (8 * i) & 0xffU));
}

void packer::array(std::size_t items) {
    if (items < 16) {
        out_.push_back(static_cast<char>(0x90U | items));
    } else {
        out_.push_back('\xdd');
        big_endian(items, 4);
    }
}

void packer::map(std::size_t entries) {
    if (entries < 16) {
        out_.push_back(static_cast<char>(0x80U | entries));
    } else {
        out_.push_back('\xdf');
        big_endian(entries, 4);
    }
}

void packer::text(std::string_view value) {
    if (value.size() < 32) {
        out_.push_back(static_cast<char>(0xa0U | value.size()));
    } else {
        out_.push_back('\xdb');
        big_endian(value.size(), 4);
    }
    out_ += value;
}

void packer::number(std::uint64_t value) {
    if (value < 0x80) {
        out_.push_back(static_cast<char>(value));
    } else {
        out_.push_back('\xcf');
        big_endian(value, 8);
    }
}

void packer::number(std::int64_t value) {
    if (value >= 0) return number(static_cast<std::uint64_t>(value));
    out_.push_back('\xd3');
    big_endian(static_cast<std::uint64_t>(value), 8);
}

void packer::number(double value) {
    out_.push_back('\xcb');
    big_endian(std::bit_cast<std::uint64_t>(value), 8);
}

void packer::any(const json& value) {
    switch (value.type()) {
        case json::value_t::boolean:
            out_.push_back(value.get<bool>() ? '\xc3' : '\xc2');
            return;
        case json::value_t::number_unsigned:
            number(value.get<std::uint64_t>());
            return;
        case json::value_t::number_integer:
            number(value.get<std::int64_t>());
            return;
        case json::value_t::number_float:
            number(value.get<double>());
            return;
        case json::value_t::string:
            text(value.get_ref<const std::string&>());
            return;
        case json::value_t::array:
            array(value.size());
            for (const json& item : value)
                any(item);
            return;
        case json::value_t::object:
            map(value.size());
            for (const auto& [key, content] : value.items()) {
                text(key);
                any(content);
            }
            return;
        default:
            nil();
    }
}

std::string encode(std::string_view type, const json& data, std::string_view node) {
    packer out;
    out.array(3);
    out.text(type);
    out.any(data);
    out.text(node);
    return out.take();
}

}  // namespace chopsticks::locust
