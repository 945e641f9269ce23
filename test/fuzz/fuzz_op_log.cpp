/// \file
/// Operation logs. An odd first byte: the rest is the file. An even one: the rest is made of
/// blocks, of which only lengths and payloads are taken from the input, since nothing else gets
/// past the checksums: kind (1 byte), records (1), bytes (2), payload.

#include <zlib.h>

#include <chopsticks/trace/op_log.hpp>
#include <cstdlib>
#include <string>

using namespace chopsticks::trace;

namespace {

void put(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> 8 * i);
}

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string file_of(std::string_view blocks) {
    op_log_header header;
    header.run_id = "1";
    header.operations = {"a/get", "a/put"};
    header.endpoints = {"http://a", "http://b"};
    std::string out = encode_header(header);
    while (blocks.size() >= 4) {
        const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(blocks[i]); };
        const std::string_view payload = blocks.substr(4, byte(2) | byte(3) << 8);
        std::string head = "CBLK";
        put(head, 1 + byte(0) % 3, 2);
        put(head, 0, 2);
        put(head, byte(1), 4);
        put(head, payload.size(), 4);
        put(head, 0, 8);
        put(head, checksum(head), 4);
        put(head, checksum(payload), 4);
        out += head;
        out += payload;
        blocks.remove_prefix(4 + payload.size());
    }
    return out;
}

/// Records, and the step that ended it.
std::pair<std::size_t, op_log_decoder::step> read(std::string_view file, std::size_t piece) {
    op_log_decoder decoder;
    std::size_t records = 0;
    auto step = op_log_decoder::step::more;
    for (std::size_t at = 0; at < file.size() && step == op_log_decoder::step::more; at += piece) {
        decoder.push(file.substr(at, piece));
        op_record record;
        while ((step = decoder.next(record)) == op_log_decoder::step::record) {
            if (record.op >= decoder.header().operations.size()) std::abort();
            ++records;
        }
    }
    return {records, step};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string file = data[0] % 2 == 0 ? file_of(rest) : std::string(rest);
    if (read(file, file.size()) != read(file, 1 + data[0])) std::abort();
    return 0;
}
