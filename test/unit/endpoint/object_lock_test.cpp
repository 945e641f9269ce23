#include "object_lock.hpp"

#include <chopsticks/core/virtual_clock.hpp>

#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;

const s3::name_value bypass{"x-amz-bypass-governance-retention", "true"};

std::string in_hours(int hours) {
    return format_utc(wall_ns() + hours * hour_ns);
}

std::string retention(const std::string& mode, int hours) {
    return "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + in_hours(hours) +
           "</RetainUntilDate></Retention>";
}

std::string hold(const std::string& status) {
    return "<LegalHold><Status>" + status + "</Status></LegalHold>";
}

/// A bucket with locks, on a clock that the test moves.
struct locking : virtual_clock, fixture {
    locking() {
        REQUIRE(ask("PUT", "/bucket", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status ==
                200);
    }

    std::string put(std::vector<s3::name_value> fields) {
        const auto done = ask("PUT", "/bucket/k", "x", std::move(fields));
        REQUIRE(done.status == 200);
        return "/bucket/k?versionId=" + done.field("x-amz-version-id");
    }
    std::string retained(const std::string& mode, int hours) {
        return put({{"x-amz-object-lock-mode", mode},
                    {"x-amz-object-lock-retain-until-date", in_hours(hours)}});
    }
};

}  // namespace

TEST_CASE("lock_keeps_a_version_until_its_time_is_over") {
    locking f;
    const std::string strict = f.retained("COMPLIANCE", 2);
    const std::string loose = f.retained("GOVERNANCE", 2);
    CHECK(f.ask("HEAD", strict).field("x-amz-object-lock-mode") == "COMPLIANCE");
    CHECK(f.ask("HEAD", strict).field("x-amz-object-lock-retain-until-date") == in_hours(2));
    // A marker hides it, and deletes nothing.
    CHECK(f.ask("DELETE", "/bucket/k").status == 204);
    for (const std::string& one : {strict, loose}) {
        CHECK(f.ask("DELETE", one).says("<Code>AccessDenied</Code>"));
        CHECK(f.ask("GET", one).text == "x");
    }
    CHECK(f.ask("DELETE", strict, "", {bypass}).status == 403);
    CHECK(f.ask("DELETE", loose, "", {bypass}).status == 204);
    const auto many =
        f.ask("POST", "/bucket?delete",
              "<Delete><Object><Key>k</Key><VersionId>" + strict.substr(strict.find('=') + 1) +
                  "</VersionId></Object></Delete>");
    CHECK(many.says("<Code>AccessDenied</Code>"));
    f.skip(2 * hour_ns);
    CHECK(f.ask("DELETE", strict).status == 204);
    CHECK(f.ask("GET", strict).status == 404);
}

TEST_CASE("lock_is_only_made_stricter_unless_it_may_be_bypassed") {
    locking f;
    const std::string strict = f.retained("COMPLIANCE", 2) + "&retention";
    CHECK(f.ask("PUT", strict, retention("COMPLIANCE", 1)).status == 403);
    CHECK(f.ask("PUT", strict, retention("GOVERNANCE", 3), {bypass}).status == 403);
    CHECK(f.ask("PUT", strict, "<Retention/>", {bypass}).status == 403);
    CHECK(f.ask("PUT", strict, retention("COMPLIANCE", 3)).status == 200);
    CHECK(f.ask("GET", strict).element("RetainUntilDate") == in_hours(3));
    const std::string loose = f.retained("GOVERNANCE", 2) + "&retention";
    CHECK(f.ask("PUT", loose, retention("GOVERNANCE", 1)).status == 403);
    CHECK(f.ask("PUT", loose, retention("GOVERNANCE", 1), {bypass}).status == 200);
    CHECK(f.ask("PUT", loose, "<Retention/>", {bypass}).status == 200);
    CHECK(f.ask("GET", loose).says("<Code>NoSuchObjectLockConfiguration</Code>"));
    CHECK(f.ask("PUT", loose, retention("GOVERNANCE", -1)).says("<Code>InvalidArgument</Code>"));
    CHECK(f.ask("PUT", loose, retention("NONE", 1)).says("<Code>MalformedXML</Code>"));
}

TEST_CASE("lock_by_legal_hold_has_no_end_but_its_own") {
    locking f;
    const std::string held = f.put({{"x-amz-object-lock-legal-hold", "ON"}});
    f.skip(100'000 * hour_ns);
    CHECK(f.ask("DELETE", held, "", {bypass}).status == 403);
    CHECK(f.ask("GET", held + "&legal-hold").element("Status") == "ON");
    CHECK(f.ask("PUT", held + "&legal-hold", hold("MAYBE")).says("MalformedXML"));
    CHECK(f.ask("PUT", held + "&legal-hold", hold("OFF")).status == 200);
    CHECK(f.ask("HEAD", held).field("x-amz-object-lock-legal-hold") == "OFF");
    CHECK(f.ask("DELETE", held).status == 204);
}

TEST_CASE("lock_of_a_bucket_is_what_its_versions_begin_with") {
    locking f;
    CHECK(f.ask("GET", "/bucket?object-lock").element("ObjectLockEnabled") == "Enabled");
    CHECK(f.ask("PUT", "/bucket?versioning",
                "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")
              .says("<Code>InvalidBucketState</Code>"));
    const auto configure = [&](const std::string& rule) {
        return f.ask("PUT", "/bucket?object-lock",
                     "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                     "<Rule><DefaultRetention>" +
                         rule + "</DefaultRetention></Rule></ObjectLockConfiguration>");
    };
    CHECK(configure("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>").status == 400);
    CHECK(configure("<Mode>GOVERNANCE</Mode><Days>0</Days>").status == 400);
    REQUIRE(configure("<Mode>GOVERNANCE</Mode><Days>1</Days>").status == 200);
    CHECK(f.ask("GET", "/bucket?object-lock").element("Days") == "1");
    const std::string one = f.put({});
    CHECK(f.ask("HEAD", one).field("x-amz-object-lock-retain-until-date") == in_hours(24));
    CHECK(f.ask("DELETE", one).status == 403);
    // What it says itself goes first; a copy is a new version.
    f.retained("COMPLIANCE", 1);
    CHECK(f.ask("HEAD", "/bucket/k").field("x-amz-object-lock-retain-until-date") == in_hours(1));
    REQUIRE(f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/k"}}).status == 200);
    CHECK(f.ask("HEAD", "/bucket/c").field("x-amz-object-lock-mode") == "GOVERNANCE");
    const std::string id = f.ask("POST", "/bucket/u?uploads").element("UploadId");
    const std::string etag =
        f.ask("PUT", "/bucket/u?partNumber=1&uploadId=" + id, "x").field("ETag");
    REQUIRE(f.ask("POST", "/bucket/u?uploadId=" + id,
                  "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                      "</ETag></Part></CompleteMultipartUpload>")
                .status == 200);
    CHECK(f.ask("HEAD", "/bucket/u").field("x-amz-object-lock-mode") == "GOVERNANCE");
    f.skip(24 * hour_ns);
    CHECK(f.ask("DELETE", one).status == 204);
}

TEST_CASE("lock_that_would_not_hold_is_refused") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    CHECK(f.ask("GET", "/bucket?object-lock").status == 404);
    CHECK(f.ask("PUT", "/bucket?object-lock",
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                "</ObjectLockConfiguration>")
              .status == 409);
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"x-amz-object-lock-legal-hold", "ON"}}).status == 400);
    CHECK(f.ask("GET", "/bucket/k").status == 404);
    REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
    CHECK(f.ask("PUT", "/bucket/k?legal-hold", hold("ON")).status == 400);
    CHECK(f.ask("GET", "/bucket/k?retention").status == 400);
    CHECK(f.ask("PUT", "/bucket?retention", "").status == 501);
    REQUIRE(f.ask("PUT", "/locking", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status ==
            200);
    CHECK(f.ask("PUT", "/locking/k", "x", {{"x-amz-object-lock-mode", "COMPLIANCE"}}).status ==
          400);
    CHECK(f.ask("PUT", "/locking/k", "x", {{"x-amz-object-lock-legal-hold", "on"}}).status == 400);
    CHECK(f.ask("GET", "/locking/k").status == 404);
}

TEST_CASE("lock_dates_are_iso_dates") {
    CHECK(parse_iso_date("1970-01-02T00:00:01Z") == 86'401'000'000'000);
    CHECK(parse_iso_date("1970-01-02T00:00:01.250Z") == 86'401'000'000'000);
    CHECK(parse_iso_date("1970-01-02T00:00:01+00:00") == 86'401'000'000'000);
    for (const char* bad :
         {"", "1970-01-02", "1970-01-02T00:00:01", "1970-13-02T00:00:01Z", "1970-01-02T00:00:01.Z",
          "1970-01-02T00:00:01+02:00", "197a-01-02T00:00:01Z"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_iso_date(bad).has_value());
    }
}
