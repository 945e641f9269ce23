#include <doctest/doctest.h>
#include <sys/uio.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/content.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

using chopsticks::random_stream;
using chopsticks::load::content;
using chopsticks::load::content_key;
using chopsticks::load::stamp;

std::string filled(const content& c, content_key key, std::uint64_t offset, std::size_t length) {
    std::string bytes(length, '\0');
    c.fill(key, offset, bytes);
    return bytes;
}

// What the kernel would send.
std::string gathered(const content& c, content_key key, std::uint64_t offset,
                     std::uint64_t length) {
    std::vector<iovec> pieces(content::iovecs_for(length));
    std::vector<stamp> stamps(content::stamps_for(length));
    const auto [iovecs, bytes] = c.gather(key, offset, length, pieces, stamps);
    REQUIRE(bytes == length);
    std::string out;
    for (const iovec& piece : std::span(pieces).first(iovecs)) {
        REQUIRE(piece.iov_len > 0);
        out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return out;
}

double zlib_ratio(const std::string& bytes) {
    uLongf size = compressBound(bytes.size());
    std::string out(size, '\0');
    REQUIRE(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                      reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 6) == Z_OK);
    return static_cast<double>(bytes.size()) / static_cast<double>(size);
}

}  // namespace

TEST_CASE("content_is_a_function_of_seed_object_version_and_offset") {
    const content a(1, 1);
    const content again(1, 1);
    const content other_seed(2, 1);
    const std::string bytes = filled(a, {7, 3}, 0, 10'000);
    CHECK(filled(again, {7, 3}, 0, 10'000) == bytes);
    CHECK(filled(a, {7, 3}, 1234, 5000) == bytes.substr(1234, 5000));
    CHECK(filled(a, {8, 3}, 0, 10'000) != bytes);
    CHECK(filled(a, {7, 4}, 0, 10'000) != bytes);
    CHECK(filled(other_seed, {7, 3}, 0, 10'000) != bytes);
}

TEST_CASE("content_of_a_seed_is_the_same_in_every_release") {
    // Kept data sets outlive a release: whoever changes the bytes must mean to. FNV-1a of two
    // chunks and a bit, with and without zeros.
    const auto hash = [](const std::string& bytes) {
        std::uint64_t h = 0xcbf29ce484222325;
        for (char c : bytes)
            h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        return h;
    };
    CHECK(hash(filled(content(42, 1), {1000, 1}, 0, 8500)) == 0xf10726d5d82d4d3);
    CHECK(hash(filled(content(42, 2), {1000, 1}, 0, 8500)) == 0xea34e99c5bc188b9);
}

TEST_CASE("content_gathered_equals_content_filled") {
    random_stream random(5);
    for (double ratio : {1.0, 1.5, 4.0, content::max_compression_ratio}) {
        CAPTURE(ratio);
        const content c(9, ratio);
        for (int i = 0; i < 500; ++i) {
            const content_key key{random(), static_cast<std::uint32_t>(random())};
            // Near the beginning, where the edges of chunks are hit often, and far out in the
            // object.
            const std::uint64_t offset = random.below(2) ? random.below(9000) : random() >> 20;
            const std::size_t length = random.below(random.below(2) ? 100 : 30'000);
            REQUIRE(gathered(c, key, offset, length) == filled(c, key, offset, length));
        }
    }
}

TEST_CASE("content_around_the_edges_of_a_chunk_is_cut_right") {
    for (double ratio : {1.0, 2.0}) {
        const content c(3, ratio);
        const std::string whole = filled(c, {5, 1}, 0, 3 * content::chunk_bytes);
        for (std::uint64_t offset :
             {0, 1, 31, 32, 33, 2047, 2048, 2049, 4095, 4096, 4097, 4127, 4128}) {
            for (std::size_t length :
                 {0, 1, 31, 32, 33, 64, 2016, 4063, 4064, 4065, 4096, 4097, 8000}) {
                CAPTURE(offset);
                CAPTURE(length);
                REQUIRE(filled(c, {5, 1}, offset, length) == whole.substr(offset, length));
                REQUIRE(gathered(c, {5, 1}, offset, length) == whole.substr(offset, length));
            }
        }
    }
}

TEST_CASE("content_gathered_in_steps_of_few_pieces_loses_nothing") {
    random_stream random(6);
    for (double ratio : {1.0, 3.0}) {
        const content c(11, ratio);
        const content_key key{77, 1};
        const std::string whole = filled(c, key, 500, 100'000);
        for (std::size_t slots : {1, 2, 3, 5, 64}) {
            for (std::size_t stamp_slots : {1, 2, 7}) {
                std::string sent;
                while (sent.size() < whole.size()) {
                    std::vector<iovec> pieces(slots);
                    std::vector<stamp> stamps(stamp_slots);
                    const auto [iovecs, bytes] = c.gather(
                        key, 500 + sent.size(), whole.size() - sent.size(), pieces, stamps);
                    REQUIRE(bytes > 0);
                    REQUIRE(iovecs <= slots);
                    const std::size_t before = sent.size();
                    for (std::size_t i = 0; i < iovecs; ++i) {
                        sent.append(static_cast<const char*>(pieces[i].iov_base),
                                    pieces[i].iov_len);
                    }
                    REQUIRE(sent.size() - before == bytes);
                    // As after a short write: go on in the middle of what was covered.
                    if (bytes > 1) sent.resize(before + 1 + random.below(bytes));
                }
                REQUIRE(sent == whole);
            }
        }
    }
}

TEST_CASE("content_gathered_without_room_covers_nothing") {
    const content c(1, 1);
    std::array<iovec, 4> pieces;
    std::array<stamp, 4> stamps;
    CHECK(c.gather({}, 0, 100, {}, stamps).bytes == 0);
    CHECK(c.gather({}, 0, 100, pieces, {}).bytes == 0);
    CHECK(c.gather({}, 0, 0, pieces, stamps).iovecs == 0);
    // Inside of a slice no stamp is needed.
    CHECK(c.gather({}, 32, 100, pieces, {}).bytes == 100);
}

TEST_CASE("content_incompressible_takes_two_pieces_a_chunk") {
    const content c(1, 1);
    std::vector<iovec> pieces(64);
    std::vector<stamp> stamps(64);
    const auto [iovecs, bytes] = c.gather({4, 1}, 0, 10 * content::chunk_bytes, pieces, stamps);
    CHECK(iovecs == 20);
    CHECK(bytes == 10 * content::chunk_bytes);
    for (std::size_t i = 1; i < iovecs; i += 2) {
        CHECK(reinterpret_cast<std::uintptr_t>(pieces[i].iov_base) % 64 == 0);
    }
}

TEST_CASE("content_received_as_sent_has_no_mismatch") {
    random_stream random(8);
    for (double ratio : {1.0, 2.5}) {
        const content c(10, ratio);
        for (int i = 0; i < 200; ++i) {
            const content_key key{random(), 1};
            const std::uint64_t offset = random.below(20'000);
            const std::string bytes = filled(c, key, offset, random.below(20'000));
            REQUIRE(c.mismatch(key, offset, bytes) == content::npos);
        }
    }
}

TEST_CASE("content_mismatch_finds_every_flipped_byte") {
    for (double ratio : {1.0, 2.0}) {
        const content c(10, ratio);
        std::string bytes = filled(c, {3, 2}, 100, 2 * content::chunk_bytes);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            const char flip = static_cast<char>(1 << at % 8);
            bytes[at] = static_cast<char>(bytes[at] ^ flip);
            REQUIRE(c.mismatch({3, 2}, 100, bytes) == at);
            bytes[at] = static_cast<char>(bytes[at] ^ flip);
        }
        CHECK(c.mismatch({3, 2}, 100, bytes) == content::npos);
    }
}

TEST_CASE("content_mismatch_names_the_first_of_many") {
    const content c(10, 1);
    std::string bytes = filled(c, {3, 2}, 0, 50'000);
    for (std::size_t at : {40'000U, 30'000U, 12'345U, 17U}) {
        bytes[at] = static_cast<char>(~bytes[at]);
        CHECK(c.mismatch({3, 2}, 0, bytes) == at);
    }
}

TEST_CASE("content_mismatch_finds_what_stores_do_wrong") {
    const content c(10, 1);
    constexpr std::size_t size = 5 * content::chunk_bytes;
    const std::string right = filled(c, {1000, 5}, 0, size);
    const auto first = [&](const std::string& got) { return c.mismatch({1000, 5}, 0, got); };
    SUBCASE("stale version") {
        CHECK(first(filled(c, {1000, 4}, 0, size)) < 8);
    }
    SUBCASE("another object") {
        CHECK(first(filled(c, {1001, 5}, 0, size)) < 8);
    }
    SUBCASE("another run") {
        CHECK(first(filled(content(11, 1), {1000, 5}, 0, size)) < 8);
    }
    SUBCASE("shifted by a byte") {
        CHECK(first(filled(c, {1000, 5}, 1, size)) < 8);
    }
    SUBCASE("shifted by a chunk") {
        CHECK(first(filled(c, {1000, 5}, content::chunk_bytes, size)) < 8);
    }
    SUBCASE("swapped chunks") {
        std::string got = right;
        std::swap_ranges(got.begin() + 4096, got.begin() + 8192, got.begin() + 12288);
        CHECK(first(got) >= 4096);
        CHECK(first(got) < 4096 + 8);
    }
    SUBCASE("one stale chunk") {
        std::string got = right;
        got.replace(8192, 4096, filled(c, {1000, 4}, 8192, 4096));
        CHECK(first(got) >= 8192);
        CHECK(first(got) < 8192 + 8);
    }
    SUBCASE("a hole of zeros") {
        std::string got = right;
        std::fill_n(got.begin() + 9000, 512, '\0');
        CHECK(first(got) >= 9000);
        CHECK(first(got) < 9000 + 8);
    }
}

TEST_CASE("content_shorter_than_a_stamp_is_its_beginning") {
    const content c(10, 1);
    const std::string whole = filled(c, {9, 1}, 0, 32);
    for (std::size_t size = 0; size <= 32; ++size) {
        CHECK(filled(c, {9, 1}, 0, size) == whole.substr(0, size));
        CHECK(c.mismatch({9, 1}, 0, whole.substr(0, size)) == content::npos);
    }
    CHECK(c.mismatch({9, 2}, 0, whole.substr(0, 8)) != content::npos);
}

TEST_CASE("content_chunks_of_many_objects_are_all_different") {
    // Versions and neighbouring indices, with zeros and without: a store that deduplicates blocks
    // of 4 KiB finds nothing.
    for (double ratio : {1.0, content::max_compression_ratio}) {
        const content c(1, ratio);
        std::unordered_set<std::string> seen;
        std::size_t chunks = 0;
        for (std::uint64_t index = 0; index < 300; ++index) {
            for (std::uint32_t version = 1; version <= 3; ++version) {
                const std::string bytes = filled(c, {index, version}, 0, 8 * content::chunk_bytes);
                for (std::size_t at = 0; at < bytes.size(); at += content::chunk_bytes) {
                    seen.insert(bytes.substr(at, ratio == 1.0 ? content::chunk_bytes : 32));
                    ++chunks;
                }
            }
        }
        CHECK(seen.size() == chunks);
    }
}

TEST_CASE("content_incompressible_does_not_compress") {
    const content c(21, 1);
    for (std::size_t size : {std::size_t{4096}, std::size_t{1} << 20}) {
        CHECK(zlib_ratio(filled(c, {1, 1}, 0, size)) <= 1 / 0.99);
    }
    // A store that compresses many small objects together meets the same piece of the pool now and
    // then: with a window of 32 KiB, for about one byte in a hundred.
    std::string many;
    for (std::uint64_t index = 0; index < 2000; ++index)
        many += filled(c, {index, 1}, 0, 500);
    CHECK(zlib_ratio(many) <= 1 / 0.98);
}

TEST_CASE("content_repeats_no_slice_within_eight_mebibytes") {
    // Compressors with windows of megabytes would find it: look up every aligned 64 bytes.
    const content c(21, 1);
    const std::string bytes = filled(c, {1, 1}, 0, std::size_t{8} << 20);
    std::unordered_set<std::string_view> seen;
    std::size_t pieces = 0;
    for (std::size_t chunk = 0; chunk < bytes.size(); chunk += content::chunk_bytes) {
        for (std::size_t at = 32; at + 64 <= content::chunk_bytes; at += 64) {
            seen.insert(std::string_view(bytes).substr(chunk + at, 64));
            ++pieces;
        }
    }
    CHECK(seen.size() == pieces);
}

TEST_CASE("content_compresses_as_asked") {
    for (double ratio : {1.5, 2.0, 4.0}) {
        const content c(22, ratio);
        for (std::size_t size : {std::size_t{64} << 10, std::size_t{4} << 20}) {
            CAPTURE(ratio);
            CAPTURE(size);
            CHECK(zlib_ratio(filled(c, {1, 1}, 0, size)) == doctest::Approx(ratio).epsilon(0.1));
        }
    }
}

TEST_CASE("content_copies_share_one_pool") {
    std::vector<iovec> pieces(4);
    std::vector<stamp> stamps(4);
    const auto slice_of = [&](const content& c) {
        c.gather({1, 1}, 0, 4096, pieces, stamps);
        return pieces[1].iov_base;
    };
    const content a(5, 1);
    const content copy = a;
    const content compressible(5, 2);
    CHECK(slice_of(copy) == slice_of(a));
    // Another ratio walks in other steps, but from the same place of the same pool.
    CHECK(slice_of(compressible) == slice_of(a));
}
