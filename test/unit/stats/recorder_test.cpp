#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace chopsticks;
using stats::figures;
using stats::recorder;
using stats::totals;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

stats::layout make_layout(std::size_t ops, std::size_t endpoints) {
    stats::layout names;
    for (std::size_t i = 0; i < ops; ++i)
        names.operations.push_back("group/op" + std::to_string(i));
    for (std::size_t i = 0; i < endpoints; ++i)
        names.endpoints.push_back("host" + std::to_string(i));
    return names;
}

stats::sample make_sample(std::uint16_t op, std::uint64_t size, std::uint16_t endpoint = 0) {
    stats::sample s;
    s.op = op;
    s.endpoint = endpoint;
    s.size = size;
    s.bytes = size;
    s.intended_ns = 1'000'000;
    s.sent_ns = 1'000'100;
    s.first_byte_ns = 1'000'600;
    s.done_ns = 1'001'100;
    return s;
}

stats::failure make_failure(std::uint16_t op, op_status status, int http, std::string_view code,
                            std::uint16_t endpoint = 0) {
    stats::failure f;
    f.op = op;
    f.endpoint = endpoint;
    f.status = status;
    f.native = native_code::of_http(http);
    f.code = code;
    f.example = "an example";
    f.intended_ns = 1'000'000;
    f.done_ns = 1'007'000;
    return f;
}

totals sum_of(const recorder& r, const stats::layout& names, int digits = 3) {
    totals sum(names, digits);
    r.add_to(sum);
    return sum;
}

const stats::error_row* find(const figures& f, op_status status, std::string_view code) {
    for (const auto& row : f.errors) {
        if (row.status == status && row.code == code) return &row;
    }
    return nullptr;
}

std::uint64_t error_count(const figures& f) {
    std::uint64_t count = 0;
    for (const auto& row : f.errors)
        count += row.count;
    return count;
}

void check_same(const figures& a, const figures& b) {
    CHECK(a.ok_count == b.ok_count);
    CHECK(a.failed_count == b.failed_count);
    CHECK(a.bytes == b.bytes);
    CHECK(a.retries == b.retries);
    CHECK(a.skipped == b.skipped);
    for (auto member : {&figures::response, &figures::service, &figures::send_lag,
                        &figures::first_byte, &figures::failed}) {
        CHECK((a.*member).count() == (b.*member).count());
        CHECK((a.*member).min() == (b.*member).min());
        CHECK((a.*member).max() == (b.*member).max());
        CHECK((a.*member).sum() == (b.*member).sum());
        CHECK((a.*member).encode() == (b.*member).encode());
    }
    REQUIRE(a.errors.size() == b.errors.size());
    for (const auto& row : a.errors) {
        const auto* other = find(b, row.status, row.code);
        REQUIRE(other != nullptr);
        CHECK(other->count == row.count);
    }
}

void check_same(const totals& a, const totals& b) {
    for (std::size_t op = 0; op < a.by_operation.size(); ++op) {
        check_same(a.by_operation[op], b.by_operation[op]);
        for (std::size_t c = 0; c < stats::size_class_count; ++c) {
            REQUIRE((a.by_size_class[op][c] == nullptr) == (b.by_size_class[op][c] == nullptr));
            if (a.by_size_class[op][c])
                check_same(*a.by_size_class[op][c], *b.by_size_class[op][c]);
        }
    }
    for (std::size_t i = 0; i < a.by_endpoint.size(); ++i)
        check_same(a.by_endpoint[i], b.by_endpoint[i]);
}

// A mix of successes, failures and skips, the same for the same seed.
void record_mix(recorder& r, std::uint64_t seed, int count, std::uint16_t ops,
                std::uint16_t endpoints) {
    random_stream random(seed);
    for (int i = 0; i < count; ++i) {
        const auto op = static_cast<std::uint16_t>(random.below(ops));
        const auto endpoint = static_cast<std::uint16_t>(random.below(endpoints));
        if (random.below(10) == 0) {
            r.record(make_failure(op, op_status::server_error, 500,
                                  "E" + std::to_string(random.below(5)), endpoint));
            continue;
        }
        if (random.below(20) == 0) r.skip(op);
        stats::sample s = make_sample(op, 1ULL << random.below(30), endpoint);
        s.retries = static_cast<std::uint32_t>(random.below(3));
        s.sent_ns = s.intended_ns + static_cast<std::int64_t>(random.below(1'000'000));
        s.first_byte_ns = s.sent_ns + static_cast<std::int64_t>(random.below(1'000'000));
        s.done_ns = s.first_byte_ns + static_cast<std::int64_t>(random.below(1'000'000));
        r.record(s);
    }
}

}  // namespace

TEST_CASE("size_class_of_follows_the_bounds") {
    CHECK(stats::size_class_of(0) == 0);
    CHECK(stats::size_class_of(1) == 1);
    for (std::size_t c = 0; c < stats::size_class_count; ++c) {
        const std::uint64_t bound = stats::size_class_bounds[c];
        CHECK(stats::size_class_of(bound) == c);
        if (c + 1 < stats::size_class_count) CHECK(stats::size_class_of(bound + 1) == c + 1);
    }
    random_stream random(2);
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t size = random() >> random.below(64);
        const auto bound = std::lower_bound(stats::size_class_bounds.begin(),
                                            stats::size_class_bounds.end(), size);
        REQUIRE(stats::size_class_of(size) ==
                static_cast<std::size_t>(bound - stats::size_class_bounds.begin()));
    }
}

TEST_CASE("size_class_names_are_distinct") {
    std::set<std::string_view> names;
    for (std::size_t c = 0; c < stats::size_class_count; ++c)
        names.insert(stats::size_class_name(c));
    CHECK(names.size() == stats::size_class_count);
    CHECK(stats::size_class_name(0) == "0");
    CHECK(stats::size_class_name(1) == "1B-4KiB");
    CHECK(stats::size_class_name(stats::size_class_of(64 * kib)) == ">4KiB-64KiB");
    CHECK(stats::size_class_name(stats::size_class_of(mib)) == ">64KiB-1MiB");
    CHECK(stats::size_class_name(stats::size_class_of(~0ULL)) == ">256MiB");
}

TEST_CASE("recorder_success_is_in_all_its_figures") {
    const auto names = make_layout(3, 1);
    recorder r(names);
    stats::sample s = make_sample(1, 8 * kib);
    s.bytes = 5000;
    s.retries = 2;
    r.record(s);
    CHECK(r.ok_count() == 1);
    CHECK(r.ok_bytes() == 5000);

    const totals sum = sum_of(r, names);
    const auto check = [](const figures& f) {
        CHECK(f.ok_count == 1);
        CHECK(f.bytes == 5000);
        CHECK(f.retries == 2);
        CHECK(f.failed_count == 0);
        CHECK(f.response.max() == 1100);
        CHECK(f.service.max() == 1000);
        CHECK(f.send_lag.max() == 100);
        CHECK(f.first_byte.max() == 500);
        for (const auto* h : {&f.response, &f.service, &f.send_lag, &f.first_byte})
            CHECK(h->count() == 1);
        CHECK(f.failed.count() == 0);
        CHECK(f.errors.empty());
    };
    check(sum.by_operation[1]);
    check(sum.by_endpoint[0]);
    REQUIRE(sum.by_size_class[1][2] != nullptr);
    check(*sum.by_size_class[1][2]);
    CHECK(sum.by_operation[0].ok_count == 0);
    for (std::size_t op = 0; op < 3; ++op) {
        for (std::size_t c = 0; c < stats::size_class_count; ++c) {
            CHECK((sum.by_size_class[op][c] != nullptr) == (op == 1 && c == 2));
        }
    }
}

TEST_CASE("recorder_operation_without_a_first_byte_leaves_its_histogram_empty") {
    const auto names = make_layout(1, 1);
    recorder r(names);
    stats::sample s = make_sample(0, 0);
    s.first_byte_ns = 0;
    r.record(s);
    const totals sum = sum_of(r, names);
    CHECK(sum.by_operation[0].first_byte.count() == 0);
    CHECK(sum.by_operation[0].response.count() == 1);
}

TEST_CASE("recorder_clock_that_ran_backwards_counts_as_zero") {
    const auto names = make_layout(1, 1);
    recorder r(names);
    stats::sample s = make_sample(0, 0);
    s.sent_ns = s.intended_ns - 50;
    r.record(s);
    const totals sum = sum_of(r, names);
    CHECK(sum.by_operation[0].send_lag.count() == 1);
    CHECK(sum.by_operation[0].send_lag.max() == 0);
}

TEST_CASE("recorder_failures_touch_no_figure_of_successes") {
    const auto names = make_layout(2, 2);
    recorder pure(names);
    recorder mixed(names);
    for (int i = 0; i < 100; ++i) {
        pure.record(make_sample(0, 4 * kib, 1));
        mixed.record(make_sample(0, 4 * kib, 1));
        mixed.record(make_failure(0, op_status::timeout, 0, "timeout", 1));
    }
    CHECK(mixed.ok_count() == 100);
    CHECK(mixed.ok_bytes() == pure.ok_bytes());
    const totals without = sum_of(pure, names);
    const totals with = sum_of(mixed, names);
    for (auto [a, b] : {std::pair{&without.by_operation[0], &with.by_operation[0]},
                        {&without.by_endpoint[1], &with.by_endpoint[1]}}) {
        CHECK(b->ok_count == a->ok_count);
        CHECK(b->bytes == a->bytes);
        for (auto member :
             {&figures::response, &figures::service, &figures::send_lag, &figures::first_byte}) {
            CHECK((b->*member).encode() == (a->*member).encode());
        }
        CHECK(b->failed_count == 100);
        CHECK(b->failed.count() == 100);
        CHECK(b->failed.max() == 7000);
    }
    check_same(*without.by_size_class[0][1], *with.by_size_class[0][1]);
}

TEST_CASE("recorder_failures_are_kept_apart_by_kind") {
    const auto names = make_layout(2, 1);
    recorder r(names);
    for (int i = 0; i < 3; ++i)
        r.record(make_failure(0, op_status::client_error, 404, "NoSuchKey"));
    r.record(make_failure(0, op_status::client_error, 403, "NoSuchKey"));
    r.record(make_failure(0, op_status::server_error, 404, "NoSuchKey"));
    r.record(make_failure(0, op_status::client_error, 404, "NoSuchBucket"));
    r.record(make_failure(1, op_status::client_error, 404, "NoSuchKey"));
    r.record(make_failure(0, op_status::timeout, 0, {}));

    const totals sum = sum_of(r, names);
    CHECK(sum.by_operation[0].errors.size() == 5);
    CHECK(sum.by_operation[0].failed_count == 7);
    CHECK(error_count(sum.by_operation[0]) == 7);
    CHECK(sum.by_operation[0].errors[0].count == 3);
    CHECK(sum.by_operation[0].errors[0].native == native_code::of_http(404));
    CHECK(sum.by_operation[0].errors[0].example == "an example");
    CHECK(sum.by_operation[1].errors.size() == 1);
    CHECK(error_count(sum.by_endpoint[0]) == 8);
    CHECK(find(sum.by_operation[0], op_status::timeout, "") != nullptr);
}

TEST_CASE("recorder_long_texts_are_cut_and_still_one_kind") {
    const auto names = make_layout(1, 1);
    recorder r(names);
    const std::string code(100, 'c');
    stats::failure f = make_failure(0, op_status::bad_response, 200, code);
    const std::string example(1000, 'e');
    f.example = example;
    r.record(f);
    r.record(f);
    const totals sum = sum_of(r, names);
    REQUIRE(sum.by_operation[0].errors.size() == 1);
    CHECK(sum.by_operation[0].errors[0].code == code.substr(0, 47));
    CHECK(sum.by_operation[0].errors[0].example == example.substr(0, 159));
    CHECK(sum.by_operation[0].errors[0].count == 2);
}

TEST_CASE("recorder_kinds_beyond_its_table_are_other_by_status") {
    const auto names = make_layout(1, 1);
    recorder r(names);
    for (int i = 0; i < 1000; ++i) {
        const auto status = i % 2 == 0 ? op_status::server_error : op_status::client_error;
        r.record(make_failure(0, status, 500, "Code" + std::to_string(i)));
    }
    const totals sum = sum_of(r, names);
    const figures& f = sum.by_operation[0];
    CHECK(f.errors.size() == recorder::error_kinds_max + 2);
    CHECK(error_count(f) == 1000);
    CHECK(f.failed_count == 1000);
    constexpr auto kept = recorder::error_kinds_max / 2;
    REQUIRE(find(f, op_status::server_error, "other") != nullptr);
    CHECK(find(f, op_status::server_error, "other")->count == 500 - kept);
    CHECK(find(f, op_status::server_error, "other")->example == "an example");
    CHECK(find(f, op_status::client_error, "other")->count == 500 - kept);
    // A kind that has its row still finds it.
    r.record(make_failure(0, op_status::server_error, 500, "Code0"));
    CHECK(find(sum_of(r, names).by_operation[0], op_status::server_error, "Code0")->count == 2);
}

TEST_CASE("figures_kinds_of_ever_new_recorders_stay_bounded") {
    const auto names = make_layout(1, 1);
    recorder r(names);
    totals sum(names, 2);
    constexpr int recorders = 100;
    for (int i = 0; i < recorders; ++i) {
        for (int j = 0; j < 30; ++j) {
            r.record(make_failure(0, op_status::client_error, 400, std::to_string(i * 30 + j)));
        }
        r.add_to(sum);
        r.clear();
    }
    const figures& f = sum.by_operation[0];
    CHECK(f.errors.size() <= figures::error_kinds_max + op_status_count);
    CHECK(error_count(f) == recorders * 30);
}

TEST_CASE("recorder_cancelled_operations_are_counted_nowhere") {
    const auto names = make_layout(1, 2);
    recorder r(names);
    stats::failure f = make_failure(0, op_status::cancelled, 0, "cancelled");
    f.retries = 3;
    r.record(f);
    check_same(sum_of(r, names), totals(names, 3));
}

TEST_CASE("recorder_parts_are_in_no_figure_of_operations_and_endpoints") {
    for (const std::size_t endpoints : {1U, 2U}) {
        auto names = make_layout(2, endpoints);
        names.parts = {{"group/op1.first", 1}, {"group/op1.last", 1}};
        recorder r(names);
        for (int i = 0; i < 3; ++i)
            r.record_part(make_sample(1, 0));
        r.record_part(make_failure(0, op_status::slow_down, 503, "SlowDown"));
        r.record_part(make_failure(0, op_status::cancelled, 0, ""));
        CHECK(r.ok_count() == 0);
        CHECK(r.ok_bytes() == 0);
        totals sum = sum_of(r, names);
        sum.add(sum_of(r, names));
        CHECK(sum.by_part[0].ok_count == 0);
        CHECK(sum.by_part[0].failed_count == 2);
        REQUIRE(sum.by_part[0].errors.size() == 1);
        CHECK(sum.by_part[0].errors[0].code == "SlowDown");
        CHECK(sum.by_part[1].ok_count == 6);
        CHECK(sum.by_part[1].service.count() == 6);
        sum.by_part = totals(names, 3).by_part;
        check_same(sum, totals(names, 3));

        r.clear();
        const totals none = sum_of(r, names);
        CHECK(none.by_part[0].failed_count == 0);
        CHECK(none.by_part[1].ok_count == 0);
        CHECK(none.by_part[1].response.count() == 0);
    }
}

TEST_CASE("recorder_skips_are_counted_by_operation") {
    const auto names = make_layout(2, 1);
    recorder r(names);
    r.skip(1);
    r.skip(1);
    const totals sum = sum_of(r, names);
    CHECK(sum.by_operation[0].skipped == 0);
    CHECK(sum.by_operation[1].skipped == 2);
    CHECK(r.ok_count() == 0);
}

TEST_CASE("totals_operation_is_the_sum_over_its_size_classes") {
    const auto names = make_layout(3, 1);
    recorder r(names);
    record_mix(r, 1, 5000, 3, 1);
    const totals sum = sum_of(r, names);
    for (std::size_t op = 0; op < 3; ++op) {
        figures classes;
        for (const auto& f : sum.by_size_class[op]) {
            if (f) classes.add(*f);
        }
        const figures& whole = sum.by_operation[op];
        CHECK(whole.ok_count == classes.ok_count);
        CHECK(whole.bytes == classes.bytes);
        CHECK(whole.response.encode() == classes.response.encode());
        CHECK(whole.service.encode() == classes.service.encode());
        CHECK(whole.send_lag.encode() == classes.send_lag.encode());
        CHECK(whole.first_byte.encode() == classes.first_byte.encode());
    }
}

TEST_CASE("totals_endpoints_add_up_to_the_operations") {
    for (std::uint16_t endpoints : {1, 4}) {
        CAPTURE(endpoints);
        const auto names = make_layout(3, endpoints);
        recorder r(names);
        record_mix(r, 2, 5000, 3, endpoints);
        const totals sum = sum_of(r, names);
        figures operations;
        for (const auto& f : sum.by_operation)
            operations.add(f);
        figures by_endpoint;
        for (const auto& f : sum.by_endpoint)
            by_endpoint.add(f);
        operations.skipped = 0;  // no endpoint is chosen for what is skipped
        check_same(operations, by_endpoint);
        CHECK(operations.ok_count == r.ok_count());
        CHECK(operations.bytes == r.ok_bytes());
    }
}

TEST_CASE("totals_of_many_recorders_equal_one_that_recorded_all") {
    for (int digits : {3, 2}) {
        const auto names = make_layout(4, 3);
        recorder all(names);
        totals by_recorder(names, digits);
        totals by_totals(names, digits);
        recorder core(names);  // reused after clear, as between intervals
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            record_mix(all, seed, 2000, 4, 3);
            record_mix(core, seed, 2000, 4, 3);
            core.add_to(by_recorder);
            by_totals.add(sum_of(core, names, digits));
            core.clear();
            CHECK(core.ok_count() == 0);
            CHECK(core.ok_bytes() == 0);
        }
        const totals whole = sum_of(all, names, digits);
        check_same(by_recorder, whole);
        check_same(by_totals, whole);
    }
}

TEST_CASE("recorder_cleared_adds_nothing") {
    const auto names = make_layout(2, 2);
    recorder r(names);
    record_mix(r, 3, 3000, 2, 2);
    for (int i = 0; i < 100; ++i) {
        r.record(make_failure(0, op_status::io_error, 5, "E" + std::to_string(i)));
    }
    r.clear();
    check_same(sum_of(r, names), totals(names, 3));
}
