// What RGW says of buckets, and what a run does.

#include <doctest/doctest.h>
#include <chopsticks/ceph/beside/buckets.hpp>

#include "../../support/contains.hpp"
#include "ceph/beside/ask_bucket.hpp"

using namespace chopsticks;
using namespace chopsticks::ceph::beside;
using chopsticks::test::contains;

namespace {

/// As RGW 16.2 answers, with what matters.
std::string answer_with(const std::string& usage) {
    return R"({"bucket":"b","num_shards":11,"tenant":"","owner":"bench","usage":)" + usage + "}";
}

std::optional<bucket_state> read(const std::string& text, std::string& problem) {
    return read_bucket(parse_answer(text), "b", problem);
}

watched_bucket bucket_with(std::uint64_t before, std::uint64_t after, std::uint64_t uploads = 0) {
    return {"b", bucket_state{true, "u", before, 0, 0}, bucket_state{true, "u", after, 0, uploads}};
}

stats::leftover left(const char* kind, std::uint64_t count, bool exact = true) {
    return {kind, "s3://b/x/", count, exact, {}};
}

bucket_account account_with(const watched_bucket& of, const std::vector<stats::leftover>& said) {
    return account_of({of}, left_in_buckets_of(said)).value();
}

}  // namespace

TEST_CASE("bucket_is_read_with_its_uploads_and_versions") {
    std::string problem;
    const auto got = read(
        answer_with(
            R"({"rgw.main":{"size":10490760,"num_objects":7},"rgw.multimeta":{"num_objects":1}})"),
        problem);
    REQUIRE(got);
    CHECK(*got == bucket_state{true, "bench", 7, 10490760, 1});
    // Nothing was ever written to it.
    CHECK(read(answer_with("{}"), problem) == bucket_state{true, "bench", 0, 0, 0});
}

TEST_CASE("bucket_that_cannot_be_is_not_believed") {
    for (const char* usage :
         {"[]", "null", "7", R"({"rgw.main":[]})", R"({"rgw.main":{"num_objects":-1}})",
          R"({"rgw.main":{"num_objects":"7"}})", R"({"rgw.main":{"num_objects":1.5}})",
          R"({"rgw.main":{"num_objects":18446744073709551615}})",
          R"({"rgw.main":{"num_objects":1,"size":1e300}})",
          R"({"rgw.multimeta":{"num_objects":18446744073709551613}})"}) {
        std::string problem;
        CHECK_FALSE_MESSAGE(read(answer_with(usage), problem), usage);
        CHECK(problem == "what it counts in the bucket b cannot be");
    }
    for (const char* text : {"", "[]", "<html>", R"({"bucket":"c","usage":{}})", R"(["b"])"}) {
        std::string problem;
        CHECK_FALSE_MESSAGE(read(text, problem), text);
        CHECK(problem == "its answer is not about the bucket b");
    }
}

TEST_CASE("account_agrees_where_the_run_left_what_is_there") {
    CHECK(account_with(bucket_with(0, 0), {}).agrees());
    CHECK(account_with(bucket_with(5, 56), {left("object", 50), left("run mark", 1)}).agrees());
    // What versions and delete markers count as.
    CHECK(account_with(bucket_with(0, 9),
                       {left("object", 3), left("older version", 4), left("delete marker", 8),
                        left("mark version", 2), left("bucket", 1)})
              .agrees());
    // At most so many.
    for (const std::uint64_t n : {0, 6, 10})
        CHECK(account_with(bucket_with(0, n), {left("object version", 10, false)}).agrees());
    CHECK_FALSE(account_with(bucket_with(0, 11), {left("object version", 10, false)}).agrees());
    // The parts of an unfinished upload are objects to RGW.
    CHECK(account_with(bucket_with(0, 13, 2), {left("object", 1), left("unfinished upload", 2)})
              .agrees());
    CHECK_FALSE(
        account_with(bucket_with(0, 13, 3), {left("object", 1), left("unfinished upload", 2)})
            .agrees());
}

TEST_CASE("account_says_what_differs_and_what_that_may_mean") {
    const std::string lost = account_with(bucket_with(0, 40), {left("object", 50)}).sentence();
    CHECK(lost ==
          "RGW counts 40 objects more than before the run in the load's buckets, and the run says "
          "that it left 50 objects: 10 objects are missing (lost, or removed by somebody else)");
    const std::string more = account_with(bucket_with(2, 3), {}).sentence();
    CHECK(contains(more, "RGW counts 1 object more than before the run"));
    CHECK(contains(more, "left nothing: 1 object that it does not know of"));
    const std::string fewer = account_with(bucket_with(9, 3), {}).sentence();
    CHECK(contains(fewer, "6 objects fewer than before the run"));
    CHECK(contains(fewer, "6 objects are missing"));
    const std::string uploads = account_with(bucket_with(0, 0, 4), {}).sentence();
    CHECK(contains(uploads, "as many objects as before the run and 4 unfinished uploads more"));
    CHECK(contains(uploads, ": 4 unfinished uploads that it does not know of"));
}

TEST_CASE("account_of_buckets_is_that_of_all_and_none_where_one_is_not_known") {
    const left_in_buckets nothing_left = left_in_buckets_of({});
    CHECK(account_of({bucket_with(0, 3), bucket_with(3, 0)}, nothing_left)->agrees());
    watched_bucket unknown = bucket_with(0, 0);
    unknown.after.reset();
    CHECK_FALSE(account_of({bucket_with(0, 0), unknown}, nothing_left));
    CHECK(account_json(std::nullopt).is_null());
    CHECK(buckets_json({unknown})[0]["after"].is_null());
}
