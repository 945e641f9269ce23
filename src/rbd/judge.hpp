#pragma once
/// \file
/// What a flight carries out and what became of it: contents before it leaves, verdict after it
/// came back. On the core that owns the flight.

#include <chopsticks/load/content.hpp>

#include "channel.hpp"
#include "world.hpp"

namespace chopsticks::rbd {

/// Prepares buffers, contents and the books for `f.op` on `f.on`. `unique` differs for every
/// operation of the run: it is in what is written, so that no two blocks are equal.
void load_up(flight& f, const load::content& content, std::uint64_t unique);

/// For compare_and_write: puts what must stand in the image into `f.expected`; false if that cannot
/// be known without reading it.
bool know_expected(flight& f, const load::content& content);

/// Hands the flight to librbd with `completion`; 0 or -errno. Must follow load_up.
int launch(flight& f, rbd_completion_t completion);

/// Keeps the books and fills status, bytes, code and example of the outcome. Once per flight that
/// was loaded up.
void conclude(flight& f, engine::outcome& out);

/// Judges one block that was read to `data`; what is wrong with it is told in `to`, each block
/// once. Returns the one line about it; empty: nothing is wrong.
std::string judge_block(image& on, std::uint64_t block, const block_table::read_mark& mark,
                        const char* data, engine::wrong_data& to);

/// Fills a failure by errno (positive).
void fail_with_errno(engine::outcome& out, int number, const char* doing, const image& on,
                     std::uint64_t offset);

}  // namespace chopsticks::rbd
