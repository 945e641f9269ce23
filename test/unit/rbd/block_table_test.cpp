#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "rbd/block_table.hpp"

using namespace chopsticks;
using namespace chopsticks::rbd;

namespace {

constexpr std::uint64_t bytes = 512;
constexpr auto done = block_table::write_end::done;
constexpr auto unknown = block_table::write_end::unknown;
constexpr auto refused = block_table::write_end::refused;

using block = std::vector<char>;

struct disk {
    explicit disk(initial_content initial) : table(11, 22, 64 * bytes, bytes, initial) {}

    block content(std::uint64_t at, std::uint32_t version) const {
        block b(bytes, 'x');
        seal_block(b, table.header(at, version));
        return b;
    }
    /// A whole write, confirmed.
    std::uint32_t write(std::uint64_t at) {
        const auto mark = table.begin_write(at);
        table.end_write(at, mark, done);
        return mark.version;
    }
    finding read(std::uint64_t at, const block& data) {
        const auto mark = table.begin_read(at);
        return table.end_read(at, mark, data).what;
    }

    block_table table;
};

const block zeros(bytes, '\0');

}  // namespace

TEST_CASE("what was written is what may be read; each kind of fault is found") {
    disk d(initial_content::zeros);
    CHECK(d.read(5, zeros) == finding::fine);
    CHECK(d.read(5, d.content(5, 1)) == finding::future);
    const std::uint32_t first = d.write(5);
    CHECK(d.read(5, d.content(5, first)) == finding::fine);
    const std::uint32_t second = d.write(5);
    CHECK(d.read(5, d.content(5, second)) == finding::fine);
    CHECK(d.read(5, d.content(5, first)) == finding::stale);
    CHECK(d.read(5, zeros) == finding::unwritten);
    CHECK(d.read(5, d.content(6, second)) == finding::misplaced);
    block torn = d.content(5, second);
    torn[300] = 'y';
    CHECK(d.read(5, torn) == finding::altered);
    CHECK(d.read(5, block(bytes, 'q')) == finding::alien);
    CHECK(d.read(5, d.content(5, second + 1)) == finding::future);
}

TEST_CASE("another image's block at the right offset is misplaced") {
    disk d(initial_content::zeros);
    d.write(3);
    block_header h = d.table.header(3, 1);
    h.image = 99;
    block other(bytes, 'x');
    seal_block(other, h);
    CHECK(d.read(3, other) == finding::misplaced);
}

TEST_CASE("a read that overlaps a write may return either content") {
    disk d(initial_content::zeros);
    const std::uint32_t old = d.write(0);
    const auto write = d.table.begin_write(0);
    const auto read = d.table.begin_read(0);
    CHECK(d.table.end_read(0, read, d.content(0, old)).what == finding::fine);
    CHECK(d.table.end_read(0, read, d.content(0, write.version)).what == finding::fine);
    const auto spanning = d.table.begin_read(0);
    d.table.end_write(0, write, done);
    CHECK(d.table.end_read(0, spanning, d.content(0, old)).what == finding::fine);
    CHECK(d.read(0, d.content(0, old)) == finding::stale);
}

TEST_CASE("of writes that overlapped any may be the last, until a read has seen which") {
    disk d(initial_content::zeros);
    const std::uint32_t old = d.write(0);
    const auto a = d.table.begin_write(0);
    const auto b = d.table.begin_write(0);
    d.table.end_write(0, b, done);
    d.table.end_write(0, a, done);
    CHECK_FALSE(d.table.certain(0));
    CHECK(d.read(0, d.content(0, old)) == finding::stale);
    CHECK(d.read(0, d.content(0, a.version)) == finding::fine);
    CHECK(d.read(0, d.content(0, b.version)) == finding::fine);
    // The second is seen to be there; it cannot become the first again.
    CHECK(d.read(0, d.content(0, a.version)) == finding::stale);
    CHECK(d.table.certain(0));
    const std::uint32_t last = d.write(0);
    CHECK(d.read(0, d.content(0, b.version)) == finding::stale);
    CHECK(d.read(0, d.content(0, last)) == finding::fine);
}

TEST_CASE("a write that failed may have been carried out or not, until one is confirmed") {
    disk d(initial_content::zeros);
    const std::uint32_t old = d.write(0);
    const auto failed = d.table.begin_write(0);
    d.table.end_write(0, failed, unknown);
    CHECK_FALSE(d.table.certain(0));
    CHECK(d.read(0, d.content(0, old)) == finding::fine);
    d.write(0);
    CHECK(d.read(0, d.content(0, old)) == finding::stale);
    CHECK(d.read(0, d.content(0, failed.version)) == finding::stale);
    CHECK(d.table.certain(0));
}

TEST_CASE("a refused write never was") {
    disk d(initial_content::zeros);
    const std::uint32_t old = d.write(0);
    const auto write = d.table.begin_write(0);
    d.table.end_write(0, write, refused);
    CHECK(d.table.certain(0));
    CHECK(d.table.state(0).low == old);
    CHECK(d.read(0, d.content(0, write.version)) == finding::future);
}

TEST_CASE("zeroing is a write of zeros") {
    disk d(initial_content::zeros);
    CHECK(d.table.certainly_zero(0));
    const std::uint32_t old = d.write(0);
    CHECK_FALSE(d.table.certainly_zero(0));
    const auto zero = d.table.begin_zero(0);
    CHECK(d.read(0, d.content(0, old)) == finding::fine);
    CHECK(d.read(0, zeros) == finding::fine);
    d.table.end_write(0, zero, done);
    CHECK(d.table.certain(0));
    CHECK(d.table.certainly_zero(0));
    CHECK(d.read(0, zeros) == finding::fine);
    CHECK(d.read(0, d.content(0, old)) == finding::stale);
    const std::uint32_t after = d.write(0);
    CHECK(d.read(0, zeros) == finding::unwritten);
    CHECK(d.read(0, d.content(0, after)) == finding::fine);
}

TEST_CASE("what an earlier run left is judged by what is known of it") {
    block_header other = disk(initial_content::sealed).table.header(0, 40);
    other.run = 1234;
    block earlier(bytes, 'e');
    seal_block(earlier, other);
    SUBCASE("filled with headers") {
        disk d(initial_content::sealed);
        CHECK(d.read(0, earlier) == finding::fine);
        CHECK(d.read(0, block(bytes, 'q')) == finding::alien);
        CHECK_FALSE(d.table.certain(0));
        d.write(0);
        CHECK(d.read(0, earlier) == finding::unwritten);
    }
    SUBCASE("made by this run") {
        disk d(initial_content::zeros);
        CHECK(d.read(0, earlier) == finding::future);
    }
    SUBCASE("unknown") {
        disk d(initial_content::anything);
        CHECK(d.read(0, earlier) == finding::fine);
        CHECK(d.read(0, block(bytes, 'q')) == finding::fine);
        CHECK_FALSE(d.table.certain(0));
        d.write(0);
        CHECK(d.read(0, block(bytes, 'q')) == finding::alien);
    }
}

TEST_CASE("a block that was written in part is not judged") {
    disk d(initial_content::zeros);
    d.write(0);
    d.table.spoil(0);
    CHECK_FALSE(d.table.certain(0));
    CHECK(d.read(0, block(bytes, 'q')) == finding::fine);
}

TEST_CASE("no right answer of a disk with concurrent writers is ever called wrong") {
    // A register that applies each write at a random moment between its beginning and its end.
    disk d(initial_content::zeros);
    random_stream random(1);
    struct writer {
        block_table::write_mark mark;
        bool zero;
        bool applied = false;
    };
    struct reader {
        block_table::read_mark mark;
        std::optional<block> data;
    };
    std::vector<writer> writers;
    std::vector<reader> readers;
    block content = zeros;
    int judged = 0;
    const auto apply = [&](writer& w) {
        if (std::exchange(w.applied, true)) return;
        content = w.zero ? zeros : d.content(0, w.mark.version);
    };
    for (int step = 0; step < 20000; ++step) {
        switch (random.below(6)) {
            case 0: {
                if (writers.size() > 3) break;
                const bool zero = random.below(4) == 0;
                writers.push_back({zero ? d.table.begin_zero(0) : d.table.begin_write(0), zero});
                break;
            }
            case 1:
                if (!writers.empty()) apply(writers[random.below(writers.size())]);
                break;
            case 2: {
                if (writers.empty()) break;
                const auto at = writers.begin() + static_cast<long>(random.below(writers.size()));
                apply(*at);
                d.table.end_write(0, at->mark, done);
                writers.erase(at);
                break;
            }
            case 3:
                if (readers.size() < 4) readers.push_back({d.table.begin_read(0), {}});
                break;
            case 4:
                if (!readers.empty()) readers[random.below(readers.size())].data = content;
                break;
            default: {
                if (readers.empty() || !readers.back().data) break;
                const reader r = readers.back();
                readers.pop_back();
                const verdict v = d.table.end_read(0, r.mark, *r.data);
                REQUIRE(v.what == finding::fine);
                ++judged;
            }
        }
    }
    CHECK(judged > 500);
}

TEST_CASE("what an earlier run left is expected until this run has written") {
    load::ledger_book left;
    left.begin(load::ledger_scope{11, 64, bytes, true});
    left.add(load::ledger_run{33, false, false, "earlier"});
    left.add(load::ledger_entry{0, 10, 0, 4, load::ledger_content::written});
    left.add(load::ledger_entry{3, 1, 0, 5, load::ledger_content::emptied});
    left.add(load::ledger_entry{4, 1, 0, 5, load::ledger_content::unknown});
    left.end(0);
    left.finish();
    disk d(initial_content::sealed);
    d.table.expect(left);
    const auto theirs = [&](std::uint64_t at, std::uint32_t version, std::uint64_t run = 33) {
        block b(bytes, 'x');
        block_header h = d.table.header(at, version);
        h.run = run;
        seal_block(b, h);
        return b;
    };
    CHECK(d.read(0, theirs(0, 4)) == finding::fine);
    CHECK(d.read(0, theirs(0, 3)) == finding::replaced);
    CHECK(d.read(0, zeros) == finding::unwritten);
    CHECK(d.read(0, theirs(0, 4, 44)) == finding::future);
    CHECK(d.read(0, theirs(1, 4)) == finding::misplaced);
    CHECK(d.read(0, block(bytes, 'q')) == finding::alien);
    CHECK(d.read(3, zeros) == finding::fine);
    CHECK(d.read(3, theirs(3, 4)) == finding::replaced);
    // Spoilt: nothing is known, not even that there is a header.
    CHECK(d.read(4, block(bytes, 'q')) == finding::fine);
    block torn = theirs(4, 4);
    torn[300] = 'y';
    CHECK(d.read(4, torn) == finding::fine);
    // Never written, and empty when the ledger began.
    CHECK(d.read(20, zeros) == finding::fine);
    CHECK(d.read(20, theirs(20, 1)) == finding::fine);
    CHECK(d.read(20, theirs(20, 1, 44)) == finding::future);
    const std::uint32_t mine = d.write(0);
    CHECK(d.read(0, d.content(0, mine)) == finding::fine);
    CHECK(d.read(0, theirs(0, 4)) == finding::unwritten);
}

TEST_CASE("without a ledger, zeros where a mark says that all was filled are a lost write") {
    disk d(initial_content::sealed);
    d.table.expect_filled(10 * bytes);
    CHECK(d.read(9, zeros) == finding::unwritten);
    CHECK(d.read(10, zeros) == finding::fine);
}

TEST_CASE("what a table has confirmed is what its ledger gets to know") {
    disk d(initial_content::zeros);
    CHECK_FALSE(d.table.confirmed(0).has_value());
    const std::uint32_t version = d.write(0);
    CHECK(d.table.confirmed(0)->content == load::ledger_content::written);
    CHECK(d.table.confirmed(0)->version == version);
    CHECK(d.table.unread(0));
    CHECK(d.read(0, d.content(0, version)) == finding::fine);
    CHECK_FALSE(d.table.unread(0));
    const auto zeroing = d.table.begin_zero(0);
    CHECK(d.table.confirmed(0)->content == load::ledger_content::either);
    d.table.end_write(0, zeroing, done);
    CHECK(d.table.confirmed(0)->content == load::ledger_content::emptied);
    CHECK(d.table.unread(0));
    d.write(0);
    CHECK(d.table.confirmed(0)->content == load::ledger_content::written);
    d.table.spoil(0);
    CHECK(d.table.confirmed(0)->content == load::ledger_content::unknown);
    CHECK(d.table.confirmed(0)->version > 0);
    CHECK_FALSE(d.table.unread(0));
}
