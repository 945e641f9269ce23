#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/ledger.hpp>
#include <map>
#include <string>
#include <vector>

using namespace chopsticks;
using namespace chopsticks::load;
using judgement = ledger_book::judgement;
using ending = ledger_reader::ending;

namespace {

ledger_scope scope_of(std::uint64_t places, bool empty = true) {
    return ledger_scope{0xfeedULL, places, 4096, empty};
}

struct reading {
    ledger_book book;
    ending end = ending::damaged;
    std::uint64_t good_bytes = 0;
    std::string problem;
};

reading read(const std::string& bytes, std::size_t step = 1 << 20) {
    reading r;
    ledger_reader reader(r.book);
    for (std::size_t at = 0; at < bytes.size(); at += step)
        reader.feed(std::span<const char>(bytes).subspan(at, std::min(step, bytes.size() - at)));
    r.end = reader.finish();
    r.good_bytes = reader.good_bytes();
    r.problem = reader.problem();
    return r;
}

/// Everything there is in a ledger, in several records.
std::string sample() {
    ledger_writer w;
    w.begin(scope_of(1000));
    w.add(ledger_run{11, false, false, "first"});
    w.add(ledger_entry{0, 1000, 0, 1, ledger_content::written});
    w.end(0);
    w.add(ledger_run{22, true, false, "second"});
    w.add(ledger_entry{5, 1, 1, 7, ledger_content::written});
    w.add(ledger_entry{700, 3, 1, 8, ledger_content::emptied});
    w.add(ledger_entry{3, 1, 1, 300, ledger_content::either});
    w.add(ledger_entry{999, 1, 1, 4'000'000'000U, ledger_content::unknown});
    w.end(1);
    return w.bytes();
}

bool same(const ledger_book& a, const ledger_book& b) {
    if (a.scope().places != b.scope().places || a.runs().size() != b.runs().size()) return false;
    for (std::uint64_t n = 0; n < a.scope().places; ++n) {
        const ledger_entry x = a.at(n);
        const ledger_entry y = b.at(n);
        if (x.run != y.run || x.version != y.version || x.content != y.content) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a ledger is read as it was written, however it is cut into pieces") {
    const std::string bytes = sample();
    const reading whole = read(bytes);
    CHECK(whole.end == ending::whole);
    CHECK(whole.good_bytes == bytes.size());
    CHECK_FALSE(whole.book.cut_off());
    CHECK(whole.book.scope().subject == 0xfeed);
    CHECK(whole.book.scope().place_bytes == 4096);
    REQUIRE(whole.book.runs().size() == 2);
    CHECK(whole.book.runs()[1].identity == 22);
    CHECK(whole.book.runs()[1].may_empty);
    CHECK(whole.book.runs()[1].id == "second");
    CHECK(whole.book.at(0).version == 1);
    CHECK(whole.book.at(5).run == 1);
    CHECK(whole.book.at(5).version == 7);
    CHECK(whole.book.at(702).content == ledger_content::emptied);
    CHECK(whole.book.at(703).content == ledger_content::written);
    CHECK(whole.book.at(3).content == ledger_content::either);
    CHECK(whole.book.at(999).content == ledger_content::unknown);
    for (const std::size_t step : {1, 2, 3, 7, 64})
        CHECK(same(read(bytes, step).book, whole.book));
}

TEST_CASE("a ledger is legible to another hand: its bytes are as the reference says") {
    ledger_writer w;
    w.begin(ledger_scope{0x0102030405060708ULL, 300, 4096, true});
    // length 22, CRC-32C of length and body, kind 1, magic, subject, 300, 4096, 1
    const std::string expected("\x16\0\0\0", 4);
    const std::string bytes = w.bytes();
    REQUIRE(bytes.size() == 8 + 22);
    CHECK(bytes.substr(0, 4) == expected);
    CHECK(bytes.substr(8) == std::string("\x01"
                                         "CHSPLDG1"
                                         "\x08\x07\x06\x05\x04\x03\x02\x01"
                                         "\xac\x02\x80\x20\x01"));
}

TEST_CASE("cut off at any byte it counts up to its last whole record, and says that it is torn") {
    const std::string bytes = sample();
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < bytes.size();) {
        std::uint32_t length = 0;
        bytes.copy(reinterpret_cast<char*>(&length), sizeof length, at);
        at += 8 + length;
        ends.push_back(at);
    }
    REQUIRE(ends.back() == bytes.size());
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        const reading r = read(bytes.substr(0, cut));
        std::size_t good = 0;
        for (const std::size_t end : ends)
            if (end <= cut) good = end;
        CHECK(r.good_bytes == good);
        if (good == 0) {
            CHECK(r.end == ending::damaged);
        } else {
            CHECK(r.end == (good == cut ? ending::whole : ending::torn));
            CHECK(same(r.book, read(bytes.substr(0, good)).book));
        }
        // Zeros at the end are how some stores end a write that was cut off.
        if (cut == good || good == 0) continue;
        const std::size_t next = *std::upper_bound(ends.begin(), ends.end(), cut);
        const reading padded = read(bytes.substr(0, cut) + std::string(next - cut, '\0'));
        CHECK(padded.good_bytes >= good);
        CHECK(padded.end != ending::damaged);
    }
}

TEST_CASE("no flipped bit before the last record passes") {
    const std::string bytes = sample();
    std::size_t last = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        std::uint32_t length = 0;
        bytes.copy(reinterpret_cast<char*>(&length), sizeof length, at);
        last = at;
        at += 8 + length;
    }
    const ledger_book book = read(bytes).book;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            CAPTURE(at);
            CAPTURE(bit);
            std::string changed = bytes;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            const reading r = read(changed);
            // In a length it may look torn; then all that counts is what stands before.
            CHECK(r.end != ending::whole);
            CHECK(r.good_bytes <= at);
            if (at < last && at % 8 > 3 && r.end == ending::torn) CHECK(r.good_bytes < last);
        }
    }
}

TEST_CASE("what was acknowledged last is expected, what came after it is possible") {
    ledger_writer w;
    w.begin(scope_of(10));
    w.add(ledger_run{11, false, false, "a"});
    w.add(ledger_entry{0, 10, 0, 5, ledger_content::written});
    w.add(ledger_run{22, false, false, "b"});
    w.add(ledger_entry{1, 1, 1, 2, ledger_content::written});
    w.add(ledger_entry{1, 1, 0, 9, ledger_content::written});  // older, though it comes later
    w.add(ledger_entry{2, 1, 1, 1, ledger_content::emptied});
    const reading r = read(w.bytes());
    REQUIRE(r.end == ending::whole);
    CHECK(r.book.cut_off());
    const ledger_book& b = r.book;
    CHECK(b.judge(0, 11, 5) == judgement::fine);
    CHECK(b.judge(0, 11, 4) == judgement::older);
    CHECK(b.judge(0, 11, 6) == judgement::fine);  // written, and the run cut off before it said so
    CHECK(b.judge(0, 22, 1) == judgement::fine);
    CHECK(b.judge(0, 33, 1) == judgement::foreign);
    CHECK(b.judge_nothing(0) == judgement::missing);
    CHECK(b.judge(1, 11, 9) == judgement::older);
    CHECK(b.judge(1, 22, 1) == judgement::older);
    CHECK(b.judge(1, 22, 2) == judgement::fine);
    CHECK(b.judge_nothing(2) == judgement::fine);
    CHECK(b.judge(2, 11, 5) == judgement::older);
    CHECK(b.judge(2, 22, 3) == judgement::fine);
}

TEST_CASE("a run that was cut off may have emptied or spoilt places; one that ended well has not") {
    for (const bool ended : {true, false}) {
        for (const bool spoils : {true, false}) {
            CAPTURE(ended);
            CAPTURE(spoils);
            ledger_writer w;
            w.begin(scope_of(3));
            w.add(ledger_run{11, false, false, "a"});
            w.add(ledger_entry{0, 3, 0, 1, ledger_content::written});
            w.end(0);
            w.add(ledger_run{22, !spoils, spoils, "b"});
            if (ended) w.end(1);
            w.add(ledger_run{33, false, false, "c"});
            w.add(ledger_entry{2, 1, 2, 1, ledger_content::written});
            w.end(2);
            const ledger_book b = read(w.bytes()).book;
            CHECK(b.judge_nothing(0) == (ended ? judgement::missing : judgement::fine));
            CHECK(b.judge(0, 99, 1) == (!ended && spoils ? judgement::fine : judgement::foreign));
            // What was acknowledged since is expected again.
            CHECK(b.judge_nothing(2) == judgement::missing);
            CHECK(b.judge(2, 11, 1) == judgement::older);
        }
    }
}

TEST_CASE("where it did not begin empty, only what was acknowledged since is judged") {
    ledger_writer w;
    w.begin(scope_of(2, false));
    w.add(ledger_run{11, false, false, "a"});
    w.add(ledger_entry{1, 1, 0, 1, ledger_content::written});
    const ledger_book b = read(w.bytes()).book;
    CHECK(b.judge_nothing(0) == judgement::fine);
    CHECK(b.judge(0, 99, 7) == judgement::fine);
    CHECK(b.judge_nothing(1) == judgement::missing);
}

TEST_CASE("written anew it says the same in fewer bytes") {
    random_stream random(4711);
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        constexpr std::uint64_t places = 500;
        ledger_writer w;
        w.begin(scope_of(places, round % 2 == 0));
        for (std::uint32_t run = 0; run < 4; ++run) {
            w.add(ledger_run{run + 100, random.below(2) == 0, random.below(8) == 0, "r"});
            std::map<std::uint64_t, std::uint32_t> versions;
            for (int n = 0; n < 3000; ++n) {
                const std::uint64_t first = random.below(places);
                const std::uint64_t count = 1 + random.below(std::min<std::uint64_t>(
                                                    places - first, n % 100 == 0 ? places : 3));
                std::uint32_t version = 0;
                for (std::uint64_t p = first; p < first + count; ++p)
                    version = std::max(version, versions[p] + 1);
                for (std::uint64_t p = first; p < first + count; ++p)
                    versions[p] = version;
                w.add(ledger_entry{
                    first, count, run, version,
                    static_cast<ledger_content>(random.below(10) == 0 ? random.below(3) + 2 : 2)});
            }
            if (random.below(2) == 0) w.end(run);
        }
        const reading long_one = read(w.bytes());
        REQUIRE(long_one.end == ending::whole);
        ledger_writer again;
        long_one.book.write_to(again);
        CHECK(again.bytes().size() < w.bytes().size() / 2);
        const reading short_one = read(again.bytes());
        REQUIRE(short_one.end == ending::whole);
        CHECK(same(long_one.book, short_one.book));
        CHECK_FALSE(short_one.book.cut_off());
    }
}

TEST_CASE("entries of places and runs that are not are damage, not accesses beyond the end") {
    const auto damaged = [](const ledger_entry& e) {
        ledger_writer w;
        w.begin(scope_of(10));
        w.add(ledger_run{11, false, false, "a"});
        w.add(e);
        return read(w.bytes()).end == ending::damaged;
    };
    CHECK_FALSE(damaged({9, 1, 0, 1, ledger_content::written}));
    CHECK(damaged({10, 1, 0, 1, ledger_content::written}));
    CHECK(damaged({9, 2, 0, 1, ledger_content::written}));
    CHECK(damaged({0, 1, 1, 1, ledger_content::written}));
    CHECK(damaged({5, ~0ULL >> 5, 0, 1, ledger_content::written}));
    CHECK(read("").end == ending::damaged);
    CHECK(read(std::string(100, '\0')).end == ending::damaged);
    CHECK(read(sample() + sample()).end == ending::damaged);
}
