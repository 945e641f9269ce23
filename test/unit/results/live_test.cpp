#include <doctest/doctest.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/results/terminal.hpp>
#include <string>
#include <vector>

#include "scratch.hpp"

using namespace chopsticks::results;
using sample::environment_variable;

namespace {

live_status measuring() {
    live_status s;
    s.elapsed_s = 14;
    s.phase = "measure";
    s.phase_elapsed_s = 12;
    s.phase_planned_s = 30;
    s.ops_per_s = 12'345;
    s.bytes_per_s = 806.2e6;
    s.in_flight = 256;
    s.p50_ns = 1'250'000;
    s.p99_ns = 12'300'000;
    s.errors = 7;
    s.send_lag_p99_ns = 12'345;
    s.busiest_core = 0.87;
    return s;
}

live_status preparing() {
    live_status s;
    s.elapsed_s = 4;
    s.phase = "prepare";
    s.phase_elapsed_s = 4;
    s.objects_done = 400;
    s.objects_total = 1000;
    s.ops_per_s = 100;
    s.bytes_per_s = 6.5e6;
    return s;
}

/// The greatest of everything.
live_status extreme() {
    live_status s = measuring();
    s.elapsed_s = 9e9;
    s.ops_per_s = 1e12;
    s.bytes_per_s = 1e15;
    s.in_flight = ~0ULL;
    s.backlog = ~0ULL;
    s.p50_ns = s.p99_ns = s.send_lag_p99_ns = 3'600'000'000'000;
    s.errors = ~0ULL;
    s.busiest_core = 50;
    s.objects_done = s.objects_total = ~0ULL;
    return s;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        out.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return out;
}

/// What a display writes into a pipe.
template <typename Body>
std::string output_of(terminal_options options, Body body) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    {
        live_display display(ends[1], options);
        body(display);
    }
    ::close(ends[1]);
    std::string out;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        out.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    return out;
}

/// A terminal of a given width with just enough of its commands: it wraps, and knows CR, LF, cursor
/// up, and clear to the end. Colours take no room.
class screen {
  public:
    explicit screen(std::size_t width) : width_(width), rows_(1) {}

    void show(const std::string& text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '\r') {
                column_ = 0;
            } else if (c == '\n') {
                down();
                column_ = 0;
            } else if (c == '\x1b') {
                const std::size_t end = text.find_first_not_of("[0123456789;", i + 1);
                const int n = std::atoi(text.c_str() + i + 2);
                if (text[end] == 'A') row_ -= static_cast<std::size_t>(n);
                if (text[end] == 'J') {
                    rows_.resize(row_ + 1);
                    rows_[row_].resize(column_);
                }
                i = end;
            } else {
                if (column_ == width_) {
                    down();
                    column_ = 0;
                }
                if (rows_[row_].size() <= column_) rows_[row_].resize(column_ + 1, ' ');
                rows_[row_][column_++] = c;
            }
        }
    }

    const std::vector<std::string>& rows() const { return rows_; }

  private:
    void down() {
        ++row_;
        if (row_ == rows_.size()) rows_.emplace_back();
    }

    std::size_t width_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    std::vector<std::string> rows_;
};

/// Reads what has come through a pseudo terminal so far. The kernel passes it on in its own time: a
/// mark behind it says when all has come.
std::string drain(int terminal, int other) {
    REQUIRE(::write(terminal, "\x01", 1) == 1);
    std::string out;
    char buffer[4096];
    while (!out.ends_with('\x01')) {
        const ssize_t n = ::read(other, buffer, sizeof buffer);
        REQUIRE(n > 0);
        out.append(buffer, static_cast<std::size_t>(n));
    }
    out.pop_back();
    return out;
}

void resize(int fd, unsigned short width) {
    winsize size{};
    size.ws_col = width;
    size.ws_row = 24;
    ::ioctl(fd, TIOCSWINSZ, &size);
}

}  // namespace

TEST_CASE("status_line_stands_under_its_header_and_fits_80_columns") {
    const std::string header = status_header(measuring(), 79);
    const std::string line = format_status(measuring(), 79, false);
    CHECK(header ==
          "   time phase    ops/s    MB/s in flight      p50      p99  lag p99 core errors");
    CHECK(line ==
          "   0:14 measure  12.3k   806.2       256  1.25 ms  12.3 ms  12.3 us  87%      7");
    CHECK(header.size() < 80);
    CHECK(line.size() == header.size());
}

TEST_CASE("status_line_of_an_interval_without_operations_shows_no_latency") {
    live_status s = measuring();
    s.ops_per_s = 0;
    CHECK(format_status(s, 79, false).find("ms") == std::string::npos);
}

TEST_CASE("status_line_shows_waiting_work_beside_what_is_in_flight") {
    live_status s = measuring();
    s.backlog = 120;
    CHECK(format_status(s, 79, false).find("  256+120  ") != std::string::npos);
}

TEST_CASE("status_line_of_extreme_figures_still_fits") {
    live_status s = extreme();
    CHECK(format_status(s, 79, false).size() < 80);
    s.phase = "prepare";
    CHECK(format_status(s, 79, false).size() < 80);
    s.phase = "a very long phase";
    CHECK(format_status(s, 79, false).size() < 80);
    s.ops_per_s = -5;
    s.elapsed_s = -1;
    s.phase_elapsed_s = 1e300;
    CHECK(format_status(s, 79, false).size() < 80);
    CHECK(format_bar(s, 79, false).size() < 80);
}

TEST_CASE("status_line_of_prepare_tells_how_far_it_is_and_when_it_will_be_done") {
    live_status s = preparing();
    CHECK(format_status(s, 79, false) ==
          "   0:04 prepare 400 of 1000 objects (40%), 100/s, 6.50 MB/s, 6s left");
    CHECK(status_header(s, 79).empty());
    s.errors = 1;
    CHECK(format_status(s, 79, false).ends_with("left, 1 error"));
    s.objects_total = 0;
    CHECK(format_status(s, 79, false).find(" of ") == std::string::npos);
    s.phase_elapsed_s = 0;
    s.objects_total = 1000;
    CHECK(format_status(s, 79, false).find("left") == std::string::npos);
}

TEST_CASE("status_line_of_a_narrow_terminal_lacks_columns_but_never_the_errors") {
    live_status s = measuring();
    for (int width = 24; width < 80; ++width) {
        CAPTURE(width);
        const std::string header = status_header(s, width);
        const std::string line = format_status(s, width, false);
        CHECK(header.size() <= static_cast<std::size_t>(width));
        CHECK(header.size() == line.size());
        CHECK(header.ends_with(" errors"));
        CHECK(line.ends_with("      7"));
        CHECK(header.find("ops/s") != std::string::npos);
    }
    CHECK(status_header(s, 71) ==
          "   time phase    ops/s    MB/s in flight      p50      p99 core errors");
    CHECK(status_header(s, 59) == "   time phase    ops/s in flight      p99 core errors");
    CHECK(status_header(s, 39) == "   time phase    ops/s      p99 errors");
    CHECK(format_status(s, 39, false) == "   0:14 measure  12.3k  12.3 ms      7");
    live_status data = preparing();
    data.errors = 12;
    for (int width = 40; width < 80; ++width) {
        CAPTURE(width);
        const std::string line = format_status(data, width, false);
        CHECK(line.size() <= static_cast<std::size_t>(width));
        CHECK(line.ends_with(", 12 errors"));
    }
}

TEST_CASE("bar_fills_with_the_phase_and_gives_way_when_there_is_no_room") {
    const std::string bar = format_bar(measuring(), 79, false);
    CHECK(bar.size() <= 79);
    CHECK(bar.find(" 40%, 18s left") != std::string::npos);
    CHECK(std::count(bar.begin(), bar.end(), '#') * 60 / 100 == 14);
    CHECK(format_bar(measuring(), 10, false).empty());
    live_status s = measuring();
    s.phase_elapsed_s = 100;
    CHECK(format_bar(s, 79, false).find("100%, 0s left") != std::string::npos);
    s.phase_planned_s = 0;
    CHECK(format_bar(s, 79, false).empty());
}

TEST_CASE("display_without_a_terminal_appends_lines_under_a_repeated_header") {
    const std::string out = output_of({}, [](live_display& display) {
        display.update(preparing());
        for (int i = 0; i < 45; ++i)
            display.update(measuring());
        display.message("warning\n");
    });
    CHECK(out.find('\x1b') == std::string::npos);
    CHECK(out.find('\r') == std::string::npos);
    const auto lines = lines_of(out);
    std::vector<std::size_t> headers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].find("ops/s") != std::string::npos) headers.push_back(i);
    }
    CHECK(headers == std::vector<std::size_t>{1, 22, 43});
    CHECK(lines.size() == 1 + 45 + 3 + 1);
    CHECK(lines.back() == "warning");
}

TEST_CASE("display_on_a_terminal_redraws_two_lines_and_keeps_the_last_of_each_phase") {
    int terminal = -1;
    int other = -1;
    REQUIRE(::openpty(&other, &terminal, nullptr, nullptr, nullptr) == 0);
    resize(terminal, 80);
    screen shown(80);
    {
        const environment_variable term("TERM", "xterm");
        live_display display(terminal, terminal_options::of(terminal));
        display.update(preparing());
        live_status s = measuring();
        for (int i = 0; i < 5; ++i) {
            s.elapsed_s = 14 + i;
            display.update(s);
        }
        display.message("a warning");
        s.elapsed_s = 20;
        display.update(s);
        shown.show(drain(terminal, other));
        REQUIRE(shown.rows().size() == 5);
        CHECK(shown.rows()[0].find("400 of 1000") != std::string::npos);
        CHECK(shown.rows()[1].find("ops/s") != std::string::npos);
        CHECK(shown.rows()[2] == "a warning");
        CHECK(shown.rows()[3].find("0:20 measure") != std::string::npos);
        CHECK(shown.rows()[4].find("[###") == 0);
    }
    shown.show(drain(terminal, other));
    REQUIRE(shown.rows().size() == 5);
    CHECK(shown.rows()[3].find("0:20 measure") != std::string::npos);
    CHECK(shown.rows()[4].empty());
    ::close(terminal);
    ::close(other);
}

TEST_CASE("display_shows_what_drivers_count_in_a_line_of_its_own_that_is_redrawn") {
    live_status s = measuring();
    s.health = "health line";
    s.drivers = "connect_time p99 1.2 ms, " + std::string(200, 'x');
    const auto appended = lines_of(output_of({}, [&](live_display& display) {
        for (int i = 0; i < 21; ++i)
            display.update(s);
    }));
    const auto at = std::find(appended.begin(), appended.end(), s.drivers);
    REQUIRE(at != appended.end());
    CHECK(*(at - 1) == "health line");
    CHECK(std::count(appended.begin(), appended.end(), s.drivers) == 1);

    int terminal = -1;
    int other = -1;
    REQUIRE(::openpty(&other, &terminal, nullptr, nullptr, nullptr) == 0);
    resize(terminal, 80);
    screen shown(80);
    const environment_variable term("TERM", "xterm");
    live_display display(terminal, terminal_options::of(terminal));
    for (int i = 0; i < 4; ++i)
        display.update(s);
    shown.show(drain(terminal, other));
    // Header, values, health, drivers, bar.
    REQUIRE(shown.rows().size() == 5);
    CHECK(shown.rows()[2] == "health line");
    CHECK(shown.rows()[3].starts_with("connect_time p99 1.2 ms, xxx"));
    CHECK(shown.rows()[3].size() == 79);
    s.drivers.clear();
    display.update(s);
    shown.show(drain(terminal, other));
    CHECK(shown.rows()[3].find('[') == 0);
    display.finish();
    ::close(terminal);
    ::close(other);
}

TEST_CASE("display_on_a_terminal_that_is_made_narrower_stays_in_its_lines") {
    int terminal = -1;
    int other = -1;
    REQUIRE(::openpty(&other, &terminal, nullptr, nullptr, nullptr) == 0);
    const environment_variable term("TERM", "xterm");
    resize(terminal, 80);
    live_display display(terminal, terminal_options::of(terminal));
    display.update(measuring());
    const std::string before = drain(terminal, other);
    resize(terminal, 50);
    display.update(measuring());
    display.update(measuring());
    const std::string after = drain(terminal, other);
    // What stood there is wrapped by the terminal, as by one that was 50 wide all along.
    screen shown(50);
    shown.show(before);
    shown.show(after);
    // The header took two rows of 50; then the values, cut, and the bar.
    REQUIRE(shown.rows().size() == 4);
    CHECK(shown.rows()[2].find("0:14 measure") != std::string::npos);
    CHECK(shown.rows()[2].size() <= 49);
    CHECK(shown.rows()[3].find('[') == 0);
    ::close(terminal);
    ::close(other);
}

TEST_CASE("terminal_options_follow_the_environment") {
    int terminal = -1;
    int other = -1;
    REQUIRE(::openpty(&other, &terminal, nullptr, nullptr, nullptr) == 0);
    resize(terminal, 132);
    {
        const environment_variable term("TERM", "xterm");
        const environment_variable color("NO_COLOR", nullptr);
        CHECK(terminal_options::of(terminal).in_place);
        CHECK(terminal_options::of(terminal).color);
        CHECK(terminal_options::of(terminal).width == 132);
        const environment_variable without("NO_COLOR", "1");
        CHECK_FALSE(terminal_options::of(terminal).color);
        CHECK(terminal_options::of(terminal).in_place);
    }
    {
        const environment_variable term("TERM", "dumb");
        CHECK_FALSE(terminal_options::of(terminal).in_place);
        CHECK_FALSE(terminal_options::of(terminal).color);
    }
    ::close(terminal);
    ::close(other);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    CHECK_FALSE(terminal_options::of(ends[1]).in_place);
    CHECK(terminal_options::of(ends[1]).width == 80);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("colour_changes_nothing_but_the_colour") {
    terminal_options options;
    options.color = true;
    const std::string out = output_of(options, [](live_display& d) { d.update(measuring()); });
    CHECK(out.find("\x1b[31m") != std::string::npos);
    screen painted(200);
    painted.show(out);
    screen bare(200);
    bare.show(output_of({}, [](live_display& d) { d.update(measuring()); }));
    CHECK(painted.rows() == bare.rows());
}

TEST_CASE("display_whose_reader_has_gone_goes_on_in_silence") {
    ::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    live_display display(ends[1], {});
    for (int i = 0; i < 3; ++i)
        display.update(measuring());
    // It gave the descriptor up: whatever is open under its number by now gets nothing.
    int others[2];
    REQUIRE(::pipe(others) == 0);
    REQUIRE(::dup2(others[1], ends[1]) == ends[1]);
    display.message("nobody reads this");
    int waiting = -1;
    CHECK(::ioctl(others[0], FIONREAD, &waiting) == 0);
    CHECK(waiting == 0);
    ::close(others[0]);
    ::close(others[1]);
    ::close(ends[1]);
}

TEST_CASE("display_tells_trouble_whole_and_without_what_a_server_put_into_it") {
    live_status status;
    status.phase = "cleanup";
    status.objects_done = 3;
    status.objects_total = 200;
    status.trouble =
        "without success for 4m at most: cannot connect to 127.0.0.1:8000: \x1b[2J"
        "Connection refused";
    const std::string out = output_of({}, [&](live_display& d) {
        d.update(status);
        d.wait("cleanup waits for the target's answer, 2s of at most 15s");
    });
    CHECK(out.find("3 of 200 objects") != std::string::npos);
    CHECK(out.find("Connection") != std::string::npos);
    CHECK(out.find("refused") != std::string::npos);
    CHECK(out.find("\n        without success") != std::string::npos);
    CHECK(out.find("waits for the target's answer, 2s of at most 15s\n") != std::string::npos);
    CHECK(out.find('\x1b') == std::string::npos);
}
