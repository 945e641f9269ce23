#include <algorithm>
#include <charconv>
#include <chopsticks/s3/protocol/select_scanner.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

/// Of a header whose value is a text. S3 sends no others.
constexpr unsigned char header_of_text = 7;

unsigned octet(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) noexcept {
    return std::uint32_t{octet(bytes, at)} << 24 | octet(bytes, at + 1) << 16 |
           octet(bytes, at + 2) << 8 | octet(bytes, at + 3);
}

/// Takes the next header off the front of `bytes`; false: there is none of a text.
bool take_header(std::string_view& bytes, std::string_view& name,
                 std::string_view& value) noexcept {
    const std::size_t name_size = octet(bytes, 0);
    const std::size_t head = 1 + name_size + 3;
    if (name_size == 0 || bytes.size() < head) return false;
    if (octet(bytes, 1 + name_size) != header_of_text) return false;
    const std::size_t value_size = octet(bytes, head - 2) << 8 | octet(bytes, head - 1);
    if (bytes.size() - head < value_size) return false;
    name = bytes.substr(1, name_size);
    value = bytes.substr(head, value_size);
    bytes.remove_prefix(head + value_size);
    return true;
}

}  // namespace

void select_scanner::reset() noexcept {
    *this = select_scanner();
}

bool select_scanner::keep(std::string_view& slice, std::size_t wanted) noexcept {
    const std::size_t take = std::min(slice.size(), wanted - kept_size_);
    std::memcpy(kept_.data() + kept_size_, slice.data(), take);
    kept_size_ += take;
    slice.remove_prefix(take);
    return kept_size_ == wanted;
}

select_scanner::state select_scanner::feed(std::string_view slice) noexcept {
    while (!slice.empty()) {
        bool right = state_ == state::need_more;
        if (right && phase_ == phase::prelude) {
            if (!keep(slice, prelude_bytes)) break;
            right = begin_message();
        } else if (right && phase_ == phase::headers) {
            if (!keep(slice, header_bytes_)) break;
            right = read_headers();
        } else if (right && phase_ == phase::payload) {
            const std::string_view piece = slice.substr(0, payload_left_);
            take_payload(piece);
            slice.remove_prefix(piece.size());
        } else if (right) {
            // What an error says stays where the headers are.
            const std::size_t behind = event_ == event::error ? header_bytes_ : 0;
            if (!keep(slice, behind + checksum_bytes)) break;
            right = end_message();
        }
        if (!right) return state_ = state::bad;
    }
    return state_;
}

bool select_scanner::begin_message() noexcept {
    const std::string_view prelude(kept_.data(), prelude_bytes);
    const std::uint32_t all = number_at(prelude, 0);
    header_bytes_ = number_at(prelude, 4);
    boost::crc_32_type right;
    right.process_bytes(prelude.data(), 8);
    if (right.checksum() != number_at(prelude, 8)) return false;
    // One that says nothing of itself is no event.
    if (header_bytes_ == 0 || header_bytes_ > most_header_bytes - checksum_bytes) return false;
    constexpr std::uint32_t around = prelude_bytes + checksum_bytes;
    if (all > most_message_bytes || all < around + header_bytes_) return false;
    payload_left_ = all - around - header_bytes_;
    checksum_.reset();
    checksum_.process_bytes(prelude.data(), prelude.size());
    kept_size_ = 0;
    phase_ = phase::headers;
    return true;
}

bool select_scanner::read_headers() noexcept {
    std::string_view left(kept_.data(), header_bytes_);
    checksum_.process_bytes(left.data(), left.size());
    std::string_view type;
    std::string_view of;
    while (!left.empty()) {
        std::string_view name;
        std::string_view value;
        if (!take_header(left, name, value)) return false;
        if (name == ":message-type") type = value;
        if (name == ":event-type") of = value;
        if (name == ":error-code") error_code_ = value;
        if (name == ":error-message") error_message_ = value;
    }
    if (type == "error") {
        event_ = event::error;
    } else if (type != "event" || of.empty()) {
        return false;
    } else if (of == "Records") {
        event_ = event::records;
    } else if (of == "Stats") {
        event_ = event::stats;
        stats_size_ = 0;
    } else {
        // Progress, Cont, and what is thought of later.
        event_ = of == "End" ? event::end : event::other;
    }
    if (event_ != event::error) kept_size_ = 0;
    phase_ = payload_left_ > 0 ? phase::payload : phase::checksum;
    return true;
}

void select_scanner::take_payload(std::string_view piece) noexcept {
    checksum_.process_bytes(piece.data(), piece.size());
    payload_left_ -= static_cast<std::uint32_t>(piece.size());
    if (payload_left_ == 0) phase_ = phase::checksum;
    if (event_ == event::records) {
        record_bytes_ += piece.size();
        record_checksum_.process_bytes(piece.data(), piece.size());
        first_size_ += piece.copy(first_.data() + first_size_, first_.size() - first_size_);
    } else if (event_ == event::stats) {
        stats_size_ += piece.copy(stats_.data() + stats_size_, stats_.size() - stats_size_);
    }
}

bool select_scanner::end_message() noexcept {
    const std::size_t at = kept_size_ - checksum_bytes;
    const std::string_view kept(kept_.data(), kept_size_);
    if (number_at(kept, at) != checksum_.checksum()) return false;
    kept_size_ = 0;
    phase_ = phase::prelude;
    if (event_ == event::end) state_ = state::complete;
    if (event_ == event::error) state_ = state::failed;
    if (event_ == event::stats) read_stats();
    return true;
}

void select_scanner::read_stats() noexcept {
    const xml_root root = find_xml_root({stats_.data(), stats_size_});
    const std::string_view text = xml_element(root.inside, "BytesReturned");
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (root.name != "Stats" || read.ec != std::errc() || read.ptr != end) return;
    has_stats_ = true;
    bytes_returned_ = number;
}

}  // namespace chopsticks::s3
