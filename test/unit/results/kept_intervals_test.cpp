// How long a run may be, and what its result and its memory come to.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/results/kept_intervals.hpp>
#include <chopsticks/results/merge.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "sample.hpp"

using namespace chopsticks;
using namespace chopsticks::results;

namespace {

stats::layout five_operations() {
    return {{"s3/get", "s3/put", "s3/list", "s3/head", "s3/delete"}, {"http://10.0.0.1:8000"}};
}

/// Of one operation `count` lognormal times around `center_ns`, one in a hundred four times as
/// long. \param deviation of their logarithm
void record_some(stats::recorder& recorder, std::uint16_t op, std::size_t count, double center_ns,
                 double deviation, random_stream& random) {
    for (std::size_t i = 0; i < count; ++i) {
        stats::sample s;
        s.op = op;
        s.bytes = 4096;
        s.sent_ns = static_cast<std::int64_t>(3'000 * random.exponential());
        const double pause = i % 100 == 0 ? 4 : 1;
        s.done_ns = s.sent_ns + static_cast<std::int64_t>(center_ns * pause *
                                                          std::exp(deviation * random.normal()));
        recorder.record(s);
    }
}

/// An interval of a run: five seconds of warm-up, then the measure phase.
class made_interval {
  public:
    made_interval(const stats::layout& names, std::size_t number, std::size_t operations,
                  double deviation = 0.35)
        : figures_(names, 2) {
        random_stream random(number);
        stats::recorder recorder(names);
        for (std::uint16_t op = 0; op < names.operations.size(); ++op)
            record_some(recorder, op, operations + number % 7, 5e5 * (op + 1), deviation, random);
        if (number % 5 == 0) recorder.unfinished(0, 7'000'000, false);
        recorder.add_to(figures_);
        place(number);
        out.figures = &figures_;
        out.load.intended = 20;
        out.load.issued = 10;
        out.load.users = number;
        out.load.users_wanted = number + 1;
        out.load.rate_wanted_per_s = static_cast<double>(number) / 2;
        out.load.in_flight_max = number % 17;
        out.cores_busy = {0.25, number % 2 == 0 ? 0.5 : 1.0};
        out.health.tcp_retransmits = 2;
        out.health.rss_bytes = 1000 + number;
        out.health.ports_left = 1'000'000 - number;
        out.health.steal_share = number % 2 == 0 ? 0.0 : 0.5;
    }

    void place(std::size_t number) {
        out.t_s = static_cast<double>(number);
        out.duration_s = 1;
        out.phase = number < 5 ? "warmup" : "measure";
    }

    interval out;

  private:
    stats::totals figures_;
};

std::vector<json> parsed(const std::vector<std::string>& lines) {
    std::vector<json> out;
    for (const std::string& line : lines)
        out.push_back(json::parse(line));
    return out;
}

/// A document with those intervals.
run_document document_with(const stats::layout& names, const std::string& id,
                           kept_intervals& kept) {
    run_document out(names);
    out.run.id = id;
    out.run.duration_s = 1000;
    out.run.intervals_joined = kept.joined();
    out.intervals = kept.take();
    return out;
}

void add_up_to(kept_intervals& kept, const stats::layout& names, std::size_t count,
               std::size_t operations) {
    for (std::size_t i = 0; i < count; ++i) {
        const made_interval one(names, i, operations);
        kept.add(one.out, to_line(one.out, names));
    }
}

}  // namespace

TEST_CASE("kept_intervals_are_those_of_the_run_until_there_are_too_many") {
    const stats::layout names = sample::names();
    kept_intervals kept(names, 1, 40);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < 39; ++i) {
        const made_interval one(names, i, 3);
        lines.push_back(to_line(one.out, names));
        kept.add(one.out, lines.back());
    }
    CHECK(kept.joined() == 1);
    CHECK(kept.take() == lines);
    CHECK(kept.take().empty());
}

TEST_CASE("kept_intervals_of_a_run_of_any_length_are_few_and_have_lost_nothing") {
    const stats::layout names = sample::names();
    constexpr std::size_t most = 32;
    for (const std::size_t count : {31U, 32U, 33U, 34U, 47U, 64U, 100U, 333U, 1000U, 1500U}) {
        CAPTURE(count);
        kept_intervals kept(names, 1, most);
        std::map<std::string, stats::totals> sums;
        for (std::size_t i = 0; i < count; ++i) {
            const made_interval one(names, i, 3);
            sums.try_emplace(one.out.phase, names, 2).first->second.add(*one.out.figures);
            kept.add(one.out, to_line(one.out, names));
        }
        const unsigned joined = kept.joined();
        CHECK((count < most ? joined == 1 : joined >= count / most));
        run_document doc(names);
        doc.run.duration_s = 1;
        doc.run.intervals_joined = joined;
        doc.intervals = kept.take();
        REQUIRE(doc.intervals.size() <= most);
        const result_file read = parse_file(to_text(doc), "r.json");
        double end_s = 0;
        stats::load_figures load;
        std::map<std::string, stats::totals> found;
        for (const interval_figures& one : read.intervals) {
            // Without a gap, on the grid of their length.
            CHECK(one.t_s == end_s);
            end_s += one.duration_s;
            CHECK(std::floor(one.t_s / joined) == std::floor((end_s - 1) / joined));
            CHECK(one.load.users == static_cast<std::uint64_t>(end_s) - 1);
            CHECK(one.load.users_wanted == one.load.users + 1);
            CHECK(one.load.rate_wanted_per_s == static_cast<double>(one.load.users) / 2);
            load.intended += one.load.intended;
            stats::totals& sum = found.try_emplace(one.phase, names, 2).first->second;
            for (std::size_t op = 0; op < one.operations.size(); ++op)
                add_up(sum.by_operation[op], one.operations[op], "r.json");
        }
        CHECK(end_s == static_cast<double>(count));
        CHECK(load.intended == 20 * count);
        REQUIRE(found.size() == sums.size());
        for (const auto& [phase, sum] : sums) {
            for (std::size_t op = 0; op < names.operations.size(); ++op) {
                const stats::figures& was = sum.by_operation[op];
                const stats::figures& is = found.at(phase).by_operation[op];
                CHECK(is.ok_count == was.ok_count);
                CHECK(is.bytes == was.bytes);
                // Bucket by bucket.
                CHECK(is.response.encode() == was.response.encode());
                CHECK(is.service.encode() == was.service.encode());
                CHECK(is.waited.encode() == was.waited.encode());
                // Where unfinished work was taken out of them, extremes are edges of buckets.
                CHECK(static_cast<double>(is.response.max()) ==
                      doctest::Approx(static_cast<double>(was.response.max())).epsilon(0.01));
                CHECK(is.response.mean() == doctest::Approx(was.response.mean()));
            }
        }
    }
}

TEST_CASE("kept_intervals_that_were_joined_tell_means_sums_and_what_was_worst") {
    const stats::layout names = sample::names();
    kept_intervals kept(names, 1, 8);
    add_up_to(kept, names, 12, 3);
    REQUIRE(kept.joined() == 2);
    const std::vector<json> all = parsed(kept.take());
    // 0-1, 2-3, 4: the last of the warm-up, 5, 6-7, 8-9, 10-11
    REQUIRE(all.size() == 7);
    CHECK(all[2]["duration_s"] == 1.0);
    CHECK(all[2]["phase"] == "warmup");
    CHECK(all[3]["t_s"] == 5.0);
    for (const std::size_t at : {4U, 6U}) {
        const json& one = all[at];
        const auto first = one["t_s"].get<std::uint64_t>();
        CHECK(one["duration_s"] == 2.0);
        CHECK(one["load"]["intended"] == 40);
        CHECK(one["load"]["achieved_share"] == 0.5);
        CHECK(one["load"]["users"] == first + 1);
        CHECK(one["load"]["in_flight_max"] == std::max(first % 17, (first + 1) % 17));
        CHECK(one["cores_busy"] == json::array({0.25, 0.75}));
        CHECK(one["health"]["tcp_retransmits"] == 4);
        CHECK(one["health"]["rss_bytes"] == 1000 + first + 1);
        CHECK(one["health"]["ports_left"] == 1'000'000 - first - 1);
        CHECK(one["health"]["steal_share"] == 0.25);
        CHECK(one["health"]["cpu_mhz"].is_null());
        const json& get = one["operations"]["s3/get"];
        CHECK(get["rate_per_s"].get<double>() == get["ok"].get<double>() / 2);
    }
}

TEST_CASE("kept_intervals_of_parts_of_unlike_length_are_merged_at_the_longer_one") {
    const stats::layout names = sample::names();
    kept_intervals shorter(names, 1, 16);
    add_up_to(shorter, names, 15, 3);
    kept_intervals longer(names, 1, 16);
    add_up_to(longer, names, 18, 3);
    REQUIRE(shorter.joined() == 1);
    REQUIRE(longer.joined() == 2);
    std::vector<result_file> parts;
    parts.push_back(parse_file(to_text(document_with(names, "a", shorter)), "a.json"));
    parts.push_back(parse_file(to_text(document_with(names, "b", longer)), "b.json"));
    const json merged = json::parse(merge(parts).text);
    CHECK(merged["run"]["interval_s"] == 2.0);
    CHECK(merged["run"]["intervals_joined"] == 2);
    std::uint64_t operations = 0;
    for (const json& one : merged["intervals"]) {
        CHECK(one["parts"] == (one["t_s"].get<double>() < 16 ? 2 : 1));
        for (const json& f : one["operations"])
            operations += f["ok"].get<std::uint64_t>();
    }
    std::uint64_t expected = 0;
    for (const result_file& part : parts)
        for (const interval_figures& one : part.intervals)
            for (const operation_figures& f : one.operations)
                expected += f.ok;
    CHECK(operations == expected);
}

TEST_CASE("result_of_an_hour_of_five_operations_at_a_second_is_below_20_MB") {
    const stats::layout names = five_operations();
    kept_intervals kept(names, 1);
    // 4,000 operations per second; the same twenty seconds again and again.
    std::vector<std::unique_ptr<made_interval>> seconds;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < 20; ++i) {
        seconds.push_back(std::make_unique<made_interval>(names, 5 * i + 11, 800));
        seconds.back()->place(4000);
        // Nobody steers it.
        seconds.back()->out.load.users_wanted.reset();
        seconds.back()->out.load.rate_wanted_per_s.reset();
        lines.push_back(to_line(seconds.back()->out, names));
    }
    for (std::size_t i = 0; i < 3600; ++i) {
        seconds[i % 20]->place(i);
        kept.add(seconds[i % 20]->out, lines[i % 20]);
    }
    run_document doc = sample::document(2000);
    CHECK(kept.joined() == 1);
    doc.intervals = kept.take();
    CHECK(doc.intervals.size() == 3600);
    const std::size_t size = to_text(doc).size();
    MESSAGE("an hour of five operations: " << size << " bytes");
    CHECK(size < 20'000'000);
}

TEST_CASE("result_of_an_hour_at_a_high_rate_with_wide_tails_is_below_20_MB_too") {
    const stats::layout names = five_operations();
    kept_intervals kept(names, 1);
    // 15,000 operations per second, slower and faster by the second.
    std::vector<std::unique_ptr<made_interval>> seconds;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < 20; ++i) {
        seconds.push_back(std::make_unique<made_interval>(names, 5 * i + 11, 3000, 1.2));
        seconds.back()->place(4000);
        lines.push_back(to_line(seconds.back()->out, names));
    }
    CHECK(3600 * lines[0].size() > 20'000'000);
    for (std::size_t i = 0; i < 3600; ++i) {
        seconds[i % 20]->place(i);
        kept.add(seconds[i % 20]->out, lines[i % 20]);
    }
    CHECK(kept.joined() > 1);
    CHECK(kept.joined() <= 4);
    run_document doc = sample::document(2000);
    doc.intervals = kept.take();
    const std::size_t size = to_text(doc).size();
    MESSAGE("an hour with wide tails: " << size << " bytes");
    CHECK(size < 20'000'000);
}

TEST_CASE("kept_intervals_are_bounded_in_bytes_and_have_lost_nothing") {
    const stats::layout names = sample::names();
    constexpr std::size_t bytes_most = 30'000;
    for (const std::size_t count : {20U, 100U, 700U}) {
        CAPTURE(count);
        kept_intervals kept(names, 1, 1000, bytes_most);
        stats::totals sum(names, 2);
        for (std::size_t i = 0; i < count; ++i) {
            const made_interval one(names, i, 20);
            sum.add(*one.out.figures);
            kept.add(one.out, to_line(one.out, names));
        }
        CHECK(kept.joined() > 1);
        run_document doc(names);
        doc.run.duration_s = 1;
        doc.run.intervals_joined = kept.joined();
        doc.intervals = kept.take();
        std::size_t bytes = 0;
        for (const std::string& line : doc.intervals)
            bytes += line.size();
        CHECK(bytes <= 2 * bytes_most);
        stats::totals found(names, 2);
        for (const interval_figures& one : parse_file(to_text(doc), "r.json").intervals)
            for (std::size_t op = 0; op < one.operations.size(); ++op)
                add_up(found.by_operation[op], one.operations[op], "r.json");
        for (std::size_t op = 0; op < names.operations.size(); ++op)
            CHECK(found.by_operation[op].response.encode() ==
                  sum.by_operation[op].response.encode());
    }
}

TEST_CASE("kept_intervals_take_no_more_memory_the_longer_the_run_is") {
    const stats::layout names = sample::names();
    constexpr std::size_t most = 64;
    // What its intervals come to if the run ends then.
    const auto size_after = [&](std::size_t count) {
        kept_intervals run(names, 1, most);
        add_up_to(run, names, count, 50);
        const std::vector<std::string> lines = run.take();
        return std::accumulate(
            lines.begin(), lines.end(), std::size_t{0},
            [](std::size_t sum, const std::string& line) { return sum + line.size(); });
    };
    const std::size_t full = size_after(most - 1);
    for (const std::size_t count : {65U, 127U, 255U, 511U, 2047U}) {
        CAPTURE(count);
        // Joined histograms have more buckets that are not empty.
        CHECK(size_after(count) < full * 3);
    }
}
