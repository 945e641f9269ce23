#include <algorithm>
#include <chopsticks/core/crc32c.hpp>
#include <chopsticks/load/ledger.hpp>

#include "ledger_codec.hpp"

namespace chopsticks::load {

bool ledger_reader::damaged(std::string why) {
    if (problem_.empty()) problem_ = std::move(why) + ", at byte " + std::to_string(good_bytes_);
    return false;
}

bool ledger_reader::feed(std::span<const char> bytes) {
    if (!problem_.empty()) return false;
    if (bytes.empty()) return true;
    if (suspect_) return damaged("a record's checksum is wrong");
    pending_.append(bytes.data(), bytes.size());
    std::size_t at = 0;
    while (pending_.size() - at >= ledger_head_bytes) {
        std::uint32_t length = 0;
        std::uint32_t crc = 0;
        std::memcpy(&length, pending_.data() + at, sizeof length);
        std::memcpy(&crc, pending_.data() + at + sizeof length, sizeof crc);
        const std::size_t left = pending_.size() - at - ledger_head_bytes;
        const bool possible = length > 0 && length <= ledger_body_max;
        if (possible && left < length) break;
        const std::span<const char> body(pending_.data() + at + ledger_head_bytes,
                                         possible ? length : 0);
        const std::uint32_t sum =
            crc32c(crc32c(0, std::span<const char>(pending_.data() + at, sizeof length)), body);
        if (!possible || sum != crc) {
            suspect_ = true;
            // Where nothing follows it is how a write ends that was cut off.
            if (possible ? left > length : left > 0) {
                return damaged("a record's checksum is wrong");
            }
            break;
        }
        if (!take(body)) return false;
        at += ledger_head_bytes + length;
        good_bytes_ += ledger_head_bytes + length;
    }
    pending_.erase(0, at);
    return true;
}

bool ledger_reader::take(std::span<const char> body) {
    ledger_cursor in(body.subspan(1));
    const auto kind = static_cast<ledger_record>(body.front());
    if ((kind == ledger_record::scope) == book_.begun()) {
        return damaged(book_.begun() ? "a second beginning" : "it does not begin as a ledger does");
    }
    switch (kind) {
        case ledger_record::scope: {
            if (in.rest().size() < sizeof ledger_magic ||
                std::memcmp(in.rest().data(), ledger_magic, sizeof ledger_magic) != 0) {
                return damaged("not a ledger, or of another version");
            }
            in = ledger_cursor(in.rest().subspan(sizeof ledger_magic));
            ledger_scope scope;
            scope.subject = in.word();
            scope.places = in.varint();
            scope.place_bytes = in.varint();
            scope.began_empty = in.varint() != 0;
            if (!in.ok() || scope.places == 0) return damaged("a record is too short");
            book_.begin(scope);
            return true;
        }
        case ledger_record::run: {
            ledger_run run;
            run.identity = in.word();
            const std::uint64_t flags = in.varint();
            run.may_empty = (flags & 1) != 0;
            run.may_spoil = (flags & 2) != 0;
            run.id.assign(in.rest().data(), in.rest().size());
            if (!in.ok()) return damaged("a record is too short");
            return book_.add(run) || damaged("too many runs");
        }
        case ledger_record::entries:
            return take_entries(body.subspan(1));
        case ledger_record::end: {
            const auto run = static_cast<std::uint32_t>(in.varint());
            if (!in.ok()) return damaged("a record is too short");
            return book_.end(run) || damaged("the end of a run that never began");
        }
    }
    return damaged("a record of an unknown kind");
}

bool ledger_reader::take_entries(std::span<const char> body) {
    ledger_cursor in(body);
    ledger_entry e;
    e.run = static_cast<std::uint32_t>(in.varint());
    std::uint64_t next_first = 0;
    while (in.ok() && !in.empty()) {
        e.first = next_first + static_cast<std::uint64_t>(unzigzag(in.varint()));
        const std::uint64_t word = in.varint();
        const std::uint64_t content = word & 7;
        e.count = (word >> 4) + 1;
        if ((word & 8) == 0) e.version = static_cast<std::uint32_t>(in.varint());
        if (!in.ok() || content > static_cast<std::uint64_t>(ledger_content::either)) break;
        e.content = static_cast<ledger_content>(content);
        if (!book_.add(e)) return damaged("an entry of a place or a run that is not");
        next_first = e.first + e.count;
    }
    return (in.ok() && in.empty()) || damaged("an entry is not well-formed");
}

ledger_reader::ending ledger_reader::finish() {
    const bool begun = book_.begun();
    book_.finish();
    if (!problem_.empty()) return ending::damaged;
    if (!begun) {
        damaged("it is empty");
        return ending::damaged;
    }
    return suspect_ || !pending_.empty() ? ending::torn : ending::whole;
}

}  // namespace chopsticks::load
