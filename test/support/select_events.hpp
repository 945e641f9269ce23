#pragma once
// Messages of the answer to a select, made as the reference says it, apart from who reads them.

#include <boost/crc.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::test {

inline std::string big_endian(std::uint64_t number, int bytes) {
    std::string out;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift & 255);
    return out;
}

inline std::string sum_of(const std::string& bytes) {
    boost::crc_32_type sum;
    sum.process_bytes(bytes.data(), bytes.size());
    return big_endian(sum.checksum(), 4);
}

using header_list = std::vector<std::pair<std::string, std::string>>;

/// As the reference says it, written apart from the scanner.
inline std::string event_message(const header_list& headers, const std::string& payload) {
    std::string head;
    for (const auto& [name, value] : headers) {
        head += big_endian(name.size(), 1) + name + '\x07' + big_endian(value.size(), 2) + value;
    }
    std::string out = big_endian(16 + head.size() + payload.size(), 4) + big_endian(head.size(), 4);
    out += sum_of(out);
    out += head + payload;
    return out + sum_of(out);
}

inline std::string event_of(const std::string& type, const std::string& payload = {}) {
    return event_message({{":message-type", "event"}, {":event-type", type}}, payload);
}

inline std::string event_stats(int returned) {
    return event_of("Stats",
                    "<Stats xmlns=\"\"><BytesScanned>26</BytesScanned><BytesProcessed>26"
                    "</BytesProcessed><BytesReturned>" +
                        std::to_string(returned) + "</BytesReturned></Stats>");
}

inline std::string event_error(const std::string& code) {
    return event_message(
        {{":error-code", code}, {":error-message", "told so"}, {":message-type", "error"}}, "");
}

}  // namespace chopsticks::test
