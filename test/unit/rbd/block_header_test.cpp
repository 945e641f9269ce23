#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "rbd/block_header.hpp"

using namespace chopsticks;
using namespace chopsticks::rbd;

namespace {

std::vector<char> sealed_block(std::size_t bytes, std::uint32_t version) {
    random_stream random(bytes + version);
    std::vector<char> block(bytes);
    for (char& c : block)
        c = static_cast<char>(random());
    block_header h;
    h.image = 7;
    h.offset = 8192;
    h.run = 9;
    h.version = version;
    seal_block(block, h);
    return block;
}

}  // namespace

TEST_CASE("a sealed block is recognised, and every flipped bit of it is found") {
    std::vector<char> block = sealed_block(512, 3);
    CHECK(classify_block(block) == block_kind::sealed);
    const block_header h = header_of(block);
    CHECK(h.image == 7);
    CHECK(h.offset == 8192);
    CHECK(h.version == 3);
    CHECK(h.bytes == 512);
    for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
        block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << bit % 8));
        CHECK(classify_block(block) != block_kind::sealed);
        block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << bit % 8));
    }
    CHECK(classify_block(block) == block_kind::sealed);
}

TEST_CASE("zeros, strange bytes and torn blocks are told apart") {
    std::vector<char> block(4096, '\0');
    CHECK(classify_block(block) == block_kind::zeros);
    block.back() = 1;
    CHECK(classify_block(block) == block_kind::alien);
    const std::vector<char> older = sealed_block(4096, 1);
    block = sealed_block(4096, 2);
    std::copy(older.begin() + 2048, older.end(), block.begin() + 2048);
    CHECK(classify_block(block) == block_kind::broken);
}

TEST_CASE("the table of a header names what identifies it") {
    block_header h;
    h.image = 0xab;
    h.offset = 4096;
    h.run = 0xcd;
    h.version = 5;
    CHECK(describe(h) == "image 000000ab offset 4096 run 000000cd version 5");
}
