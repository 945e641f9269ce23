#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/load/block_places.hpp>
#include <map>
#include <set>
#include <tuple>

#include "statistics.hpp"

using namespace chopsticks;
using load::block_choice;
using load::block_parts;
using load::block_place;
using load::block_sequence;

namespace {

/// Image, first byte, end: sorted.
using ranges = std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>>;

ranges all_pieces(const std::vector<std::uint64_t>& extents, std::uint64_t unit, unsigned cores) {
    ranges out;
    for (unsigned c = 0; c < cores; ++c) {
        const block_parts part(extents, unit, c, cores);
        std::uint64_t sum = 0;
        for (const auto& p : part.pieces()) {
            CHECK(p.first < p.end);
            out.emplace_back(p.image, p.first, p.end);
            sum += p.end - p.first;
        }
        CHECK(part.bytes() == sum);
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// True if the ranges are every byte of the images once.
bool is_partition(const ranges& pieces, const std::vector<std::uint64_t>& extents) {
    std::uint64_t image = 0;
    std::uint64_t at = 0;
    for (const auto& [i, first, end] : pieces) {
        while (image < extents.size() && at == extents[image]) {
            ++image;
            at = 0;
        }
        if (i != image || first != at || end > extents[image]) return false;
        at = end;
    }
    return image + 1 == extents.size() && at == extents.back();
}

}  // namespace

TEST_CASE("fitted_blocks_are_as_asked_where_they_fit_and_otherwise_wrapped_or_cut") {
    struct expectation {
        std::uint64_t offset, length, extent, fitted_offset, fitted_length;
    };
    constexpr std::uint64_t mib = 1 << 20;
    const std::vector<expectation> all = {
        {0, 4096, mib, 0, 4096},
        {mib - 4096, 4096, mib, mib - 4096, 4096},
        {20480, 1000, 21480, 20480, 1000},  // odd, and at the very end
        {mib, 4096, mib, 0, 4096},          // the first one beyond wraps to the start
        {5 * mib + 8192, 4096, mib, 8192, 4096},
        {mib - 4096, 8192, mib, mib - 8192, 8192},  // half of it would lie beyond
        {mib, 4096, 10'000, 0, 4096},               // 8192 bytes are whole blocks of it
        {mib + 4096, 4096, 10'000, 4096, 4096},
        {3 * 4096, 4096, 10'000, 4096, 4096},
        {7 * 512, 4096, 10'000, 7 * 512, 4096},
        {64 * mib, 4 * mib, mib, 0, mib},  // longer than all of it
        {0, 4 * mib, 10'000, 0, 9728},     // whole sectors of it
        {1536, 10'000'000, 700, 0, 512},
        {~0ULL, ~0ULL, 512, 0, 512},
    };
    for (const expectation& e : all) {
        CAPTURE(e.offset);
        CAPTURE(e.length);
        CAPTURE(e.extent);
        const block_place out = load::fit_block({7, e.offset, e.length}, e.extent);
        CHECK(out.image == 7);
        CHECK(out.offset == e.fitted_offset);
        CHECK(out.length == e.fitted_length);
    }
}

TEST_CASE("fitted_blocks_never_leave_the_extent_and_keep_their_alignment") {
    random_stream random(77);
    // All magnitudes, so that whatever is small or large somewhere is so with everything else.
    const auto any = [&random](unsigned most_bits) { return random() >> (64 - most_bits); };
    std::uint64_t moved = 0;
    for (int i = 0; i < 300'000; ++i) {
        const auto bits = [&] { return 1 + static_cast<unsigned>(random.below(63)); };
        const std::uint64_t extent = 512 + any(bits());
        block_place asked{random.below(9), any(bits()), 1 + any(bits())};
        const bool in_sectors = i % 4 != 0;
        if (in_sectors) {
            asked.offset &= ~511ULL;
            asked.length = std::max<std::uint64_t>(512, asked.length & ~511ULL);
        }
        CAPTURE(asked.offset);
        CAPTURE(asked.length);
        CAPTURE(extent);
        const block_place out = load::fit_block(asked, extent);
        REQUIRE(out.image == asked.image);
        REQUIRE(out.length > 0);
        REQUIRE(out.length <= extent);
        REQUIRE(out.offset <= extent - out.length);
        const bool fits = asked.length <= extent && asked.offset <= extent - asked.length;
        if (fits) {
            REQUIRE(out.offset == asked.offset);
            REQUIRE(out.length == asked.length);
            continue;
        }
        ++moved;
        // Cut only where it must be, and then to whole sectors.
        REQUIRE(out.length == std::min(asked.length, extent / 512 * 512));
        for (std::uint64_t unit = 1; unit <= 1 << 20; unit *= 2) {
            const bool divided = asked.offset % unit == 0 && out.length % unit == 0;
            if (divided) REQUIRE(out.offset % unit == 0);
        }
        if (in_sectors) {
            REQUIRE(out.offset % 512 == 0);
            REQUIRE(out.length % 512 == 0);
        }
    }
    CHECK(moved > 50'000);
}

TEST_CASE("fitted_blocks_of_a_larger_image_use_a_smaller_one_evenly") {
    std::map<std::uint64_t, int> hits;
    for (std::uint64_t n = 0; n < 4096; ++n)
        ++hits[load::fit_block({0, n * 4096, 4096}, 1 << 20).offset];
    REQUIRE(hits.size() == 256);
    for (const auto& [offset, count] : hits)
        CHECK(count == 16);
}

TEST_CASE("block_parts_of_all_cores_are_every_byte_once") {
    const std::vector<std::vector<std::uint64_t>> images = {
        {1 << 20},
        {1'000'003},
        {1 << 20, 777'777},
        {4096 * 7, 4096 * 9, 4096 * 8 + 1},
        {50'000, 60'001, 70'002, 80'003, 90'004},
    };
    for (const auto& extents : images) {
        for (const std::uint64_t unit : {512ULL, 4096ULL}) {
            for (unsigned cores = 1; cores <= 7; ++cores) {
                CAPTURE(extents.size());
                CAPTURE(unit);
                CAPTURE(cores);
                CHECK(is_partition(all_pieces(extents, unit, cores), extents));
            }
        }
    }
}

TEST_CASE("block_parts_deal_whole_images_out_where_there_are_enough") {
    const block_parts part({100, 200, 300, 400, 500}, 4096, 1, 2);
    REQUIRE(part.pieces().size() == 2);
    CHECK(part.pieces()[0].image == 1);
    CHECK(part.pieces()[1].image == 3);
    CHECK(part.pieces()[1].first == 0);
    CHECK(part.pieces()[1].end == 400);
    CHECK(part.bytes() == 600);
}

TEST_CASE("block_parts_have_boundaries_at_units_and_differ_by_one_unit_at_most") {
    const std::uint64_t unit = 12288;
    const std::uint64_t bytes = unit * 100 + 5;
    std::uint64_t least = bytes;
    std::uint64_t most = 0;
    for (unsigned c = 0; c < 7; ++c) {
        const block_parts part({bytes}, unit, c, 7);
        REQUIRE(part.pieces().size() == 1);
        CHECK(part.pieces()[0].first % unit == 0);
        if (c < 6) CHECK(part.pieces()[0].end % unit == 0);
        least = std::min(least, part.bytes());
        most = std::max(most, part.bytes());
    }
    CHECK(most - least <= unit + 5);
    CHECK(block_parts::least_bytes(1, unit, 4096, 7) == 7 * unit);
    CHECK(block_parts::least_bytes(7, unit, 4096, 7) == 4096);
    // One byte less than it asks for, and one core has nothing.
    CHECK(block_parts({7 * unit - 1}, unit, 0, 7).bytes() == 0);
    for (unsigned c = 0; c < 7; ++c)
        CHECK(block_parts({7 * unit}, unit, c, 7).bytes() == unit);
}

TEST_CASE("block_units_have_a_common_multiple_or_none") {
    CHECK(load::common_unit({}) == 512);
    CHECK(load::common_unit({4096, 65536}) == 65536);
    CHECK(load::common_unit({4096, 12288, 8192}) == 24576);
    CHECK(load::common_unit({1 << 30}) == 1 << 30);
    CHECK(load::common_unit({(1ULL << 30) + 512}) == 0);
    CHECK(load::common_unit({512 * 1009, 512 * 1013, 512 * 1019}) == 0);
    CHECK(load::place_unit(0, 4096) == 4096);
    CHECK(load::place_unit(512, 4096) == 4096);
    CHECK(load::place_unit(12288, 8192) == 24576);
}

TEST_CASE("block_sequence_goes_through_every_byte_once_a_round") {
    for (const std::uint64_t length : {512ULL, 4096ULL, 5000ULL, 1ULL << 20}) {
        for (unsigned core = 0; core < 3; ++core) {
            const block_parts part({100'001, 70'000}, 4096, core, 3);
            block_sequence s(part, 0, 1, length);
            std::map<std::uint64_t, std::uint64_t> at;
            std::uint64_t sum = 0;
            while (s.rounds() == 0) {
                const block_place p = s.next(length);
                REQUIRE(p.length > 0);
                REQUIRE(p.length <= length);
                const auto& pieces = part.pieces();
                const auto piece = std::find_if(pieces.begin(), pieces.end(),
                                                [&](const auto& x) { return x.image == p.image; });
                REQUIRE(piece != pieces.end());
                REQUIRE(p.offset >= piece->first);
                REQUIRE(p.offset + p.length <= piece->end);
                // One right behind the other; only the last one of a piece may be shorter.
                const auto [next, fresh] = at.try_emplace(p.image, piece->first);
                REQUIRE(p.offset == next->second);
                next->second = p.offset + p.length;
                if (p.length < length) REQUIRE(next->second == piece->end);
                sum += p.length;
            }
            CHECK(sum == part.bytes());
        }
    }
}

TEST_CASE("block_sequence_users_start_apart_and_at_whole_blocks") {
    const block_parts part({1 << 20, 1 << 20}, 4096, 0, 1);
    std::set<std::pair<std::uint64_t, std::uint64_t>> starts;
    for (std::uint64_t u = 0; u < 16; ++u) {
        block_sequence s(part, u, 16, 4096);
        const block_place p = s.next(4096);
        CHECK(p.offset % 4096 == 0);
        CHECK(p.image == u / 8);
        CHECK(p.offset == u % 8 * (1 << 17));
        starts.emplace(p.image, p.offset);
    }
    CHECK(starts.size() == 16);
    // From the middle round to the start, through the end of the last image.
    block_sequence s(part, 15, 16, 1 << 17);
    CHECK(s.next(1 << 17).image == 1);
    CHECK(s.rounds() == 1);
    const block_place again = s.next(1 << 17);
    CHECK(again.image == 0);
    CHECK(again.offset == 0);
}

TEST_CASE("block_choice_places_are_aligned_within_the_part_and_reach_its_end") {
    struct {
        std::vector<std::uint64_t> extents;
        std::uint64_t align;
        std::uint64_t block;
        unsigned cores;
    } const cases[] = {
        {{1 << 20}, 4096, 4096, 1},
        {{1'000'003}, 4096, 4096, 3},
        {{1'000'003}, 512, 4096, 3},
        {{1 << 20, 1'000'003}, 8192, 4096, 1},
        {{100'000, 5000, 9999}, 4096, 4096, 3},
        {{4096}, 4096, 4096, 1},
        {{4097}, 4096, 4096, 1},
        {{1 << 20}, 12288, 8192, 2},
        {{1 << 20, 1 << 20}, 65536, 512, 5},
    };
    for (const auto& c : cases) {
        const std::uint64_t unit = load::place_unit(c.align, c.block);
        for (unsigned core = 0; core < c.cores; ++core) {
            const block_parts part(c.extents, unit, core, c.cores);
            if (part.bytes() == 0) continue;
            const block_choice choice(part, c.align, c.block, {}, 1);
            CAPTURE(c.align);
            CAPTURE(c.block);
            CAPTURE(core);
            std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
            std::map<std::uint64_t, std::uint64_t> reached;
            for (std::uint64_t n = 0; n < choice.count(); ++n) {
                const block_place p = choice.at(n, c.block);
                REQUIRE(p.offset % c.align == 0);
                REQUIRE(p.length > 0);
                REQUIRE(seen.emplace(p.image, p.offset).second);
                const auto& pieces = part.pieces();
                const auto piece = std::find_if(pieces.begin(), pieces.end(),
                                                [&](const auto& x) { return x.image == p.image; });
                REQUIRE(piece != pieces.end());
                REQUIRE(p.offset >= piece->first);
                REQUIRE(p.offset + p.length <= piece->end);
                REQUIRE((p.length == c.block || p.offset + p.length == piece->end));
                reached[p.image] = std::max(reached[p.image], p.offset + p.length);
            }
            // Where places are no further apart than a block, none of the bytes is left out.
            if (c.align > c.block) continue;
            for (const auto& piece : part.pieces())
                CHECK(reached[piece.image] == piece.end);
        }
    }
}

TEST_CASE("block_choice_last_partial_block_keeps_its_true_length") {
    const block_parts part({4096 * 3 + 100}, 4096, 0, 1);
    const block_choice choice(part, 4096, 4096, {}, 1);
    REQUIRE(choice.count() == 4);
    CHECK(choice.at(2, 4096).length == 4096);
    CHECK(choice.at(3, 4096).length == 100);
    // With places closer than a block: as many as fit, and one more for the rest.
    const block_choice close(part, 1024, 4096, {}, 1);
    REQUIRE(close.count() == 10);
    CHECK(close.at(8, 4096).length == 4096);
    CHECK(close.at(9, 4096).offset == 9216);
    CHECK(close.at(9, 4096).length == 4096 * 3 + 100 - 9216);
}

TEST_CASE("block_choice_is_uniform_over_the_places_of_unequal_images") {
    const block_parts part({4096 * 10, 4096 * 30, 4096 * 20}, 4096, 0, 1);
    block_choice choice(part, 4096, 4096, {}, 1);
    REQUIRE(choice.count() == 60);
    random_stream random(7);
    std::map<std::pair<std::uint64_t, std::uint64_t>, double> hits;
    constexpr int draws = 60'000;
    for (int i = 0; i < draws; ++i) {
        const block_place p = choice.next(random, 4096);
        ++hits[{p.image, p.offset}];
    }
    std::vector<double> observed;
    for (const auto& [place, n] : hits)
        observed.push_back(n);
    REQUIRE(observed.size() == 60);
    CHECK(goodness::chi_square(observed, std::vector<double>(60, draws / 60.0)) < 3.1);
}

TEST_CASE("block_choice_follows_zipf_and_the_hot_set") {
    const block_parts part({4096 * 50, 4096 * 50}, 4096, 0, 1);
    random_stream random(3);
    constexpr int draws = 200'000;
    load::popularity zipf;
    zipf.kind = load::popularity_kind::zipf;
    zipf.zipf_exponent = 1;
    block_choice by_zipf(part, 4096, 4096, zipf, 5);
    std::map<std::uint64_t, double> hits;
    for (int i = 0; i < draws; ++i) {
        const block_place p = by_zipf.next(random, 4096);
        ++hits[p.image * 50 + p.offset / 4096];
    }
    std::vector<double> observed;
    for (const auto& [place, n] : hits)
        observed.push_back(n);
    std::sort(observed.rbegin(), observed.rend());
    REQUIRE(observed.size() == 100);
    double harmonic = 0;
    for (int k = 1; k <= 100; ++k)
        harmonic += 1.0 / k;
    CHECK(observed[0] == doctest::Approx(draws / harmonic).epsilon(0.03));
    CHECK(observed[9] == doctest::Approx(draws / harmonic / 10).epsilon(0.06));

    load::popularity hot;
    hot.kind = load::popularity_kind::hot_set;
    hot.hot_fraction = 0.1;
    hot.hot_share = 0.9;
    block_choice by_heat(part, 4096, 4096, hot, 5);
    hits.clear();
    for (int i = 0; i < draws; ++i) {
        const block_place p = by_heat.next(random, 4096);
        ++hits[p.image * 50 + p.offset / 4096];
    }
    double hottest = 0;
    observed.clear();
    for (const auto& [place, n] : hits)
        observed.push_back(n);
    std::sort(observed.rbegin(), observed.rend());
    for (int i = 0; i < 10; ++i)
        hottest += observed[static_cast<std::size_t>(i)];
    CHECK(hottest / draws == doctest::Approx(0.9).epsilon(0.01));
}

TEST_CASE("block_mix_keeps_shorter_blocks_at_the_same_places") {
    const block_parts part({65536 * 4 + 4096}, 65536, 0, 1);
    const block_choice choice(part, 65536, 65536, {}, 1);
    REQUIRE(choice.count() == 5);
    CHECK(choice.at(1, 4096).offset == 65536);
    CHECK(choice.at(1, 4096).length == 4096);
    CHECK(choice.at(4, 65536).length == 4096);
}
