#pragma once
/// \file
/// Figures that a driver counts of its own: declared once, counted on each core, added up over
/// cores, intervals and processes.

#include <chopsticks/stats/histogram.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::stats {

/// What a figure is, and so how it adds up.
enum class figure_kind : std::uint8_t {
    counter,  ///< events or amounts: over cores and intervals a sum
    gauge,    ///< a level: over intervals the last, the lowest and the highest
    timer,    ///< durations in nanoseconds: a histogram
};
std::string_view name(figure_kind kind) noexcept;

/// What the levels of several cores, or processes, at a time are together.
enum class level_over_cores : std::uint8_t {
    sum,      ///< each has its own share: bytes in flight
    highest,  ///< all look at the same thing, or the worst counts: the age of a map
};
std::string_view name(level_over_cores how) noexcept;

/// A figure as a driver declares it.
struct driver_figure {
    std::string name;  ///< unique in its driver: a small letter, then a-z, 0-9, _; at most 40
    std::string
        unit;  ///< of a counter or gauge, e.g. "bytes", "requests": as a name; of a timer "ns"
    figure_kind kind = figure_kind::counter;
    std::string description;  ///< one line for a person; printable, at most 200 bytes
    level_over_cores over_cores = level_over_cores::sum;  ///< of gauges

    friend bool operator==(const driver_figure&, const driver_figure&) = default;
};

/// How many a driver may declare. Each timer costs every core a megabyte of address space.
constexpr std::size_t driver_figures_max = 32;
/// No count of a span is higher, and no level farther from 0: what comes of them can be read back.
constexpr std::uint64_t figure_count_max = std::uint64_t{1} << 54;
constexpr double figure_level_max = 1e15;

/// What is wrong with one figure, or with all of a driver, as one sentence for whoever wrote it;
/// empty: nothing.
std::string problem_with(const driver_figure& one);
std::string problem_with(const std::vector<driver_figure>& declared);

/// Events on one core.
class figure_counter {
  public:
    void add(std::uint64_t n = 1) noexcept { total_ += n; }
    /// For what is counted elsewhere: how many there were so far. One that is less than before
    /// is refused, and counting goes on from it.
    void set_total(std::uint64_t total) noexcept { total_ = total; }

  private:
    friend class driver_meters;
    std::uint64_t total_ = 0;
    std::uint64_t told_ = 0;
};

/// A level on one core.
class figure_gauge {
  public:
    /// What is no number, or beyond figure_level_max, is refused: the level stays.
    void set(double level) noexcept {
        if (!(level >= -figure_level_max && level <= figure_level_max)) [[unlikely]] {
            ++refused_;
            return;
        }
        last_ = level;
        lowest_ = level < lowest_ ? level : lowest_;
        highest_ = level > highest_ ? level : highest_;
    }
    void add(double change) noexcept { set(last_ + change); }

  private:
    friend class driver_meters;
    double last_ = 0;
    double lowest_ = std::numeric_limits<double>::infinity();  // above highest_: never set
    double highest_ = -std::numeric_limits<double>::infinity();
    std::uint64_t refused_ = 0;
};

/// One figure over one span: of one core, or of several.
struct driver_value {
    /// \param digits of a timer's histogram
    explicit driver_value(const driver_figure& of, int digits = 3)
        : kind(of.kind), over_cores(of.over_cores) {
        if (kind == figure_kind::timer) times.emplace(digits);
    }

    figure_kind kind;
    level_over_cores over_cores;
    std::uint64_t count = 0;  ///< of a counter
    bool known = false;       ///< of a gauge: it was set at some time
    double last = 0;
    double lowest = 0;
    double highest = 0;
    std::optional<histogram> times;  ///< of a timer, and of nothing else
    std::uint64_t refused = 0;       ///< values that were none, and are in no other member

    /// Adds what other cores or processes had at the same time. Lowest and highest of a sum are
    /// then sums of each one's own: bounds of what all had together.
    void add_beside(const driver_value& other) noexcept;
    /// Adds what came in a later span.
    void add_later(const driver_value& other) noexcept {
        add_events(other);
        add_later_level(other);
    }
    /// \name The two halves of that: where what adds up is to keep digits that spans do not have
    /// \{
    void add_events(const driver_value& other) noexcept;
    void add_later_level(const driver_value& other) noexcept;
    /// \}
    void clear() noexcept;
};

/// Those of a run in the order of layout::driver_figures.
using driver_values = std::vector<driver_value>;

void add_beside(driver_values& sum, const driver_values& other) noexcept;
void add_later(driver_values& sum, const driver_values& other) noexcept;

/// What the figures of one driver are counted with on one core: handed out once, by their place in
/// the declaration, and then plain members without lock or look-up. Belongs to its core; references
/// to what it has handed out stay valid as long as it lives, also where it is moved.
class driver_meters {
  public:
    explicit driver_meters(const std::vector<driver_figure>& declared);

    // Of a figure of another kind, or of none: a bug.
    figure_counter& counter(std::size_t figure) noexcept;
    figure_gauge& gauge(std::size_t figure) noexcept;
    histogram& timer(std::size_t figure) noexcept;

    /// What came since it was called last, into values that are empty. Those of figures that were
    /// declared otherwise are refused. On its core, at the ends of intervals.
    void take(driver_value* values, std::size_t count) noexcept;

  private:
    struct meter {
        figure_kind kind;
        figure_counter counter;
        figure_gauge gauge;
        std::unique_ptr<histogram> times;
    };
    meter& of_kind(std::size_t figure, figure_kind kind) noexcept;

    std::vector<meter> meters_;
};

/// A figure of one group's driver.
struct group_figure {
    std::string group;
    driver_figure what;

    friend bool operator==(const group_figure&, const group_figure&) = default;
};

/// Values of all, empty.
driver_values make_values(const std::vector<group_figure>& figures, int digits);

}  // namespace chopsticks::stats
