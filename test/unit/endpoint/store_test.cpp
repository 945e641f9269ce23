#include "store.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chopsticks/core/random.hpp>
#include <cstring>
#include <thread>

#include "digest.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

body content_of(memory_pool& pool, std::string_view text) {
    body_sink sink(pool, true);
    sink.expect(text.size());
    while (!text.empty()) {
        const auto to = sink.prepare(text.size());
        std::memcpy(to.data(), text.data(), to.size());
        sink.commit(to.size());
        text.remove_prefix(to.size());
    }
    return sink.finish();
}

std::shared_ptr<object> made(store& s, std::string key, std::string_view text) {
    auto o = std::make_shared<object>();
    o->key = std::move(key);
    o->content = content_of(s.memory(), text);
    o->etag = to_hex(digest_of(digest_kind::md5, text));
    return o;
}

std::string text(const object& o) {
    std::string out;
    for (const slice& s : o.content.slices)
        out.append(s.data, s.size);
    return out;
}

std::shared_ptr<bucket> new_bucket(store& s) {
    REQUIRE(s.create({"bucket", "me", 1}) == s3_code::none);
    return s.find("bucket");
}

std::shared_ptr<upload> new_upload(bucket& b, std::string id) {
    auto u = std::make_shared<upload>();
    u->id = std::move(id);
    u->begun.key = "key";
    REQUIRE(b.add(u) == s3_code::none);
    return u;
}

void add_part(store& s, upload& u, int number, std::string_view text) {
    part p;
    p.content = content_of(s.memory(), text);
    p.etag = to_hex(digest_of(digest_kind::md5, text));
    u.parts[number] = std::move(p);
}

}  // namespace

TEST_CASE("store_bucket_lives_once_and_dies_empty") {
    store s(1 << 20);
    CHECK(s.create({"no", "me", 1}) == s3_code::invalid_bucket_name);
    const auto b = new_bucket(s);
    CHECK(s.create({"bucket", "me", 1}) == s3_code::bucket_already_owned_by_you);
    CHECK(s.create({"bucket", "you", 1}) == s3_code::bucket_already_exists);
    REQUIRE(b->put(made(s, "k", "v"), {}, false) == s3_code::none);
    CHECK(s.remove("bucket") == s3_code::bucket_not_empty);
    CHECK(b->remove("k", {"", "other"}).code == s3_code::precondition_failed);
    REQUIRE(b->get("k") != nullptr);
    CHECK(b->remove("k", {"", b->get("k")->etag}).code == s3_code::none);
    CHECK(b->get("k") == nullptr);
    CHECK(b->remove("k").code == s3_code::none);
    CHECK(b->remove("k", {"", "*"}).code == s3_code::nothing_to_match);
    CHECK(s.remove("bucket") == s3_code::none);
    CHECK(s.remove("bucket") == s3_code::no_such_bucket);
    // Who still holds it cannot put into the void.
    CHECK(b->put(made(s, "k", "v"), {}, false) == s3_code::no_such_bucket);
    CHECK(s.figures().objects == 0);
    CHECK(s.figures().buckets == 0);
}

TEST_CASE("bucket_names_follow_the_rules") {
    for (const char* good : {"abc", "a-b.c-d", "123", "a.b.c", "1.2.3.4x"}) {
        CHECK(valid_bucket_name(good));
    }
    for (const char* bad : {"", "ab", "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "a.-b",
                            "a-.b", "192.168.1.1", "a b",
                            "\xc3\xa4"
                            "bc"}) {
        CAPTURE(bad);
        CHECK_FALSE(valid_bucket_name(bad));
    }
    CHECK(valid_bucket_name(std::string(63, 'a')));
    CHECK_FALSE(valid_bucket_name(std::string(64, 'a')));
}

TEST_CASE("object_in_use_survives_its_deletion_and_its_memory_goes_with_it") {
    store s(1 << 20);
    const auto b = new_bucket(s);
    REQUIRE(b->put(made(s, "k", "first"), {}, false) == s3_code::none);
    auto held = b->get("k");
    REQUIRE(b->put(made(s, "k", "second"), {}, false) == s3_code::none);
    CHECK(text(*held) == "first");
    CHECK(text(*b->get("k")) == "second");
    CHECK(s.memory().used() == 11);
    CHECK(s.figures().object_bytes == 6);
    CHECK(b->remove("k").code == s3_code::none);
    CHECK(b->get("k") == nullptr);
    CHECK(text(*held) == "first");
    CHECK(s.memory().used() == 5);
    held = nullptr;
    CHECK(s.memory().used() == 0);
    CHECK(s.figures().object_bytes == 0);
}

TEST_CASE("object_versions_before_are_kept_one_deep_on_demand") {
    store s(1 << 20);
    const auto b = new_bucket(s);
    for (const char* version : {"one", "two", "three"}) {
        REQUIRE(b->put(made(s, "k", version), {}, true) == s3_code::none);
    }
    const auto now = b->get("k");
    REQUIRE(now->previous != nullptr);
    CHECK(text(*now->previous) == "two");
    CHECK(now->previous->previous == nullptr);
    CHECK(s.memory().used() == 8);
}

TEST_CASE("put_conditions_decide_against_the_current_version") {
    store s(1 << 20);
    const auto b = new_bucket(s);
    const put_condition only_new{"", "*"};
    const put_condition only_known{"*", ""};
    CHECK(b->put(made(s, "k", "1"), only_known, false) == s3_code::nothing_to_match);
    CHECK(b->put(made(s, "k", "1"), only_new, false) == s3_code::none);
    CHECK(b->put(made(s, "k", "2"), only_new, false) == s3_code::precondition_failed);
    CHECK(b->put(made(s, "k", "2"), only_known, false) == s3_code::none);
    const put_condition of_two{b->get("k")->etag, ""};
    CHECK(b->put(made(s, "k", "3"), of_two, false) == s3_code::none);
    CHECK(b->put(made(s, "k", "4"), of_two, false) == s3_code::precondition_failed);
    CHECK(text(*b->get("k")) == "3");
}

TEST_CASE("bucket_listing_follows_puts_and_deletes") {
    store s(1 << 20);
    const auto b = new_bucket(s);
    for (const char* key : {"b", "a/2", "a/1", "c"}) {
        REQUIRE(b->put(made(s, key, key), {}, false) == s3_code::none);
    }
    b->remove("b");
    list_query query;
    query.delimiter = "/";
    const list_page page = b->list(query);
    REQUIRE(page.objects.size() == 1);
    CHECK(page.objects[0]->key == "c");
    CHECK(page.prefixes == std::vector<std::string>{"a/"});
    CHECK_FALSE(page.next.has_value());
}

TEST_CASE("upload_completion_checks_its_parts") {
    store s(64 << 20);
    const auto b = new_bucket(s);
    const auto u = new_upload(*b, "id");
    const std::string big(upload::part_bytes_min, 'x');
    add_part(s, *u, 1, big);
    add_part(s, *u, 2, "end");
    const std::string e1 = u->parts[1].etag;
    const std::string e2 = u->parts[2].etag;
    completed_upload done;
    const auto complete = [&](std::vector<part_claim> claims) {
        completion wanted;
        wanted.parts = std::move(claims);
        return b->complete(u, wanted, {}, false, 5, done).code;
    };
    CHECK(complete({}) == s3_code::malformed_xml);
    CHECK(complete({{2, e2}, {1, e1}}) == s3_code::invalid_part_order);
    CHECK(complete({{1, e1}, {1, e1}}) == s3_code::invalid_part_order);
    CHECK(complete({{1, e2}}) == s3_code::invalid_part);
    CHECK(complete({{1, e1}, {3, e1}}) == s3_code::invalid_part);
    CHECK(b->uploads().find("id", "key") == u);
    CHECK(b->uploads().find("id", "other") == nullptr);
    CHECK(complete({{1, e1}, {2, e2}}) == s3_code::none);
    CHECK(complete({{1, e1}, {2, e2}}) == s3_code::no_such_upload);
    CHECK(b->uploads().find("id", "key") == nullptr);
    CHECK(s.figures().uploads == 0);
    const auto o = b->get("key");
    REQUIRE(o != nullptr);
    CHECK(text(*o) == big + "end");
    CHECK(o->etag == done.etag);
    const std::string raw = from_hex(e1).value() + from_hex(e2).value();
    CHECK(done.etag == to_hex(digest_of(digest_kind::md5, raw)) + "-2");

    const auto small = new_upload(*b, "small");
    add_part(s, *small, 1, "a");
    add_part(s, *small, 2, "b");
    completion both;
    both.parts = {{1, small->parts[1].etag}, {2, small->parts[2].etag}};
    CHECK(b->complete(small, both, {}, false, 5, done).code == s3_code::entity_too_small);
    CHECK(b->abort(*small));
    CHECK_FALSE(b->abort(*small));
}

TEST_CASE("store_used_by_threads_keeps_its_counts") {
    store s(64 << 20);
    const auto b = new_bucket(s);
    constexpr int threads = 4;
    constexpr int keys = 50;
    std::atomic<int> wrong{0};
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            random_stream random(static_cast<std::uint64_t>(t));
            for (int i = 0; i < 4000; ++i) {
                const std::string key = "k" + std::to_string(random.below(keys));
                switch (random.below(4)) {
                    case 0:
                        b->remove(key);
                        break;
                    case 1: {
                        const auto o = b->get(key);
                        if (o && !text(*o).starts_with(key + " ")) ++wrong;
                        break;
                    }
                    case 2: {
                        list_query query;
                        query.max_keys = 10;
                        const list_page page = b->list(query);
                        for (std::size_t n = 1; n < page.objects.size(); ++n) {
                            if (page.objects[n - 1]->key >= page.objects[n]->key) ++wrong;
                        }
                        break;
                    }
                    default:
                        if (b->put(made(s, key, key + " " + std::to_string(i)), {}, false) !=
                            s3_code::none) {
                            ++wrong;
                        }
                }
            }
        });
    }
    for (std::thread& t : running)
        t.join();
    CHECK(wrong == 0);
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    for (int i = 0; i < keys; ++i) {
        const auto o = b->get("k" + std::to_string(i));
        if (!o) continue;
        ++objects;
        bytes += o->content.size;
    }
    CHECK(b->list({}).objects.size() == objects);
    CHECK(s.figures().objects == objects);
    CHECK(s.figures().object_bytes == bytes);
    CHECK(s.memory().used() == bytes);
    for (int i = 0; i < keys; ++i)
        b->remove("k" + std::to_string(i));
    CHECK(s.memory().used() == 0);
    CHECK(s.remove("bucket") == s3_code::none);
}
