#pragma once
/// \file
/// One run made again and again, of one target or of several in turns: in which order, and how the
/// files are called. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::search {

/// A run of one of several sides.
struct turn {
    std::size_t side = 0;
    unsigned number = 1;  ///< within its side, from 1; runs of one number are a round
};

/// A B C, C B A, A B C, ...: `repeat` runs a side, each round behind the one before. What drifts
/// evenly over the hours is then in no side where `repeat` is even, and in each for no more than a
/// round where it is odd.
std::vector<turn> in_turns(unsigned repeat, std::size_t sides);

/// "03" of 10: numbers of one series are equally wide, so that names sort as they were made.
std::string numbered(unsigned number, unsigned last);

/// The file of one run of a series: "out/x.json", 3 of 10 -> "out/x-03.json". A name without an
/// extension gets the number at its end.
std::string numbered_file(std::string_view path, unsigned number, unsigned last);

/// Those of `names` (without folders) that numbered_file makes of `file` (without its folder) for
/// any number, or that a run has beside such a file: its intervals. Sorted.
std::vector<std::string> numbered_alike(std::string_view file,
                                        const std::vector<std::string>& names);

}  // namespace chopsticks::search
