#pragma once
/// \file
/// The intervals of a run as its result will have them, kept while it goes: in memory and in a file
/// that are bounded, however long it is.

#include <chopsticks/results/document.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::results {

class joined_interval;
struct interval_figures;

/// How many intervals a result has at most: an hour of 1 s with its ramp, warm-up and drain.
constexpr std::size_t intervals_max = 4096;

/// How many bytes they take in it at most, about: an hour of 1 s with five operations that are slow
/// now and fast then takes 28 MB.
constexpr std::size_t intervals_bytes_max = 19'000'000;

/// Keeps every interval until there are so many, or so many bytes. Then each two neighbours of a
/// phase become one, their histograms added up, and from there on two new ones; later four, eight,
/// and so on. What is one ended within one span of that length, counted from the beginning of the
/// load, so those of several processes of one load can be put together.
///
/// What was kept is joined little by little, two pairs with every interval that is added: 2 ms with
/// five operations. Belongs to the collector's thread.
class kept_intervals {
  public:
    /// \param names outlive it \param interval_s planned length of an interval
    kept_intervals(const stats::layout& names, double interval_s, std::size_t most = intervals_max,
                   std::size_t bytes_most = intervals_bytes_max);
    ~kept_intervals();

    /// \param line what `to_line` gives of it
    void add(const interval& one, std::string line);

    /// How many intervals of the run are one of those kept: 1, 2, 4, ...
    unsigned joined() const noexcept { return joined_; }

    /// Ends the last one. All of them, oldest first, as run_document::intervals has them; none are
    /// left.
    std::vector<std::string> take();

  private:
    struct span {
        std::string phase;
        std::int64_t number = 0;  ///< of its length, since the load began
        bool operator==(const span&) const = default;
    };
    span span_of(const std::string& phase, double t_s) const noexcept;
    interval_figures read(const std::string& line) const;

    void keep(std::string line);
    void begin(const span& where);
    void close();
    void widen();
    void join_halves(std::size_t pairs);

    const stats::layout& names_;
    double interval_s_;
    std::size_t most_;
    std::size_t bytes_most_;
    std::size_t bytes_ = 0;  ///< of lines_ and later_
    unsigned joined_ = 1;
    std::unique_ptr<joined_interval> open_;  ///< may grow; null: none, or they are not joined
    span open_span_;
    bool begins_wide_ = false;  ///< none was begun since they became longer
    // In the order of time: those of the present length, those of half of it that are still to be
    // joined, from next_half_ on, and those of the present length that ended meanwhile.
    std::vector<std::string> lines_;
    std::vector<std::string> halves_;
    std::size_t next_half_ = 0;
    std::vector<std::string> later_;
};

}  // namespace chopsticks::results
