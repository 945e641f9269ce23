#include "judge.hpp"

#include <algorithm>
#include <chopsticks/ceph/connect.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <cstring>

#include "findings.hpp"

namespace chopsticks::rbd {

namespace {

using load::sector_bytes;
constexpr std::size_t stamp_words = 2;

bool writes_data(std::uint16_t code) noexcept {
    return code == block_write || code == block_writesame || code == block_compare_and_write;
}

bool writes_zeros(std::uint16_t code) noexcept {
    return code == block_discard || code == block_write_zeroes;
}

/// The blocks of the image's table that the operation covers whole.
struct block_span {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint64_t touched_first = 0;
    std::uint64_t touched_end = 0;  ///< also those covered in part
};

block_span blocks_of(const flight& f) noexcept {
    const block_table& table = *f.on->table;
    const std::uint64_t bytes = table.block_bytes();
    block_span s;
    s.first = (f.op.offset + bytes - 1) / bytes;
    s.end = std::min((f.op.offset + f.op.length) / bytes, table.blocks());
    s.end = std::max(s.end, s.first);
    s.touched_first = f.op.offset / bytes;
    s.touched_end = std::min((f.op.offset + f.op.length + bytes - 1) / bytes, table.blocks());
    return s;
}

/// One piece of the operation's bytes for every buffer asked for.
void split(flight& f, char* data) {
    f.pieces.clear();
    const std::uint64_t sectors = std::max<std::uint64_t>(f.op.length / sector_bytes, 1);
    const std::uint64_t count = std::min<std::uint64_t>(std::max(f.kind.pieces, 1U), sectors);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t end =
            i + 1 == count ? f.op.length : (i + 1) * sectors / count * sector_bytes;
        f.pieces.push_back(iovec{data + at, end - at});
        at = end;
    }
}

/// Makes random memory of what `reserve` brought; after that only stamps change.
void reserve_filled(io_buffer& buffer, std::size_t bytes, const load::content& content,
                    std::uint64_t unique) {
    if (!buffer.reserve(bytes)) return;
    content.fill(load::content_key{unique, 0}, 0,
                 std::span<char>(buffer.data(), buffer.capacity()));
}

/// The content of a version of a block: as `content` has it, under a header.
void make_block(const block_table& table, std::uint64_t block, std::uint32_t version,
                const load::content& content, char* to) {
    const std::span<char> data(to, table.block_bytes());
    const block_header header = table.header(block, version);
    content.fill(load::content_key{header.image ^ header.run, version}, header.offset, data);
    seal_block(data, header);
}

void begin_writes(flight& f, const load::content& content, bool with_headers) {
    block_table& table = *f.on->table;
    const block_span span = blocks_of(f);
    f.writes.clear();
    for (std::uint64_t b = span.touched_first; b < span.touched_end; ++b) {
        const bool whole = b >= span.first && b < span.end;
        if (whole && writes_zeros(f.kind.code)) {
            f.writes.push_back(table.begin_zero(b));
        } else if (whole && with_headers) {
            f.writes.push_back(table.begin_write(b));
            char* at = f.out.data() + (b * table.block_bytes() - f.op.offset);
            make_block(table, b, f.writes.back().version, content, at);
        } else {
            table.spoil(b);
        }
    }
}

void end_writes(flight& f) {
    block_table& table = *f.on->table;
    const block_span span = blocks_of(f);
    using write_end = block_table::write_end;
    write_end how = f.result >= 0 ? write_end::done : write_end::unknown;
    if (f.result == -EILSEQ) how = write_end::refused;
    ack_ring* const ring =
        f.on->in_ledger && how == write_end::done ? f.books().acknowledged() : nullptr;
    acknowledgement known;
    known.image = f.on->number;
    for (std::size_t i = 0; i < f.writes.size(); ++i) {
        const std::uint64_t b = span.first + i;
        table.end_write(b, f.writes[i], how);
        if (ring == nullptr) continue;
        const auto entry = table.confirmed(b);
        if (!entry) continue;
        const auto content = static_cast<std::uint32_t>(entry->content);
        if (known.count > 0 && known.version == entry->version && known.content == content) {
            ++known.count;
            continue;
        }
        if (known.count > 0) ring->push(known);
        known.first = b;
        known.count = 1;
        known.version = entry->version;
        known.content = content;
    }
    if (known.count > 0) ring->push(known);
    f.writes.clear();
}

/// What the verdict says was to be expected, and what was there.
std::string compare(const block_table& table, std::uint64_t block, const verdict& v) {
    using load::ledger_content;
    const auto run_named = [&](std::uint64_t identity) {
        for (const load::ledger_run& r : table.history().runs()) {
            if (r.identity == identity) return r.id;
        }
        char text[24];
        std::snprintf(text, sizeof text, "%08llx",
                      static_cast<unsigned long long>(identity & 0xffffffff));
        return identity == table.run() ? std::string("this one") : std::string(text);
    };
    std::string expected = "what was there before";
    if (v.low > 0) {
        expected = "version " + std::to_string(v.low);
        if (v.highest != v.low) expected += ".." + std::to_string(v.highest);
        expected += " of this run";
    } else if (table.history().begun()) {
        const load::ledger_entry left = table.history().at(block);
        if (left.content == ledger_content::written || left.content == ledger_content::either) {
            expected = "version " + std::to_string(left.version) + " of run " +
                       table.history().runs()[left.run].id;
        } else if (left.content != ledger_content::unknown) {
            expected = "zeros";
        }
    }
    if (v.zeros) return "expected " + expected + ", found zeros";
    if (v.found.magic != block_header::magic_word) return "expected " + expected + ", no header";
    std::string found =
        ", found version " + std::to_string(v.found.version) + " of run " + run_named(v.found.run);
    if (v.found.image != table.image()) found += ", another image";
    if (v.found.offset != block * table.block_bytes()) {
        found += ", offset " + std::to_string(v.found.offset);
    }
    return "expected " + expected + found;
}

void check_read(flight& f, engine::outcome& out) {
    const std::uint64_t bytes = f.on->table->block_bytes();
    const block_span span = blocks_of(f);
    std::size_t wrong = 0;
    std::string first;
    for (std::uint64_t b = span.first; b < span.end; ++b) {
        const char* at = f.in.data() + (b * bytes - f.op.offset);
        std::string found =
            judge_block(*f.on, b, f.reads[b - span.first], at, f.books().found_wrong());
        if (found.empty()) continue;
        if (wrong++ == 0) first = std::move(found);
    }
    if (wrong == 0) return;
    if (wrong > 1) first = std::to_string(wrong) + " blocks, the first: " + first;
    out.fail(op_status::corrupt, "corrupt", first);
}

}  // namespace

void load_up(flight& f, const load::content& content, std::uint64_t unique) {
    const std::size_t bytes = f.op.length;
    const std::uint16_t code = f.kind.code;
    f.mismatch = 0;
    f.writes.clear();
    if (code == block_read) {
        f.in.reserve(bytes);
        split(f, f.in.data());
        if (f.on->table == nullptr) return;
        const block_span span = blocks_of(f);
        f.reads.clear();
        for (std::uint64_t b = span.first; b < span.end; ++b)
            f.reads.push_back(f.on->table->begin_read(b));
        return;
    }
    if (writes_data(code)) {
        reserve_filled(f.out, bytes, content, unique);
        split(f, f.out.data());
        const bool sealed = f.on->table != nullptr && code != block_writesame;
        const std::size_t stamped = code == block_writesame ? sector_bytes : bytes;
        if (!sealed || f.op.offset % f.on->table->block_bytes() != 0) {
            for (std::size_t at = 0; at + sector_bytes <= stamped;
                 at += load::content::chunk_bytes) {
                const std::uint64_t words[stamp_words] = {mix64(unique), mix64(unique, at)};
                std::memcpy(f.out.data() + at, words, sizeof words);
            }
        }
        if (f.on->table != nullptr) begin_writes(f, content, sealed);
    } else if (writes_zeros(code) && f.on->table != nullptr) {
        begin_writes(f, content, false);
    }
}

std::string judge_block(image& on, std::uint64_t block, const block_table::read_mark& mark,
                        const char* data, engine::wrong_data& to) {
    block_table& table = *on.table;
    const verdict v = table.end_read(block, mark, std::span<const char>(data, table.block_bytes()));
    if (v.judged) ++to.checked;
    if (v.what == finding::fine) return {};
    std::string text = on.name + " offset " + std::to_string(block * table.block_bytes()) + ": " +
                       name(v.what) + "; " + compare(table, block, v);
    if (table.tell(block)) add_finding(to, text);
    return text;
}

bool know_expected(flight& f, const load::content& content) {
    const block_table& table = *f.on->table;
    const block_span span = blocks_of(f);
    f.expected.reserve(f.op.length);
    if (span.first != span.touched_first || span.end != span.touched_end) return false;
    if ((span.end - span.first) * table.block_bytes() != f.op.length) return false;
    for (std::uint64_t b = span.first; b < span.end; ++b) {
        if (!table.certain(b)) return false;
        char* at = f.expected.data() + (b * table.block_bytes() - f.op.offset);
        if (table.certainly_zero(b)) {
            std::memset(at, 0, table.block_bytes());
        } else {
            make_block(table, b, table.state(b).low, content, at);
        }
    }
    return true;
}

int launch(flight& f, rbd_completion_t completion) {
    rbd_image_t on = f.on->handle;
    const std::uint64_t offset = f.op.offset;
    const std::size_t length = f.op.length;
    const auto pieces = static_cast<int>(f.pieces.size());
    switch (f.kind.code) {
        case block_read:
            return pieces > 1 ? rbd_aio_readv(on, f.pieces.data(), pieces, offset, completion)
                              : rbd_aio_read(on, offset, length, f.in.data(), completion);
        case block_write:
            return pieces > 1 ? rbd_aio_writev(on, f.pieces.data(), pieces, offset, completion)
                              : rbd_aio_write(on, offset, length, f.out.data(), completion);
        case block_flush:
            return rbd_aio_flush(on, completion);
        case block_discard:
            return rbd_aio_discard(on, offset, length, completion);
        case block_write_zeroes:
            return rbd_aio_write_zeroes(on, offset, length, completion, 0, 0);
        case block_writesame:
            return rbd_aio_writesame(on, offset, length, f.out.data(),
                                     std::min<std::size_t>(length, sector_bytes), completion, 0);
        case block_compare_and_write:
            return static_cast<int>(rbd_aio_compare_and_write(
                on, offset, length, f.expected.data(), f.out.data(), completion, &f.mismatch, 0));
        default:
            return -EINVAL;
    }
}

void fail_with_errno(engine::outcome& out, int number, const char* doing, const image& on,
                     std::uint64_t offset) {
    char text[sizeof out.example];
    std::snprintf(text, sizeof text, "%s at offset %llu of %s", doing,
                  static_cast<unsigned long long>(offset), on.name.c_str());
    ceph::fail_with_errno(out, number, text);
}

void conclude(flight& f, engine::outcome& out) {
    const std::uint16_t code = f.kind.code;
    if (f.on->table != nullptr && (writes_data(code) || writes_zeros(code))) end_writes(f);
    const std::string_view verb = scenario::catalogue::operation_name(describe_workload(), code);
    if (f.result < 0) {
        const auto number = static_cast<int>(-f.result);
        fail_with_errno(out, number, verb.data(), *f.on, f.op.offset);
        if (code != block_compare_and_write) return;
        char text[sizeof out.example];
        if (number == EINVAL && f.op.length > sector_bytes) {
            std::snprintf(text, sizeof text,
                          "compare_and_write of %llu bytes: librbd before release 17 takes 512 at "
                          "most, within one object",
                          static_cast<unsigned long long>(f.op.length));
            out.fail(op_status::io_error, "EINVAL", text);
            out.native = native_code::of_errno(number);
        }
        if (number != EILSEQ) return;
        const unsigned long long offset = f.op.offset;
        std::snprintf(text, sizeof text, "compare_and_write at offset %llu of %s: differs at %llu",
                      offset, f.on->name.c_str(), offset + f.mismatch);
        out.fail(op_status::io_error, "EILSEQ", text);
        out.native = native_code::of_errno(number);
        return;
    }
    out.bytes = carries_data(code) ? f.op.length : 0;
    if (code != block_read) return;
    if (static_cast<std::uint64_t>(f.result) != f.op.length) {
        char text[sizeof out.example];
        std::snprintf(text, sizeof text, "read at offset %llu of %s: %lld of %llu bytes",
                      static_cast<unsigned long long>(f.op.offset), f.on->name.c_str(),
                      static_cast<long long>(f.result),
                      static_cast<unsigned long long>(f.op.length));
        out.bytes = static_cast<std::uint64_t>(f.result);
        out.fail(op_status::corrupt, "short_read", text);
        return;
    }
    if (f.on->table != nullptr) check_read(f, out);
}

}  // namespace chopsticks::rbd
