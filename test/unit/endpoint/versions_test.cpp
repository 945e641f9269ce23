#include "versions.hpp"

#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

namespace {

void set_versioning(fixture& f, const std::string& status) {
    REQUIRE(
        f.ask("PUT", "/bucket?versioning",
              "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>")
            .status == 200);
}

struct versioned : fixture {
    versioned() {
        REQUIRE(ask("PUT", "/bucket").status == 200);
        set_versioning(*this, "Enabled");
    }

    std::string put(const std::string& key, const std::string& content) {
        const auto done = ask("PUT", "/bucket/" + key, content);
        REQUIRE(done.status == 200);
        return done.field("x-amz-version-id");
    }
    answer get(const std::string& key, const std::string& version) {
        return ask("GET", "/bucket/" + key + "?versionId=" + version);
    }
};

/// "key=version" of each, a delete marker with '!', the latest with '*'; a prefix with '/'.
std::vector<std::string> versions_told(const std::string& xml) {
    std::vector<std::string> out;
    for (std::size_t at = 0;;) {
        const std::size_t version = xml.find("<Version>", at);
        const std::size_t marker = xml.find("<DeleteMarker>", at);
        at = std::min(version, marker);
        if (at == std::string::npos) break;
        const auto element = [&](const std::string& name) {
            const std::size_t from = xml.find('<' + name + '>', at) + name.size() + 2;
            return xml.substr(from, xml.find('<', from) - from);
        };
        out.push_back((at == marker ? "!" : "") + element("Key") + "=" + element("VersionId") +
                      (element("IsLatest") == "true" ? "*" : ""));
        ++at;
    }
    return out;
}

}  // namespace

TEST_CASE("versions_of_a_key_are_kept_until_they_are_deleted_by_id") {
    versioned f;
    CHECK(f.ask("GET", "/bucket?versioning").element("Status") == "Enabled");
    const std::string v1 = f.put("k", "one");
    const std::string v2 = f.put("k", "two");
    CHECK(v1.size() == 32);
    CHECK(v1 != v2);
    CHECK(f.ask("GET", "/bucket/k").text == "two");
    CHECK(f.ask("GET", "/bucket/k").field("x-amz-version-id") == v2);
    CHECK(f.get("k", v1).text == "one");
    CHECK(f.get("k", v1).field("x-amz-version-id") == v1);
    CHECK(f.get("k", std::string(32, 'a')).says("<Code>NoSuchVersion</Code>"));
    CHECK(f.get("k", "null").says("<Code>NoSuchVersion</Code>"));

    const auto hidden = f.ask("DELETE", "/bucket/k");
    CHECK(hidden.status == 204);
    CHECK(hidden.field("x-amz-delete-marker") == "true");
    const std::string marker = hidden.field("x-amz-version-id");
    const auto gone = f.ask("GET", "/bucket/k");
    CHECK(gone.says("<Code>NoSuchKey</Code>"));
    CHECK(gone.field("x-amz-delete-marker") == "true");
    CHECK(gone.field("x-amz-version-id") == marker);
    const auto itself = f.get("k", marker);
    CHECK(itself.status == 405);
    CHECK(itself.says("<Code>MethodNotAllowed</Code>"));
    CHECK(itself.field("Allow") == "DELETE");
    CHECK(f.get("k", v2).text == "two");
    CHECK(f.ask("GET", "/bucket?list-type=2").element("KeyCount") == "0");
    CHECK(versions_told(f.ask("GET", "/bucket?versions").text) ==
          std::vector<std::string>{"!k=" + marker + "*", "k=" + v2, "k=" + v1});
    CHECK(f.ask("DELETE", "/bucket").says("<Code>BucketNotEmpty</Code>"));

    CHECK(f.ask("DELETE", "/bucket/k?versionId=" + marker).field("x-amz-delete-marker") == "true");
    CHECK(f.ask("GET", "/bucket/k").text == "two");
    CHECK(f.ask("DELETE", "/bucket/k?versionId=" + v2).status == 204);
    CHECK(f.ask("GET", "/bucket/k").text == "one");
    CHECK(f.ask("DELETE", "/bucket/k?versionId=" + v2).status == 204);
    CHECK(f.ask("DELETE", "/bucket/k?versionId=" + v1).status == 204);
    CHECK(f.s.objects().figures().objects == 0);
    CHECK(f.s.objects().memory().used() == 0);
    CHECK(f.ask("DELETE", "/bucket").status == 204);
}

TEST_CASE("versions_before_and_after_versioning_are_null") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "before").field("x-amz-version-id").empty());
    CHECK(f.ask("GET", "/bucket/k?versionId=null").text == "before");
    set_versioning(f, "Enabled");
    const std::string v1 = f.ask("PUT", "/bucket/k", "between").field("x-amz-version-id");
    CHECK(f.ask("GET", "/bucket/k?versionId=null").text == "before");
    set_versioning(f, "Suspended");
    CHECK(f.ask("PUT", "/bucket/k", "after").field("x-amz-version-id") == "null");
    CHECK(f.ask("GET", "/bucket/k").text == "after");
    CHECK(versions_told(f.ask("GET", "/bucket?versions").text) ==
          std::vector<std::string>{"k=null*", "k=" + v1});
    // A delete replaces the null version by a null marker, and spares the others.
    CHECK(f.ask("DELETE", "/bucket/k").field("x-amz-version-id") == "null");
    CHECK(versions_told(f.ask("GET", "/bucket?versions").text) ==
          std::vector<std::string>{"!k=null*", "k=" + v1});
    CHECK(f.ask("GET", "/bucket/k?versionId=" + v1).text == "between");
    CHECK(f.ask("DELETE", "/bucket/k?versionId=null").status == 204);
    CHECK(f.ask("GET", "/bucket/k").text == "between");
}

TEST_CASE("versions_decide_conditions_by_the_latest") {
    versioned f;
    const std::string v1 = f.put("k", "one");
    const std::string one = f.etag("/bucket/k");
    f.put("k", "two");
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"If-Match", one}}).status == 412);
    CHECK(f.ask("DELETE", "/bucket/k", "", {{"If-Match", one}}).status == 412);
    CHECK(f.ask("DELETE", "/bucket/k?versionId=" + v1, "", {{"If-Match", "\"no\""}}).status == 412);
    CHECK(versions_told(f.ask("GET", "/bucket?versions").text).size() == 2);
    CHECK(f.ask("DELETE", "/bucket/k").status == 204);
    // Behind a delete marker there is no object.
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"If-Match", one}}).status == 404);
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"If-None-Match", "*"}}).status == 200);
}

TEST_CASE("versions_are_copied_and_deleted_in_bulk_by_id") {
    versioned f;
    const std::string v1 = f.put("k", "one");
    const std::string v2 = f.put("k", "two");
    const auto copied =
        f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/k?versionId=" + v1}});
    CHECK(copied.field("x-amz-copy-source-version-id") == v1);
    CHECK(copied.field("x-amz-version-id").size() == 32);
    CHECK(f.ask("GET", "/bucket/c").text == "one");
    const auto deleted =
        f.ask("POST", "/bucket?delete",
              "<Delete><Object><Key>k</Key><VersionId>" + v1 +
                  "</VersionId></Object><Object><Key>c</Key></Object>"
                  "<Object><Key>k</Key><ETag>no</ETag></Object>"
                  "<Object><Key>k</Key><VersionId>x</VersionId></Object></Delete>");
    CHECK(deleted.says("<Key>k</Key><VersionId>" + v1 + "</VersionId></Deleted>"));
    CHECK(deleted.says("<Key>c</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>"));
    CHECK(deleted.says("<Code>PreconditionFailed</Code>"));
    CHECK(deleted.says("<Code>NoSuchVersion</Code>"));
    CHECK(f.get("k", v1).status == 404);
    CHECK(f.ask("GET", "/bucket/k").text == "two");
    const std::string marker = f.ask("DELETE", "/bucket/k").field("x-amz-version-id");
    CHECK(f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/k?versionId=" + marker}})
              .status == 400);
    CHECK(f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/k"}}).status == 404);
    CHECK(f.get("k", v2).status == 200);
}

TEST_CASE("versions_are_listed_in_pages_of_any_size") {
    versioned f;
    std::vector<std::string> all;
    for (const char* key : {"a", "b/1", "b/2", "c"}) {
        std::vector<std::string> of_key;
        for (int i = 0; i < 3; ++i)
            of_key.push_back(std::string(key) + "=" + f.put(key, "x"));
        of_key.push_back("!" + std::string(key) + "=" +
                         f.ask("DELETE", "/bucket/" + std::string(key)).field("x-amz-version-id"));
        of_key.back() += "*";
        all.insert(all.end(), of_key.rbegin(), of_key.rend());
    }
    const auto pages = [&](const std::string& query, std::vector<std::string>* prefixes) {
        std::vector<std::string> out;
        std::string marker;
        for (int guard = 0; guard < 100; ++guard) {
            const auto page = f.ask("GET", "/bucket?versions" + query + marker);
            REQUIRE(page.status == 200);
            for (const std::string& one : versions_told(page.text))
                out.push_back(one);
            std::size_t at = page.text.find("<CommonPrefixes>");
            if (prefixes != nullptr && at != std::string::npos) prefixes->push_back("b/");
            if (page.element("IsTruncated") != "true") return out;
            marker = "&key-marker=" +
                     http::percent_encode(page.element("NextKeyMarker"), http::slash::keep);
            const std::string version = page.element("NextVersionIdMarker");
            if (!version.empty()) marker += "&version-id-marker=" + version;
        }
        return out;
    };
    for (const char* size : {"1", "2", "3", "5", "16", "1000"}) {
        CAPTURE(size);
        CHECK(pages("&max-keys=" + std::string(size), nullptr) == all);
        std::vector<std::string> prefixes;
        std::vector<std::string> without;
        for (const std::string& one : all) {
            if (one.find("b/") == std::string::npos) without.push_back(one);
        }
        CHECK(pages("&delimiter=%2F&max-keys=" + std::string(size), &prefixes) == without);
        CHECK(prefixes == std::vector<std::string>{"b/"});
    }
    CHECK(pages("&prefix=b%2F2", nullptr) ==
          std::vector<std::string>(all.begin() + 8, all.begin() + 12));
    CHECK(f.ask("GET", "/bucket?versions&max-keys=0").element("IsTruncated") == "false");
}

TEST_CASE("versions_hidden_leave_pages_of_the_listing_full") {
    versioned f;
    for (int i = 0; i < 20; ++i) {
        const std::string key = "k" + std::to_string(i);
        f.put(key, "x");
        if (i != 19 && i != 5) f.ask("DELETE", "/bucket/" + key);
    }
    const auto page = f.ask("GET", "/bucket?list-type=2&max-keys=2");
    CHECK(page.element("KeyCount") == "2");
    CHECK(page.element("IsTruncated") == "false");
}
