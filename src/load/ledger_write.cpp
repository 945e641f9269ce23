#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/crc32c.hpp>
#include <chopsticks/load/ledger.hpp>

#include "ledger_codec.hpp"

namespace chopsticks::load {

static_assert(std::endian::native == std::endian::little, "words are stored as they are");

namespace {

void put_word(std::string& out, std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof bytes);
}

}  // namespace

void ledger_writer::put_record(std::string_view body) {
    CHOPSTICKS_ASSERT(!body.empty() && body.size() <= ledger_body_max);
    char head[ledger_head_bytes];
    const auto length = static_cast<std::uint32_t>(body.size());
    std::memcpy(head, &length, sizeof length);
    const std::uint32_t crc = crc32c(crc32c(0, std::span<const char>(head, sizeof length)), body);
    std::memcpy(head + sizeof length, &crc, sizeof crc);
    out_.append(head, sizeof head);
    out_.append(body);
}

void ledger_writer::begin(const ledger_scope& scope) {
    close_entries();
    std::string body(1, static_cast<char>(ledger_record::scope));
    body.append(ledger_magic, sizeof ledger_magic);
    put_word(body, scope.subject);
    put_varint(body, scope.places);
    put_varint(body, scope.place_bytes);
    put_varint(body, scope.began_empty ? 1 : 0);
    put_record(body);
}

void ledger_writer::add(const ledger_run& run) {
    close_entries();
    std::string body(1, static_cast<char>(ledger_record::run));
    put_word(body, run.identity);
    put_varint(body, (run.may_empty ? 1U : 0U) | (run.may_spoil ? 2U : 0U));
    body.append(std::string_view(run.id).substr(0, 200));
    put_record(body);
}

void ledger_writer::end(std::uint32_t run) {
    close_entries();
    std::string body(1, static_cast<char>(ledger_record::end));
    put_varint(body, run);
    put_record(body);
}

void ledger_writer::add(const ledger_entry& entry) {
    CHOPSTICKS_ASSERT(entry.count > 0);
    if (!entries_.empty() && (entry.run != entries_run_ || entries_.size() >= record_bytes)) {
        close_entries();
    }
    if (entries_.empty()) {
        entries_.push_back(static_cast<char>(ledger_record::entries));
        put_varint(entries_, entry.run);
        entries_run_ = entry.run;
        next_first_ = 0;
        last_version_ = 0;
    }
    put_varint(entries_, zigzag(static_cast<std::int64_t>(entry.first - next_first_)));
    const bool same = entry.version == last_version_;
    put_varint(entries_, (entry.count - 1) << 4 | (same ? 8U : 0U) |
                             static_cast<std::uint64_t>(entry.content));
    if (!same) put_varint(entries_, entry.version);
    last_version_ = entry.version;
    next_first_ = entry.first + entry.count;
}

void ledger_writer::close_entries() {
    if (entries_.empty()) return;
    put_record(entries_);
    entries_.clear();
}

const std::string& ledger_writer::bytes() {
    close_entries();
    return out_;
}

void ledger_writer::drop(std::size_t count) {
    CHOPSTICKS_ASSERT(count <= out_.size());
    out_.erase(0, count);
}

}  // namespace chopsticks::load
