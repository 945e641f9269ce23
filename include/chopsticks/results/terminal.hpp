#pragma once
/// \file
/// What a person sees: one line per second while it runs, and the report at the end.

#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// The state of a run at one moment. Rates and percentiles are of the last interval.
struct live_status {
    double elapsed_s = 0;  ///< since the start of the run
    std::string phase;     ///< prepare, ramp, warmup, measure, drain, cleanup
    double phase_elapsed_s = 0;
    double phase_planned_s = 0;  ///< 0: not known, no bar and no time left
    double ops_per_s = 0;        ///< operations that succeeded
    double bytes_per_s = 0;
    std::uint64_t in_flight = 0;
    std::int64_t p50_ns = 0;   ///< response time
    std::int64_t p99_ns = 0;   ///< response time
    std::uint64_t errors = 0;  ///< since the start of the phase
    std::int64_t send_lag_p99_ns = 0;
    double busiest_core = 0;        ///< busy share, 0 to 1
    std::uint64_t backlog = 0;      ///< open loop: due and not issued; shown when not 0
    std::uint64_t slos = 0;         ///< objectives; told beside the bar
    std::uint64_t slos_missed = 0;  ///< of these, on the figures since the measure phase began
    /// Prepare and cleanup: objects instead of latencies. The total may be 0 where it is not known.
    std::uint64_t objects_done = 0;
    std::uint64_t objects_total = 0;
    std::string health;   ///< a line of format_health; empty: none
    std::string drivers;  ///< a line of format_driver_figures; empty: none
    /// Prepare and cleanup: the last failure and how long they go on; empty: none of late.
    std::string trouble;
};

/// How to print.
struct terminal_options {
    bool in_place =
        false;  ///< a terminal that understands cursor movement: redraw instead of append
    bool color = false;
    int width = 80;  ///< columns; with `in_place` it is asked for anew at each update

    /// What fits a file descriptor: in place on a terminal (unless TERM=dumb), colour there unless
    /// NO_COLOR is set, the width from ioctl(TIOCGWINSZ), 80 where there is none.
    static terminal_options of(int fd);
};

/// The line per second. On a terminal: a header once, then a line of values, one of the generator's
/// health, one of what drivers count of their own and a progress bar that are redrawn in place.
/// Elsewhere: appended lines under a header that comes again every 20 lines, with the lines of
/// health and drivers below it.
/// Fits the terminal's width, 80 where there is none. One thread. What it cannot write (a closed
/// pipe) it leaves out; it never stops a run.
class live_display {
  public:
    /// `fd` is not owned.
    live_display(int fd, terminal_options options);
    ~live_display();
    live_display(const live_display&) = delete;
    live_display& operator=(const live_display&) = delete;

    void update(const live_status& status);

    /// A line about what is waited for, below the values, until the next update.
    void wait(std::string_view text);

    /// Prints whole lines (a warning) above what is redrawn in place.
    void message(std::string_view text);

    /// Leaves the last values on the screen and removes the bar. Called by the destructor.
    void finish();

  private:
    void emit(const std::string& text) noexcept;
    /// Moves to the start of what is drawn and clears it.
    std::string rewind();
    /// What `rewind` takes back.
    std::string draw();

    int fd_;
    terminal_options options_;
    std::string phase_;
    std::string values_;           ///< last line of values, without its end
    std::string health_;           ///< last line of health; may be empty
    std::string drivers_;          ///< last line of the drivers' figures; may be empty
    std::string bar_;              ///< last bar; may be empty
    std::size_t drawn_lines_ = 0;  ///< 0, or 1 (values) and 1 each for what is below
    std::size_t drawn_columns_ = 0;
    std::size_t drawn_health_columns_ = 0;
    std::size_t drawn_drivers_columns_ = 0;
    std::size_t drawn_bar_columns_ = 0;
    unsigned lines_since_header_ = 0;
    bool header_printed_ = false;
};

/// The column header of the lines that `format_status` gives for the same width.
std::string status_header(const live_status& status, int width);

/// One line of values without its end, at most `width` columns: load phases in columns, prepare and
/// cleanup as a sentence. All of it needs 79; what is narrower lacks some of it, never the errors.
std::string format_status(const live_status& status, int width, bool color);

/// What drivers count of their own in an interval: rates, levels, 99th percentiles of what there
/// was; empty: nothing. \param values as `figures`
std::string format_driver_figures(const stats::driver_values& values,
                                  const std::vector<stats::group_figure>& figures,
                                  double duration_s);

/// The progress bar of a phase, exactly `width` columns at most, without its end; empty when too
/// narrow.
std::string format_bar(const live_status& status, int width, bool color);

/// Where the files of a run are, for the end of the report.
struct report_files {
    std::string result;     ///< empty: not written
    std::string intervals;  ///< empty: none
};

/// The report at the end of a run, from the document itself, so that it can be printed again later
/// from a file that was read back: operations, load, size classes, errors, endpoints, the
/// generator's health, the verdict, the files. Lines fit `options.width`: below 80 columns tables
/// lack some of theirs, below 40 they do not fit.
std::string render_report(const json& document, const report_files& files,
                          const terminal_options& options);

}  // namespace chopsticks::results
