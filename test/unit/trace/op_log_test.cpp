// The operation log: what is written is read back, damage and loss are seen and counted.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <fstream>
#include <sstream>

#include "temporary.hpp"

using namespace chopsticks;
using namespace chopsticks::trace;

namespace {

constexpr std::int64_t start_ns = 1'000'000'000'000;

op_log_header header() {
    op_log_header h;
    h.scenario = "a \"b\"";
    h.run_id = "r1";
    h.started_wall_ns = 1'700'000'000'123'456'789;
    h.seed = 42;
    h.cores = 2;
    h.operations = {"s3/get", "s3/put", "s3/list"};
    h.endpoints = {"http://a", "http://b"};
    return h;
}

op_record some_record(random_stream& random) {
    op_record r;
    r.intended_ns = start_ns + static_cast<std::int64_t>(random.below(1ULL << 40));
    r.sent_ns = random.below(10) == 0
                    ? 0
                    : r.intended_ns + static_cast<std::int64_t>(random.below(1 << 20));
    r.done_ns = r.intended_ns + static_cast<std::int64_t>(random.below(1 << 30));
    r.op = static_cast<std::uint16_t>(random.below(3));
    r.endpoint = static_cast<std::uint16_t>(random.below(2));
    r.has_object = r.op != 2;
    if (r.has_object) r.object = random() >> random.below(64);
    if (r.has_object) r.size = random() >> random.below(64);
    if (random.below(4) == 0) {
        r.length = 1 + random.below(1 << 20);
        r.offset = random.below(1 << 30);
    }
    if (random.below(5) == 0) {
        r.status = static_cast<op_status>(1 + random.below(op_status_count - 1));
        // io_error is of block devices, which have errnos.
        const int code = static_cast<int>(random.below(600));
        const bool is_errno = r.status == op_status::io_error || random.below(2) == 0;
        if (code > 0)
            r.native = is_errno ? native_code::of_errno(code) : native_code::of_http(code);
    }
    return r;
}

void check_same(const op_record& a, const op_record& b) {
    CHECK(a.intended_ns == b.intended_ns - start_ns);
    CHECK(a.sent_ns == (b.sent_ns == 0 ? 0 : b.sent_ns - start_ns));
    CHECK(a.done_ns == b.done_ns - start_ns);
    CHECK(a.object == b.object);
    CHECK(a.has_object == b.has_object);
    CHECK(a.size == b.size);
    CHECK(a.offset == b.offset);
    CHECK(a.length == b.length);
    CHECK(a.op == b.op);
    CHECK(a.endpoint == b.endpoint);
    CHECK(a.status == b.status);
    CHECK(a.native == b.native);
}

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

struct read_back {
    std::vector<op_record> records;
    op_log_decoder decoder;
    op_log_decoder::step last;
};

/// Everything that a decoder makes of the text, given in pieces.
void decode(const std::string& text, std::size_t piece, read_back& out) {
    for (std::size_t at = 0; at < text.size() || at == 0; at += piece) {
        out.decoder.push(std::string_view(text).substr(at, piece));
        op_record r;
        while ((out.last = out.decoder.next(r)) == op_log_decoder::step::record)
            out.records.push_back(r);
    }
}

}  // namespace

TEST_CASE("an operation log is read back as it was written") {
    const temporary_directory dir;
    const std::string path = dir.path() + "/x.oplog";
    std::vector<op_record> written[2];
    {
        random_stream random(3);
        op_log_writer log(path, 2);
        log.begin(header(), start_ns);
        for (int i = 0; i < 5000; ++i) {
            const unsigned core = static_cast<unsigned>(random.below(2));
            written[core].push_back(some_record(random));
            log.lane(core).add(written[core].back());
            if (i % 700 == 0) log.lane(core).hand_over();
        }
        const op_log_figures done = log.finish();
        CHECK(done.records == 5000);
        CHECK(done.dropped == 0);
        CHECK(done.problem.empty());
        CHECK(done.bytes == content_of(path).size());
    }
    const std::string text = content_of(path);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{7}, text.size()}) {
        read_back back;
        decode(text, piece, back);
        CHECK(back.last == op_log_decoder::step::end);
        CHECK(back.decoder.end().records == 5000);
        CHECK(back.decoder.damaged_blocks() == 0);
        CHECK(back.decoder.header().operations == header().operations);
        CHECK(back.decoder.header().endpoints == header().endpoints);
        CHECK(back.decoder.header().scenario == header().scenario);
        CHECK(back.decoder.header().started_wall_ns == header().started_wall_ns);
        CHECK(back.decoder.header().seed == 42);
        REQUIRE(back.records.size() == 5000);
        std::size_t at[2] = {0, 0};
        for (const op_record& r : back.records) {
            REQUIRE(r.core < 2);
            check_same(r, written[r.core][at[r.core]++]);
        }
    }
    CHECK(text.size() / 5000 < 40);  // compact even with random numbers
}

TEST_CASE("a log that ends anywhere is read up to its last whole block") {
    std::string text = encode_header(header());
    const std::size_t header_bytes = text.size();
    random_stream random(5);
    auto block = std::make_unique<op_log_block>();
    std::vector<std::size_t> ends;
    for (int b = 0; b < 4; ++b) {
        block->count = 10;
        for (std::size_t i = 0; i < block->count; ++i)
            block->records[i] = some_record(random);
        encode_block(*block, start_ns, text);
        ends.push_back(text.size());
    }
    for (std::size_t length = 0; length < text.size(); ++length) {
        read_back back;
        decode(text.substr(0, length), 4096, back);
        CHECK(back.last == op_log_decoder::step::more);
        std::size_t whole = 0;
        for (const std::size_t end : ends)
            whole += end <= length ? 1 : 0;
        CHECK(back.records.size() == 10 * whole);
        CHECK(back.decoder.has_header() == (length >= header_bytes));
        CHECK(back.decoder.damaged_blocks() == 0);
    }
}

TEST_CASE("damage costs the block it is in") {
    std::string text = encode_header(header());
    const std::size_t header_bytes = text.size();
    random_stream random(6);
    auto block = std::make_unique<op_log_block>();
    for (int b = 0; b < 5; ++b) {
        block->count = 20;
        for (std::size_t i = 0; i < block->count; ++i)
            block->records[i] = some_record(random);
        encode_block(*block, start_ns, text);
    }
    op_log_figures figures;
    figures.records = 100;
    const std::string end = encode_end(figures);
    const std::size_t records_end = text.size();
    text += end;
    for (int round = 0; round < 2000; ++round) {
        std::string damaged = text;
        const std::size_t at = header_bytes + random.below(records_end - header_bytes);
        const char before = damaged[at];
        damaged[at] = static_cast<char>(damaged[at] ^ (1 + random.below(255)));
        CAPTURE(at);
        CAPTURE(before);
        read_back back;
        decode(damaged, 333, back);
        CHECK(back.last == op_log_decoder::step::end);
        CHECK(back.decoder.damaged_blocks() == 1);
        CHECK(back.records.size() == 80);
    }
    // And any number of them, anywhere, also in the header.
    for (int round = 0; round < 2000; ++round) {
        std::string damaged = text;
        for (int i = 0; i < 5; ++i)
            damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
        read_back back;
        decode(damaged, 1 + random.below(500), back);
        CHECK(back.records.size() <= 100);
    }
    read_back foreign;
    decode("{\"kind\":\"chopsticks-result\"}", 100, foreign);
    CHECK(foreign.last == op_log_decoder::step::foreign);
    CHECK_FALSE(foreign.decoder.problem().empty());
}

TEST_CASE("a disk that takes nothing costs records, never time") {
    // A file that is full from the start, as far as the log can tell: a limit on its size.
    const temporary_directory dir;
    SUBCASE("no block is free") {
        op_log_writer log(dir.path() + "/slow.oplog", 1, 0);
        // Two blocks, and nobody to write them before begin().
        for (std::size_t i = 0; i < 3 * op_log_block_records; ++i)
            log.lane(0).add(op_record{});
        log.begin(header(), 0);
        const op_log_figures done = log.finish();
        CHECK(done.records == 2 * op_log_block_records);
        CHECK(done.dropped == op_log_block_records);
        CHECK(done.problem.empty());
        read_back back;
        decode(content_of(dir.path() + "/slow.oplog"), 4096, back);
        CHECK(back.last == op_log_decoder::step::end);
        CHECK(back.decoder.end().dropped == op_log_block_records);
    }
    SUBCASE("writing fails") {
        // /dev/full is there already, so the log is made elsewhere and its descriptor led there.
        const std::string path = dir.path() + "/full.oplog";
        op_log_writer log(path, 1);
        const int full = ::open("/dev/full", O_WRONLY);
        REQUIRE(full >= 0);
        REQUIRE(redirect_descriptor_of(path, full));
        ::close(full);
        log.begin(header(), 0);
        for (std::size_t i = 0; i < 10; ++i)
            log.lane(0).add(op_record{});
        const op_log_figures done = log.finish();
        CHECK(done.records == 0);
        CHECK(done.dropped == 10);
        CHECK(done.problem.find("No space left") != std::string::npos);
    }
}

TEST_CASE("a log never replaces a file, and one without a load is not left behind") {
    const temporary_directory dir;
    const std::string path = dir.path() + "/a";
    {
        op_log_writer unused(path, 1);
    }
    struct stat about{};
    CHECK(::stat(path.c_str(), &about) != 0);
    std::ofstream(path) << "precious";
    CHECK_THROWS_AS(op_log_writer(path, 1), config_error);
    CHECK(content_of(path) == "precious");
    CHECK_THROWS_AS(op_log_writer(dir.path() + "/none/a", 1), config_error);
}
