// Who may do what: lists, ownership, the block of public access, and requests that nobody signs.

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

struct users : two_users {
    users() { REQUIRE(ask("PUT", "/bucket").status == 200); }

    int status(const char* method, const std::string& target, std::string body = {},
               std::vector<s3::name_value> more = {}) {
        return ask(method, target, std::move(body), std::move(more)).status;
    }
    void set(const std::string& target, const std::string& canned) {
        owner();
        REQUIRE(status("PUT", target + "?acl", "", {{"x-amz-acl", canned}}) == 200);
    }
};

std::string policy_of(const std::string& owner, const std::string& grants) {
    return "<AccessControlPolicy><Owner><ID>" + owner + "</ID></Owner><AccessControlList>" +
           grants + "</AccessControlList></AccessControlPolicy>";
}

std::string grant_to(const std::string& id, const std::string& what) {
    return "<Grant><Grantee><ID>" + id + "</ID></Grantee><Permission>" + what +
           "</Permission></Grant>";
}

}  // namespace

TEST_CASE("access_without_a_signature_is_refused_where_nothing_is_public") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x") == 200);
    f.stranger();
    CHECK(f.ask("GET", "/bucket/k").says("<Code>AccessDenied</Code>"));
    CHECK(f.status("PUT", "/bucket/k", "y") == 403);
    CHECK(f.status("DELETE", "/bucket/k") == 403);
    CHECK(f.status("GET", "/bucket") == 403);
    CHECK(f.status("GET", "/bucket?acl") == 403);
    CHECK(f.status("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read"}}) == 403);
    CHECK(f.status("DELETE", "/bucket") == 403);
    CHECK(f.status("PUT", "/another") == 403);
    CHECK(f.status("GET", "/") == 403);
    f.owner();
    CHECK(f.ask("GET", "/bucket/k").text == "x");
}

TEST_CASE("access_canned_lists_open_what_their_names_say") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x") == 200);
    SUBCASE("public-read of a bucket: listing, and no more") {
        f.set("/bucket", "public-read");
        f.stranger();
        CHECK(f.status("GET", "/bucket?list-type=2") == 200);
        CHECK(f.status("HEAD", "/bucket") == 200);
        CHECK(f.status("GET", "/bucket/k") == 403);
        CHECK(f.status("GET", "/bucket/none") == 404);
        CHECK(f.status("PUT", "/bucket/n", "y") == 403);
    }
    SUBCASE("public-read-write of a bucket") {
        f.set("/bucket", "public-read-write");
        f.stranger();
        REQUIRE(f.status("PUT", "/bucket/n", "y") == 200);
        CHECK(f.status("DELETE", "/bucket/k") == 204);
        f.owner();
        // The writer owns it, and it is not told who that was.
        CHECK(f.status("GET", "/bucket/n") == 403);
        CHECK(f.status("DELETE", "/bucket/n") == 204);
    }
    SUBCASE("public-read of an object") {
        f.set("/bucket/k", "public-read");
        f.stranger();
        CHECK(f.ask("GET", "/bucket/k").text == "x");
        CHECK(f.status("GET", "/bucket/k?acl") == 403);
        CHECK(f.status("GET", "/bucket") == 403);
        // Who may not list is not told what is missing.
        CHECK(f.status("GET", "/bucket/none") == 403);
    }
    SUBCASE("authenticated-read of an object") {
        f.set("/bucket/k", "authenticated-read");
        f.stranger();
        CHECK(f.status("GET", "/bucket/k") == 403);
        f.other();
        CHECK(f.ask("GET", "/bucket/k").text == "x");
        CHECK(f.status("PUT", "/bucket/k", "y") == 403);
    }
    SUBCASE("a list that comes with a put, and goes with the next one") {
        REQUIRE(f.status("PUT", "/bucket/k", "z", {{"x-amz-acl", "public-read"}}) == 200);
        f.stranger();
        CHECK(f.status("GET", "/bucket/k") == 200);
        f.owner();
        REQUIRE(f.status("PUT", "/bucket/k", "z") == 200);
        f.stranger();
        CHECK(f.status("GET", "/bucket/k") == 403);
    }
    SUBCASE("back to private") {
        f.set("/bucket", "public-read-write");
        f.set("/bucket", "private");
        f.stranger();
        CHECK(f.status("GET", "/bucket") == 403);
    }
}

TEST_CASE("access_lists_grant_each_permission_by_itself") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x") == 200);
    struct row {
        const char* permission;
        bool reads, writes, reads_acl, writes_acl;
    };
    for (const row& r :
         {row{"READ", true, false, false, false}, row{"WRITE", false, true, false, false},
          row{"READ_ACP", false, false, true, false}, row{"WRITE_ACP", false, false, false, true},
          row{"FULL_CONTROL", true, true, true, true}}) {
        CAPTURE(r.permission);
        f.owner();
        const std::string list = policy_of(
            "chopsticks", grant_to("other", r.permission) + grant_to("chopsticks", "FULL_CONTROL"));
        REQUIRE(f.status("PUT", "/bucket?acl", list) == 200);
        f.other();
        CHECK((f.status("GET", "/bucket") == 200) == r.reads);
        CHECK((f.status("PUT", "/bucket/o", "y") == 200) == r.writes);
        CHECK((f.status("GET", "/bucket?acl") == 200) == r.reads_acl);
        CHECK((f.status("PUT", "/bucket?acl", list) == 200) == r.writes_acl);
        CHECK(f.status("GET", "/bucket?versioning") == 403);
        CHECK(f.status("GET", "/bucket/k") == 403);
    }
}

TEST_CASE("access_of_headers_is_told_as_it_was_granted") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x",
                     {{"x-amz-grant-read", "id=\"other\", uri=\"" + std::string(all_users) + "\""},
                      {"x-amz-grant-full-control", "id=chopsticks"}}) == 200);
    const auto told = f.ask("GET", "/bucket/k?acl");
    CHECK(told.says("xsi:type=\"Group\"><URI>" + std::string(all_users) + "</URI>"));
    CHECK(told.says("<ID>other</ID>"));
    CHECK(told.says("<Permission>FULL_CONTROL</Permission>"));
    // As it is told it can be set again.
    CHECK(f.status("PUT", "/bucket/k?acl", told.text) == 200);
    f.stranger();
    CHECK(f.status("GET", "/bucket/k") == 200);
}

TEST_CASE("access_that_cannot_be_granted_is_refused_with_its_code") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x") == 200);
    const auto refused = [&](std::string body, std::vector<s3::name_value> more, int status,
                             const std::string& code) {
        CAPTURE(code);
        const auto got = f.ask("PUT", "/bucket/k?acl", std::move(body), std::move(more));
        CHECK(got.status == status);
        CHECK(got.says("<Code>" + code + "</Code>"));
    };
    refused("", {{"x-amz-acl", "public"}}, 400, "InvalidArgument");
    refused("", {{"x-amz-acl", "log-delivery-write"}}, 501, "NotImplemented");
    refused("", {{"x-amz-acl", "private"}, {"x-amz-grant-read", "id=other"}}, 400,
            "InvalidRequest");
    refused("", {{"x-amz-grant-read", "id=whoever"}}, 400, "InvalidArgument");
    refused("", {{"x-amz-grant-read", "other"}}, 400, "InvalidArgument");
    refused("", {{"x-amz-grant-read", "emailAddress=a@example.com"}}, 400,
            "UnresolvableGrantByEmailAddress");
    refused(policy_of("chopsticks", grant_to("whoever", "READ")), {}, 400, "InvalidArgument");
    refused(policy_of("chopsticks", grant_to("other", "OWN")), {}, 400, "MalformedXML");
    refused(policy_of("other", grant_to("other", "READ")), {}, 403, "AccessDenied");
    refused("", {}, 400, "MalformedXML");
    CHECK(f.ask("GET", "/bucket/k?acl").says("<ID>chopsticks</ID>"));
}

TEST_CASE("access_of_a_bucket_whose_owner_owns_all_has_no_lists") {
    users f;
    CHECK(f.ask("GET", "/bucket?ownershipControls").says("ObjectWriter"));
    REQUIRE(f.status("PUT", "/mine", "", {{"x-amz-object-ownership", "BucketOwnerEnforced"}}) ==
            200);
    CHECK(f.ask("GET", "/mine?ownershipControls").says("BucketOwnerEnforced"));
    REQUIRE(f.status("PUT", "/mine/k", "x", {{"x-amz-acl", "bucket-owner-full-control"}}) == 200);
    CHECK(f.ask("PUT", "/mine/k", "x", {{"x-amz-acl", "public-read"}})
              .says("<Code>AccessControlListNotSupported</Code>"));
    CHECK(f.status("PUT", "/mine?acl", "", {{"x-amz-acl", "public-read"}}) == 400);
    CHECK(f.ask("PUT", "/theirs", "",
                {{"x-amz-object-ownership", "BucketOwnerEnforced"}, {"x-amz-acl", "public-read"}})
              .says("<Code>InvalidBucketAclWithObjectOwnership</Code>"));
    CHECK(f.status("HEAD", "/theirs") == 404);
    CHECK(f.status("PUT", "/theirs", "", {{"x-amz-object-ownership", "Nobody"}}) == 400);

    // What was granted before stops to count.
    f.set("/bucket", "public-read-write");
    f.other();
    REQUIRE(f.status("PUT", "/bucket/o", "y", {{"x-amz-acl", "public-read"}}) == 200);
    f.set("/bucket", "private");
    CHECK(f.status("GET", "/bucket/o") == 200);  // public
    const std::string enforced =
        "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
        "</OwnershipControls>";
    REQUIRE(f.status("PUT", "/bucket?ownershipControls", enforced) == 200);
    CHECK(f.ask("GET", "/bucket/o").text == "y");
    CHECK(f.ask("GET", "/bucket?versions").says("<ID>chopsticks</ID>"));
    f.other();
    CHECK(f.status("GET", "/bucket/o") == 403);
    f.owner();
    CHECK(f.status("DELETE", "/bucket?ownershipControls") == 204);
    CHECK(f.ask("GET", "/bucket?ownershipControls").says("ObjectWriter"));
    CHECK(f.ask("GET", "/bucket?versions").says("<ID>other</ID>"));
    f.set("/bucket", "public-read");
    CHECK(f.ask("PUT", "/bucket?ownershipControls", enforced)
              .says("<Code>InvalidBucketAclWithObjectOwnership</Code>"));
}

TEST_CASE("access_handed_over_makes_an_object_the_bucket_owners") {
    users f;
    REQUIRE(f.status("PUT", "/shared", "",
                     {{"x-amz-object-ownership", "BucketOwnerPreferred"},
                      {"x-amz-acl", "public-read-write"}}) == 200);
    f.other();
    REQUIRE(f.status("PUT", "/shared/kept", "x") == 200);
    REQUIRE(f.status("PUT", "/shared/given", "x", {{"x-amz-acl", "bucket-owner-full-control"}}) ==
            200);
    f.owner();
    CHECK(f.status("GET", "/shared/kept") == 403);
    CHECK(f.status("GET", "/shared/given") == 200);
    CHECK(f.ask("GET", "/shared/given?acl").element("ID") == "chopsticks");
}

TEST_CASE("access_that_is_blocked_is_not_public") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}}) == 200);
    CHECK(f.ask("GET", "/bucket?publicAccessBlock")
              .says("<Code>NoSuchPublicAccessBlockConfiguration</Code>"));
    const auto block = [&](const std::string& what) {
        return f.status("PUT", "/bucket?publicAccessBlock",
                        "<PublicAccessBlockConfiguration><" + what + ">true</" + what +
                            "></PublicAccessBlockConfiguration>");
    };
    REQUIRE(block("BlockPublicAcls") == 200);
    CHECK(f.ask("GET", "/bucket?publicAccessBlock").element("BlockPublicAcls") == "true");
    CHECK(f.ask("GET", "/bucket?publicAccessBlock").element("IgnorePublicAcls") == "false");
    CHECK(f.status("PUT", "/bucket/n", "x", {{"x-amz-acl", "public-read"}}) == 403);
    CHECK(f.status("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read"}}) == 403);
    CHECK(f.status("PUT", "/bucket?acl", "", {{"x-amz-acl", "private"}}) == 200);
    f.stranger();
    CHECK(f.status("GET", "/bucket/k") == 200);
    f.owner();
    REQUIRE(block("IgnorePublicAcls") == 200);
    f.stranger();
    CHECK(f.status("GET", "/bucket/k") == 403);
    f.owner();
    CHECK(f.status("DELETE", "/bucket?publicAccessBlock") == 204);
    CHECK(f.status("PUT", "/bucket?publicAccessBlock", "<X/>") == 400);
    f.stranger();
    CHECK(f.status("GET", "/bucket/k") == 200);
}

TEST_CASE("access_to_versions_is_the_bucket_owners") {
    users f;
    REQUIRE(f.status("PUT", "/bucket?versioning",
                     "<VersioningConfiguration><Status>Enabled</Status>"
                     "</VersioningConfiguration>") == 200);
    f.set("/bucket", "public-read-write");
    const std::string version = f.ask("PUT", "/bucket/k", "x").field("x-amz-version-id");
    f.other();
    CHECK(f.status("DELETE", "/bucket/k?versionId=" + version) == 403);
    const auto many = f.ask("POST", "/bucket?delete",
                            "<Delete><Object><Key>k</Key><VersionId>" + version +
                                "</VersionId></Object><Object><Key>k</Key></Object></Delete>");
    CHECK(many.says("<Code>AccessDenied</Code>"));
    CHECK(many.says("<DeleteMarker>true</DeleteMarker>"));
    f.owner();
    CHECK(f.ask("GET", "/bucket/k?versionId=" + version).text == "x");
    CHECK(f.status("DELETE", "/bucket/k?versionId=" + version) == 204);
}

TEST_CASE("access_to_the_source_decides_of_a_copy") {
    users f;
    REQUIRE(f.status("PUT", "/bucket/k", "x") == 200);
    f.other();
    REQUIRE(f.status("PUT", "/theirs") == 200);
    const std::vector<s3::name_value> source{{"x-amz-copy-source", "bucket/k"}};
    CHECK(f.status("PUT", "/theirs/c", "", source) == 403);
    f.set("/bucket/k", "authenticated-read");
    f.other();
    CHECK(f.status("PUT", "/theirs/c", "", source) == 200);
    CHECK(f.ask("GET", "/theirs/c").text == "x");
    // Lists are not copied.
    f.owner();
    CHECK(f.status("GET", "/theirs/c") == 403);
}

}  // namespace chopsticks::endpoint::testing
