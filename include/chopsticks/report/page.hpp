#pragma once
/// \file
/// What a report shows, as plain structs: made once from the documents (describe.hpp), then written
/// as HTML (html.hpp). Texts are as the documents have them: whoever writes them out makes them
/// safe. Pure; any thread.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chopsticks::report {

/// What a reader shall take from something at first sight.
enum class tone : std::uint8_t { plain, good, warn, bad };

/// Unit of an axis or a figure, which is how it is written.
enum class unit : std::uint8_t {
    count,
    per_s,        ///< events per second
    bytes_per_s,  ///< decimal
    ms,           ///< latencies, whatever their size
    share,        ///< 0 to 1
    seconds,      ///< a place on the axis of time
};

/// No value at this place of a line.
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

struct cell {
    std::string text = {};
    std::optional<double> value = {};  ///< the document's own number, in the document's unit
    tone as = tone::plain;
    bool words = false;  ///< a text: to the left, and wrapped
};

struct table {
    std::string caption = {};
    std::vector<std::string> header = {};
    std::vector<std::vector<cell>> rows =
        {};                ///< each as long as the header; the first names the row
    bool sums_up = false;  ///< the last row is the sum of those above
};

/// A level that a chart has a line at.
struct limit {
    double value = 0;  ///< in the chart's unit
    std::string name = {};
};

struct line {
    std::string name = {};
    std::vector<double> values = {};  ///< one for each point of the axis, or `nothing`
};

/// A chart over time; the axis is the page's.
struct time_chart {
    std::string id = {};  ///< unique in the page: a-z, 0-9, -
    std::string title = {};
    std::string note = {};
    unit of = unit::count;
    bool logarithmic = false;
    bool strip = false;       ///< of less height: it is looked at beside others
    bool of_cluster = false;  ///< bands are named in it, and silences shaded
    std::vector<line> lines = {};
    std::vector<limit> limits = {};
    std::size_t left_out = 0;  ///< lines that there was no room for
};

/// A stretch of the axis of time.
struct time_span {
    double from_s = 0;
    double to_s = 0;
    std::string name = {};
    bool stage = false;  ///< one of the measure phase, otherwise a phase
};

/// How a cluster was for a while: a stripe on the axis of time.
struct time_band {
    double from_s = 0;
    double to_s = 0;
    std::string name = {};
    tone as = tone::plain;
    bool silence = false;  ///< nothing is known of this time
};

/// Something that happened at a time.
struct time_mark {
    double start_s = 0;
    std::optional<double> end_s = {};
    std::string source = {};  ///< "annotate", "signal", "ceph", "finding", ...
    std::string text = {};
};

/// All charts over time of a page: they have one axis, which counts seconds since the load began.
struct time_charts {
    std::vector<double> t_s = {};  ///< middle of the time that each point is of
    std::vector<time_chart> charts = {};
    std::vector<time_span> spans = {};
    std::vector<time_band> bands = {};
    std::vector<time_mark> marks = {};
};

/// How an axis is divided.
enum class scale : std::uint8_t {
    linear,
    logarithmic,
    percentile,  ///< values are 1/(1-p), on a logarithm: as plots of HdrHistogram have it
};

struct axis {
    std::string title = {};
    unit of = unit::count;
    scale divided = scale::linear;
};

struct point {
    double x = 0;
    double y = 0;
    std::string label = {};
};

struct curve {
    std::string name = {};
    std::vector<point> points = {};
    bool dots = false;      ///< each point has a mark
    bool joined = true;     ///< a line goes through them
    tone as = tone::plain;  ///< plain: the colour of its number
    bool dashed = false;
};

/// A chart of one value over another.
struct curve_chart {
    std::string id = {};
    std::string title = {};
    std::string note = {};
    axis x = {};
    axis y = {};
    std::vector<curve> curves = {};
    std::vector<limit> limits = {};  ///< levels of y
    std::vector<limit> places = {};  ///< of x
};

/// Counts over time and value, as colours.
struct heat_map {
    std::string id = {};
    std::string title = {};
    std::string note = {};
    std::vector<double> t_s = {};       ///< edges of the columns
    std::vector<double> edges_ms = {};  ///< of the rows, ascending
    /// By column, then row: 0 (nothing) to 8.
    std::vector<std::vector<std::uint8_t>> levels = {};
};

/// A change with its confidence interval.
struct effect {
    std::string name = {};
    std::optional<double> change = {};  ///< a share
    std::optional<double> low = {};
    std::optional<double> high = {};
    double margin = 0;
    std::string said = {};
    tone as = tone::plain;
};

struct effect_chart {
    std::string id = {};
    std::string title = {};
    std::string note = {};
    std::vector<effect> effects = {};
};

/// Where the page's chart of this index stands.
struct time_chart_place {
    std::size_t index = 0;
};

/// Text as it is, folded under its title.
struct listing {
    std::string title = {};
    std::string text = {};
};

struct paragraph {
    std::string text = {};
};

using block =
    std::variant<paragraph, table, time_chart_place, curve_chart, heat_map, effect_chart, listing>;

struct section {
    std::string id = {};
    std::string title = {};
    std::vector<block> blocks = {};
};

/// What a reader has to know before any figure.
struct verdict {
    tone as = tone::plain;
    std::string label = {};
    std::string text = {};
    std::string command = {};  ///< to be copied; may be empty
};

struct page {
    std::string title = {};
    std::string facts = {};
    std::vector<verdict> verdicts = {};
    time_charts over_time = {};
    std::vector<section> sections = {};  ///< those without blocks are left out
};

}  // namespace chopsticks::report
