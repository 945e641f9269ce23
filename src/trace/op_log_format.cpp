// The bytes of an operation log; docs/reference/operation-log.md says the same to people.

#include <algorithm>
#include <chopsticks/trace/op_log.hpp>
#include <nlohmann/json.hpp>

#include "bytes.hpp"

namespace chopsticks::trace {

namespace {

using nlohmann::json;

constexpr std::string_view file_magic = "CHOPOPL\n";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t file_head_bytes = 8 + 4 + 4 + 4;  // magic, version, header's length and CRC
constexpr std::size_t header_most_bytes = 1 << 24;

constexpr std::string_view block_magic = "CBLK";
// Magic, kind, core, records, bytes of payload, base, CRC of these, CRC of the payload.
constexpr std::size_t block_head_bytes = 4 + 2 + 2 + 4 + 4 + 8 + 4 + 4;
/// More than any block has: what says otherwise is damaged.
constexpr std::size_t payload_most_bytes = op_log_block_records * 96;
enum : std::uint16_t { kind_records = 1, kind_end = 2 };

constexpr unsigned flag_object = 1;
constexpr unsigned flag_size = 2;
constexpr unsigned flag_part = 4;
constexpr unsigned flag_unsent = 8;
constexpr unsigned flag_status = 16;
constexpr unsigned flag_endpoint = 32;
constexpr unsigned flag_errno = 64;  // the failure's code is an errno, not an HTTP status

std::string framed(std::uint16_t kind, std::uint16_t core, std::uint32_t count,
                   std::int64_t base_ns, std::string_view payload) {
    std::string head(block_magic);
    put_fixed(head, kind);
    put_fixed(head, core);
    put_fixed(head, count);
    put_fixed(head, static_cast<std::uint32_t>(payload.size()));
    put_fixed(head, base_ns);
    put_fixed(head, checksum(head));
    put_fixed(head, checksum(payload));
    head += payload;
    return head;
}

std::string dump(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string encode_header(const op_log_header& header) {
    json j;
    j["scenario"] = header.scenario;
    j["run"] = header.run_id;
    j["started_ns"] = header.started_wall_ns;
    j["seed"] = header.seed;
    j["cores"] = header.cores;
    j["operations"] = header.operations;
    j["endpoints"] = header.endpoints;
    j["statuses"] = json::array();
    for (std::size_t s = 0; s < op_status_count; ++s)
        j["statuses"].push_back(std::string(name(static_cast<op_status>(s))));
    const std::string text = dump(j);
    std::string out(file_magic);
    put_fixed(out, format_version);
    put_fixed(out, static_cast<std::uint32_t>(text.size()));
    put_fixed(out, checksum(text));
    return out + text;
}

void encode_block(const op_log_block& block, std::int64_t start_ns, std::string& out) {
    if (block.count == 0) return;
    const std::int64_t base_ns = block.records[0].intended_ns - start_ns;
    std::string payload;
    payload.reserve(block.count * 24);
    std::int64_t previous_ns = base_ns;
    for (std::size_t i = 0; i < block.count; ++i) {
        const op_record& r = block.records[i];
        const bool failed = r.status != op_status::ok;
        const unsigned flags =
            (r.has_object ? flag_object : 0) | (r.size > 0 ? flag_size : 0) |
            (r.length > 0 ? flag_part : 0) | (r.sent_ns == 0 ? flag_unsent : 0) |
            (failed ? flag_status : 0) |
            (failed && r.native.kind == code_kind::errno_value ? flag_errno : 0) |
            (r.endpoint > 0 ? flag_endpoint : 0);
        const std::int64_t intended_ns = r.intended_ns - start_ns;
        payload.push_back(static_cast<char>(flags));
        put_varint(payload, r.op);
        put_signed(payload, intended_ns - previous_ns);
        if (r.sent_ns != 0) put_signed(payload, r.sent_ns - r.intended_ns);
        put_signed(payload, r.done_ns - r.intended_ns);
        if (r.has_object) put_varint(payload, r.object);
        if (r.size > 0) put_varint(payload, r.size);
        if (r.length > 0) {
            put_varint(payload, r.offset);
            put_varint(payload, r.length);
        }
        if (failed) {
            payload.push_back(static_cast<char>(r.status));
            put_varint(payload, static_cast<std::uint64_t>(std::max(r.native.value, 0)));
        }
        if (r.endpoint > 0) put_varint(payload, r.endpoint);
        previous_ns = intended_ns;
    }
    out += framed(kind_records, static_cast<std::uint16_t>(block.core),
                  static_cast<std::uint32_t>(block.count), base_ns, payload);
}

std::string encode_end(const op_log_figures& figures) {
    json j;
    j["records"] = figures.records;
    j["dropped"] = figures.dropped;
    j["problem"] = figures.problem;
    return framed(kind_end, 0, 0, 0, dump(j));
}

// --- Reading

void op_log_decoder::push(std::string_view bytes) {
    // What was used up goes when it is worth moving the rest.
    if (at_ > buffer_.size() / 2) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
    buffer_ += bytes;
}

op_log_decoder::step op_log_decoder::read_header() {
    const std::string_view rest = std::string_view(buffer_).substr(at_);
    const auto foreign = [this](const char* why) {
        problem_ = why;
        return step::foreign;
    };
    if (rest.substr(0, file_magic.size()) != file_magic.substr(0, rest.size())) {
        return foreign("is no operation log of chopsticks");
    }
    if (rest.size() < file_head_bytes) return step::more;
    byte_reader r{rest.substr(file_magic.size())};
    const auto version = r.fixed<std::uint32_t>();
    const auto length = r.fixed<std::uint32_t>();
    const auto crc = r.fixed<std::uint32_t>();
    if (version != format_version) {
        return foreign("is an operation log of another version of chopsticks");
    }
    if (length > header_most_bytes) return foreign("has a damaged header");
    if (r.rest.size() < length) return step::more;
    const std::string_view text = r.rest.substr(0, length);
    if (checksum(text) != crc) return foreign("has a damaged header");
    const json j = json::parse(text, nullptr, false);
    try {
        header_.scenario = j.at("scenario");
        header_.run_id = j.at("run");
        header_.started_wall_ns = j.at("started_ns");
        header_.seed = j.at("seed");
        header_.cores = j.at("cores");
        header_.operations = j.at("operations").get<std::vector<std::string>>();
        header_.endpoints = j.at("endpoints").get<std::vector<std::string>>();
        for (const auto& text_of : j.at("statuses").get<std::vector<std::string>>()) {
            op_status status = op_status::bad_response;
            for (std::size_t s = 0; s < op_status_count; ++s) {
                if (name(static_cast<op_status>(s)) == text_of) status = static_cast<op_status>(s);
            }
            statuses_.push_back(status);
        }
    } catch (const json::exception&) {
        return foreign("has a damaged header");
    }
    at_ += file_head_bytes + length;
    have_header_ = true;
    return step::record;
}

bool op_log_decoder::decode_records(std::string_view payload, std::uint32_t count,
                                    std::uint16_t core, std::int64_t base_ns) {
    byte_reader r{payload};
    std::int64_t intended_ns = base_ns;
    const auto after = [&](std::int64_t from_ns) {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(from_ns, r.signed_varint(), &sum)) r.ok = false;
        return sum;
    };
    records_.clear();
    record_at_ = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        op_record& o = records_.emplace_back();
        const unsigned flags = r.fixed<std::uint8_t>();
        const std::uint64_t op = r.varint();
        intended_ns = after(intended_ns);
        o.intended_ns = intended_ns;
        if ((flags & flag_unsent) == 0) o.sent_ns = after(intended_ns);
        o.done_ns = after(intended_ns);
        o.has_object = (flags & flag_object) != 0;
        if (o.has_object) o.object = r.varint();
        if ((flags & flag_size) != 0) o.size = r.varint();
        if ((flags & flag_part) != 0) {
            o.offset = r.varint();
            o.length = r.varint();
        }
        if ((flags & flag_status) != 0) {
            const std::size_t status = r.fixed<std::uint8_t>();
            if (status >= statuses_.size()) r.ok = false;
            o.status = r.ok ? statuses_[status] : op_status::bad_response;
            const auto code = static_cast<std::uint16_t>(r.varint());
            // Logs of before the flag had errnos without it; block devices alone had io_error.
            const bool is_errno = (flags & flag_errno) != 0 || o.status == op_status::io_error;
            if (code > 0) {
                o.native = is_errno ? native_code::of_errno(code) : native_code::of_http(code);
            }
        }
        const std::uint64_t endpoint = (flags & flag_endpoint) != 0 ? r.varint() : 0;
        o.endpoint = static_cast<std::uint16_t>(endpoint);
        o.op = static_cast<std::uint16_t>(op);
        o.core = core;
        if (!r.ok || op >= header_.operations.size()) return false;
    }
    return r.rest.empty();
}

/// Reads the next block of the buffer into records_. False: none was; `starved` if more bytes are
/// needed for it.
bool op_log_decoder::read_block(bool& starved) {
    starved = false;
    const std::string_view rest = std::string_view(buffer_).substr(at_);
    if (rest.size() < block_head_bytes) {
        starved = true;
        return false;
    }
    byte_reader r{rest};
    r.fixed<std::uint32_t>();
    const auto kind = r.fixed<std::uint16_t>();
    const auto core = r.fixed<std::uint16_t>();
    const auto count = r.fixed<std::uint32_t>();
    const auto length = r.fixed<std::uint32_t>();
    const auto base_ns = r.fixed<std::int64_t>();
    const auto head_crc = r.fixed<std::uint32_t>();
    const auto payload_crc = r.fixed<std::uint32_t>();
    const bool sane = rest.starts_with(block_magic) && length <= payload_most_bytes &&
                      count <= op_log_block_records &&
                      checksum(rest.substr(0, block_head_bytes - 8)) == head_crc;
    if (sane && r.rest.size() < length) {
        starved = true;
        return false;
    }
    const std::string_view payload = r.rest.substr(0, sane ? length : 0);
    if (!sane || checksum(payload) != payload_crc) {
        // Nothing in it can be trusted: the next block is where its magic is.
        if (!damage_counted_) ++damaged_;
        damage_counted_ = true;
        const std::size_t next = rest.find(block_magic, 1);
        at_ += next != std::string_view::npos ? next : rest.size() - (block_magic.size() - 1);
        return false;
    }
    damage_counted_ = false;
    at_ += block_head_bytes + length;
    if (kind == kind_records) {
        if (decode_records(payload, count, core, base_ns)) return true;
        records_.clear();
        ++damaged_;
    } else if (kind == kind_end) {
        try {
            const json j = json::parse(payload);
            end_.records = j.at("records");
            end_.dropped = j.at("dropped");
            end_.problem = j.at("problem");
            ended_ = true;
        } catch (const json::exception&) {
            ++damaged_;
        }
    }
    return false;
}

op_log_decoder::step op_log_decoder::next(op_record& out) {
    if (!problem_.empty()) return step::foreign;
    if (!have_header_) {
        const step s = read_header();
        if (s != step::record) return s;
    }
    for (;;) {
        if (record_at_ < records_.size()) {
            out = records_[record_at_++];
            return step::record;
        }
        if (ended_) return step::end;
        bool starved = false;
        if (!read_block(starved) && starved) return step::more;
    }
}

}  // namespace chopsticks::trace
