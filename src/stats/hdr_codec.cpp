// HdrHistogram's V2 compressed encoding. Source: the format as HdrHistogram's Java implementation
// writes it (AbstractHistogram.encodeIntoCompressedByteBuffer, ZigZagEncoding), checked against
// vectors.

#include <zlib.h>

#include <array>
#include <boost/system/errc.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <limits>
#include <new>

#include "base64.hpp"
#include "octaves.hpp"

namespace chopsticks::stats {

namespace errc = boost::system::errc;

namespace {

// The low nibble of the family's byte tells the width of a count: 1 = LEB128.
constexpr std::uint32_t plain_cookie = 0x1c849303 | 0x10;
constexpr std::uint32_t compressed_cookie = 0x1c849304 | 0x10;
constexpr std::uint32_t cookie_family = 0x1c849300;
constexpr std::size_t plain_header_bytes = 40;
constexpr std::size_t compressed_header_bytes = 8;
constexpr std::uint64_t ratio_one = 0x3ff0000000000000;  // 1.0 as IEEE 754 bits
constexpr std::uint64_t ratio_one_as_integer = 1;        // what some implementations write for it
constexpr std::size_t varint_bytes_max = 9;              // eight of 7 bits, one of 8

template <typename Integer>
void put_big_endian(std::string& out, Integer value) {
    for (unsigned shift = sizeof(Integer) * 8; shift != 0;) {
        shift -= 8;
        out.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
    }
}

template <typename Integer>
Integer get_big_endian(const char* from) noexcept {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        value = static_cast<Integer>(value << 8 | static_cast<unsigned char>(from[i]));
    }
    return value;
}

void put_varint(std::string& out, std::int64_t value) {
    auto left = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (std::size_t i = 1; i < varint_bytes_max && left > 0x7f; ++i) {
        out.push_back(static_cast<char>(left | 0x80));
        left >>= 7;
    }
    out.push_back(static_cast<char>(left));
}

class inflater {
  public:
    explicit inflater(std::string_view deflated) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
        stream_.avail_in = static_cast<uInt>(deflated.size());
        if (::inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
    }
    ~inflater() { ::inflateEnd(&stream_); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    // The next piece, valid until the next call; empty at the end of the stream. False: not
    // deflated, cut, or followed by more.
    bool next(std::string_view& piece) {
        stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_out = static_cast<uInt>(buffer_.size());
        const int status = ended_ ? Z_STREAM_END : ::inflate(&stream_, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (status != Z_OK && status != Z_STREAM_END) return false;
        ended_ = status == Z_STREAM_END;
        piece = {buffer_.data(), buffer_.size() - stream_.avail_out};
        if (ended_) return stream_.avail_in == 0;
        return !piece.empty();
    }
    bool ended() const noexcept { return ended_; }

  private:
    z_stream stream_{};
    bool ended_ = false;
    std::array<char, 4096> buffer_;
};

}  // namespace

std::string histogram::encode() const {
    std::string payload;
    std::size_t next = 0;  // the first bucket that is not in the payload yet
    for_each_count(counts_, touched_, half_bits_, [&](std::size_t index, std::uint64_t n) {
        const std::size_t zeros = index - next;
        if (zeros == 1) put_varint(payload, 0);
        if (zeros > 1) put_varint(payload, -static_cast<std::int64_t>(zeros));
        constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
        put_varint(payload, static_cast<std::int64_t>(n < most ? n : most));
        next = index + 1;
    });
    if (next == 0) put_varint(payload, 0);  // an empty histogram is written up to bucket 0

    std::string plain;
    plain.reserve(plain_header_bytes + payload.size());
    put_big_endian(plain, plain_cookie);
    put_big_endian(plain, static_cast<std::uint32_t>(payload.size()));
    put_big_endian(plain, std::uint32_t{0});  // normalizing index offset: not shifted
    put_big_endian(plain, static_cast<std::uint32_t>(digits_));
    put_big_endian(plain, static_cast<std::uint64_t>(lowest_ns));
    put_big_endian(plain, static_cast<std::uint64_t>(highest_ns));
    put_big_endian(plain, ratio_one);
    plain += payload;

    uLongf deflated_bytes = ::compressBound(static_cast<uLong>(plain.size()));
    std::string deflated(deflated_bytes, '\0');
    const int status =
        ::compress(reinterpret_cast<Bytef*>(deflated.data()), &deflated_bytes,
                   reinterpret_cast<const Bytef*>(plain.data()), static_cast<uLong>(plain.size()));
    if (status != Z_OK) throw std::bad_alloc();  // the output fits, so nothing else can be missing

    std::string framed;
    framed.reserve(compressed_header_bytes + deflated_bytes);
    put_big_endian(framed, compressed_cookie);
    put_big_endian(framed, static_cast<std::uint32_t>(deflated_bytes));
    framed.append(deflated, 0, deflated_bytes);
    return base64_encode(framed);
}

// Takes the inflated text byte by byte, whatever pieces it comes in, and fills a histogram as it
// goes: the text is never in memory as a whole, so that a small input cannot ask for a large
// buffer.
struct histogram::reader {
    histogram out{1};  // of the right digits once the header is complete
    error_code error;

    bool take(char byte) {
        if (header_size_ < plain_header_bytes) {
            header_[header_size_++] = byte;
            return header_size_ < plain_header_bytes || open();
        }
        if (payload_left_ == 0) return fail(errc::bad_message);
        --payload_left_;
        return take_payload(static_cast<unsigned char>(byte));
    }

    bool complete() const noexcept {
        return header_size_ == plain_header_bytes && payload_left_ == 0 && varint_size_ == 0;
    }

    bool fail(errc::errc_t why) noexcept {
        error = errc::make_error_code(why);
        return false;
    }

  private:
    bool open() {
        const auto cookie = get_big_endian<std::uint32_t>(&header_[0]);
        const auto payload = get_big_endian<std::uint32_t>(&header_[4]);
        // At 8: where the writer's array began (normalizing index offset). Counts are written in
        // the order of their values whatever it is.
        const auto digits = get_big_endian<std::uint32_t>(&header_[12]);
        const auto lowest = get_big_endian<std::uint64_t>(&header_[16]);
        const auto highest = get_big_endian<std::uint64_t>(&header_[24]);
        const auto ratio = get_big_endian<std::uint64_t>(&header_[32]);

        if (cookie != plain_cookie) {
            return fail((cookie & 0xffffff00) == cookie_family ? errc::not_supported
                                                               : errc::bad_message);
        }
        if (ratio != ratio_one && ratio != ratio_one_as_integer) return fail(errc::not_supported);
        if (digits < 1 || digits > 5) return fail(errc::bad_message);
        constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
        if (lowest < 1 || highest > most || highest / 2 < lowest) return fail(errc::bad_message);
        if (lowest > static_cast<std::uint64_t>(highest_ns)) return fail(errc::value_too_large);

        half_bits_ = half_bits_of(static_cast<int>(digits));
        unit_bits_ = static_cast<unsigned>(std::bit_width(lowest)) - 1;
        if (half_bits_ + 1 + unit_bits_ > 62) return fail(errc::bad_message);
        // The octave of the highest value tells how many there are: at most 62, so no shift
        // overflows.
        const std::uint64_t singles = (2ULL << (half_bits_ + unit_bits_)) - 1;
        const auto octaves =
            static_cast<unsigned>(std::bit_width(highest | singles)) - half_bits_ - unit_bits_;
        buckets_ = bucket_count_of(half_bits_, octaves);
        if (payload > buckets_ * varint_bytes_max) return fail(errc::bad_message);
        payload_left_ = payload;
        out = histogram(static_cast<int>(digits));
        return true;
    }

    bool take_payload(unsigned char byte) {
        const unsigned shift = 7 * varint_size_;
        const bool last_possible = ++varint_size_ == varint_bytes_max;
        if (last_possible || (byte & 0x80) == 0) {
            if (byte == 0 && varint_size_ > 1) return fail(errc::bad_message);  // over-long
            varint_ |= static_cast<std::uint64_t>(byte) << shift;
            const std::uint64_t value = varint_ >> 1 ^ (0 - (varint_ & 1));
            varint_ = 0;
            varint_size_ = 0;
            return take_count(static_cast<std::int64_t>(value));
        }
        varint_ |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        return true;
    }

    bool take_count(std::int64_t value) {
        const std::uint64_t advance = value < 0 ? 0 - static_cast<std::uint64_t>(value) : 1;
        if (advance > buckets_ - index_) return fail(errc::bad_message);
        if (value > 0 && !put_bucket(static_cast<std::uint64_t>(value))) return false;
        index_ += advance;
        return true;
    }

    bool put_bucket(std::uint64_t n) {
        const bucket from = bucket_of(index_, half_bits_, unit_bits_);
        if (from.lower > static_cast<std::uint64_t>(highest_ns)) {
            return fail(errc::value_too_large);
        }
        if (out.count_ + n < n) return fail(errc::bad_message);
        const bool first = out.count_ == 0;
        out.counts_[out.index_of(from.lower)] += n;
        out.touched_ |= 1ULL << out.octave_of(from.lower);
        out.count_ += n;
        out.sum_ += static_cast<wide>(from.midpoint()) * n;
        if (first) out.min_ = static_cast<std::int64_t>(from.lower);
        out.max_ = static_cast<std::int64_t>(from.upper());
        return true;
    }

    std::array<char, plain_header_bytes> header_;
    std::size_t header_size_ = 0;
    std::uint64_t payload_left_ = 0;
    std::uint64_t varint_ = 0;
    unsigned varint_size_ = 0;
    unsigned half_bits_ = 0;
    unsigned unit_bits_ = 0;
    std::size_t buckets_ = 0;
    std::size_t index_ = 0;
};

result<histogram> histogram::decode(std::string_view base64, std::size_t inflated_max) {
    const auto malformed = errc::make_error_code(errc::bad_message);
    std::string framed;
    if (!base64_decode(base64, framed) || framed.size() < compressed_header_bytes) return malformed;
    const auto cookie = get_big_endian<std::uint32_t>(framed.data());
    if (cookie != compressed_cookie) {
        if ((cookie & 0xffffff00) == cookie_family)
            return errc::make_error_code(errc::not_supported);
        return malformed;
    }
    const std::string_view deflated = std::string_view(framed).substr(compressed_header_bytes);
    if (get_big_endian<std::uint32_t>(&framed[4]) != deflated.size()) return malformed;

    inflater source(deflated);
    reader sink;
    for (std::string_view piece; !source.ended();) {
        if (!source.next(piece)) return malformed;
        if (piece.size() > inflated_max) return errc::make_error_code(errc::message_size);
        inflated_max -= piece.size();
        for (char byte : piece) {
            if (!sink.take(byte)) return sink.error;
        }
    }
    if (!sink.complete()) return malformed;
    return std::move(sink.out);
}

}  // namespace chopsticks::stats
