#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "file_io.hpp"

namespace chopsticks::results {

namespace {

/// Where all columns have room.
constexpr int full_width = 80;
constexpr unsigned lines_per_header = 20;
constexpr std::size_t trouble_indent = 8;

int terminal_width(int fd) {
    winsize size;
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

bool is_data_phase(const live_status& status) {
    return status.phase == "prepare" || status.phase == "cleanup";
}

/// "57s", "4m05s", "1h02m".
std::string short_duration(double seconds) {
    if (!(seconds >= 0 && seconds < 1e8)) return "?";
    const auto whole = static_cast<long>(std::llround(seconds));
    char text[64];
    if (whole < 60) {
        std::snprintf(text, sizeof text, "%lds", whole);
    } else if (whole < 3600) {
        std::snprintf(text, sizeof text, "%ldm%02lds", whole / 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
    }
    return text;
}

/// "0:57", "34:17", "1:07:37", "123h07": at most seven columns, rounded down like any clock.
std::string clock_time(double seconds) {
    if (!(seconds >= 0 && seconds < 1e7)) return "?";
    const auto whole = static_cast<long>(seconds);
    char text[96];
    if (whole < 3600) {
        std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
    } else if (whole < 36000) {
        std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60,
                      whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%ldh%02ld", whole / 3600, whole / 60 % 60);
    }
    return text;
}

/// A count in full where it fits.
std::string whole_below(std::uint64_t value, std::uint64_t limit) {
    return value < limit ? std::to_string(value) : format_count(static_cast<double>(value));
}

/// Megabytes per second in at most seven columns.
std::string megabytes(double bytes_per_s) {
    char text[48];
    const double value = std::clamp(bytes_per_s / 1e6, 0.0, 9'999'999.0);
    const int decimals = value < 10 ? 2 : value < 10'000 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

struct part {
    std::string text;
    const char* color = nullptr;
};

std::string join(const std::vector<part>& parts, bool color) {
    std::string out;
    for (const part& one : parts) {
        const bool painted = color && one.color != nullptr;
        if (painted) out += one.color;
        out += one.text;
        if (painted) out += plain;
    }
    return out;
}

/// A piece of a line: what makes room for others where the terminal is narrow goes in the order of
/// `rank`, the highest first; 0 stays.
struct piece {
    part shown;
    unsigned rank = 0;
};

/// The pieces of one line that fit `width`, with `gap` between them. What stays although there is
/// no room for it is cut.
std::string fit(std::vector<piece> pieces, const std::string& gap, std::size_t width, bool color) {
    for (;;) {
        std::vector<part> parts;
        for (const piece& one : pieces) {
            if (!parts.empty()) parts.push_back({gap});
            parts.push_back(one.shown);
        }
        const std::string bare = join(parts, false);
        if (columns(bare) <= width) return join(parts, color);
        const auto least =
            std::max_element(pieces.begin(), pieces.end(),
                             [](const piece& a, const piece& b) { return a.rank < b.rank; });
        // Cutting through an escape sequence would leave the terminal coloured.
        if (least == pieces.end() || least->rank == 0) return std::string(cut(bare, width));
        pieces.erase(least);
    }
}

/// \param narrow the count alone, so that errors have room
std::vector<piece> data_pieces(const live_status& status, bool narrow) {
    std::vector<piece> out;
    double left_s = -1;
    std::string done = std::to_string(status.objects_done);
    if (status.objects_total > 0) done += " of " + std::to_string(status.objects_total);
    out.push_back({{narrow ? done : done + " objects"}});
    if (status.objects_total > 0) {
        const double share =
            static_cast<double>(status.objects_done) / static_cast<double>(status.objects_total);
        if (!narrow) out.back().shown.text += " (" + percent(std::min(share, 1.0)) + ")";
        const auto left = static_cast<double>(status.objects_total -
                                              std::min(status.objects_done, status.objects_total));
        // Over the whole phase: the rate of one second would make the estimate jump.
        const double rate = status.phase_elapsed_s > 0
                                ? static_cast<double>(status.objects_done) / status.phase_elapsed_s
                                : 0;
        if (rate > 0) left_s = left / rate;
    }
    out.push_back({{format_count(std::max(status.ops_per_s, 0.0)) + "/s"}, 2});
    if (status.bytes_per_s > 0) out.push_back({{format_bandwidth(status.bytes_per_s)}, 3});
    if (left_s >= 0) out.push_back({{short_duration(left_s) + " left"}, 1});
    if (status.errors > 0) {
        out.push_back(
            {{whole_below(status.errors, 1'000'000) + (status.errors == 1 ? " error" : " errors"),
              red}});
    }
    return out;
}

/// The columns of the load phases behind time and phase.
std::vector<piece> load_pieces(const live_status& status) {
    std::string flying = whole_below(status.in_flight, 10'000);
    if (status.backlog > 0) flying += "+" + whole_below(status.backlog, 10'000);
    const bool none = status.ops_per_s <= 0;
    const auto latency = [none](std::int64_t ns) {
        return pad_left(none ? "-" : format_latency(ns), 8);
    };
    return {
        {{pad_left(format_count(std::max(status.ops_per_s, 0.0)), 6)}, 0},
        {{pad_left(megabytes(status.bytes_per_s), 7)}, 6},
        {{pad_left(flying, 9)}, 3},
        {{latency(status.p50_ns)}, 5},
        {{latency(status.p99_ns)}, 1},
        {{latency(status.send_lag_p99_ns)}, 7},
        // From here on waiting for the CPU is part of what is measured.
        {{pad_left(percent(status.busiest_core), 4), status.busiest_core >= 0.9 ? yellow : nullptr},
         4},
        {{pad_left(whole_below(status.errors, 1'000'000), 6), status.errors > 0 ? red : nullptr},
         0},
    };
}

/// Share of the phase that is done, 0 to 1; below 0 when it is not known.
double share_done(const live_status& status) {
    if (is_data_phase(status)) {
        if (status.objects_total == 0) return -1;
        return std::min(1.0, static_cast<double>(status.objects_done) /
                                 static_cast<double>(status.objects_total));
    }
    if (!(status.phase_planned_s > 0)) return -1;
    return std::clamp(status.phase_elapsed_s / status.phase_planned_s, 0.0, 1.0);
}

}  // namespace

terminal_options terminal_options::of(int fd) {
    terminal_options out;
    const char* const term = std::getenv("TERM");
    const char* const no_color = std::getenv("NO_COLOR");
    const bool dumb = term == nullptr || term[0] == '\0' || std::strcmp(term, "dumb") == 0;
    const bool terminal = ::isatty(fd) == 1;
    out.in_place = terminal && !dumb;
    // https://no-color.org: present and not empty, whatever its value.
    out.color = out.in_place && (no_color == nullptr || no_color[0] == '\0');
    out.width = terminal ? terminal_width(fd) : 80;
    return out;
}

std::string status_header(const live_status& status, int width) {
    if (is_data_phase(status)) return {};
    // Of the same widths and ranks as the columns of load_pieces.
    return fit({{{pad_left("time", 7)}, 0},
                {{pad_right("phase", 7)}, 2},
                {{pad_left("ops/s", 6)}, 0},
                {{pad_left("MB/s", 7)}, 6},
                {{pad_left("in flight", 9)}, 3},
                {{pad_left("p50", 8)}, 5},
                {{pad_left("p99", 8)}, 1},
                {{pad_left("lag p99", 8)}, 7},
                {{pad_left("core", 4)}, 4},
                {{pad_left("errors", 6)}, 0}},
               " ", static_cast<std::size_t>(std::max(width, 1)), false);
}

std::string format_status(const live_status& status, int width, bool color) {
    const auto room = static_cast<std::size_t>(std::max(width, 1));
    std::vector<piece> pieces{{{pad_left(clock_time(status.elapsed_s), 7)}, 0},
                              {{pad_right(cut(status.phase, 7), 7)}, 2}};
    if (is_data_phase(status)) {
        const std::string head = join({pieces[0].shown, {" "}, pieces[1].shown, {" "}}, false);
        const std::size_t left = room > columns(head) ? room - columns(head) : 0;
        return std::string(cut(head, room)) +
               fit(data_pieces(status, left < 40), ", ", left, color);
    }
    for (piece& one : load_pieces(status))
        pieces.push_back(std::move(one));
    return fit(std::move(pieces), " ", room, color);
}

std::string format_bar(const live_status& status, int width, bool color) {
    const double share = share_done(status);
    if (share < 0) return {};
    std::string label = " " + pad_left(percent(share), 4);
    if (!is_data_phase(status)) {
        label += ", " +
                 short_duration(std::max(0.0, status.phase_planned_s - status.phase_elapsed_s)) +
                 " left";
    }
    if (status.slos > 0) {
        label += status.slos_missed == 0 ? ", SLO met"
                                         : ", SLO missed: " + std::to_string(status.slos_missed) +
                                               " of " + std::to_string(status.slos);
    }
    const int cells = std::min(60, width - static_cast<int>(columns(label)) - 2);
    if (cells < 5) return {};
    const auto full = static_cast<std::size_t>(std::floor(share * cells));
    const std::string done(full, '#');
    const std::string open(static_cast<std::size_t>(cells) - full, '.');
    return join({{"["}, {done, green}, {open}, {"]" + label}}, color);
}

live_display::live_display(int fd, terminal_options options) : fd_(fd), options_(options) {}

live_display::~live_display() {
    finish();
}

void live_display::emit(const std::string& text) noexcept {
    if (fd_ < 0 || text.empty()) return;
    // The reader has gone (`| head -1`), or the terminal: the run is worth more than its progress.
    const int error = write_all(fd_, text);
    if (error == EPIPE || error == EIO) fd_ = -1;
}

std::string live_display::rewind() {
    if (drawn_lines_ == 0) return {};
    // A terminal that was made narrower since has wrapped what stands there.
    const auto width = static_cast<std::size_t>(std::max(options_.width, 1));
    const auto rows_of = [width](std::size_t drawn) {
        return std::max<std::size_t>(1, (drawn + width - 1) / width);
    };
    std::size_t rows = rows_of(drawn_columns_);
    if (drawn_health_columns_ > 0) rows += rows_of(drawn_health_columns_);
    if (drawn_drivers_columns_ > 0) rows += rows_of(drawn_drivers_columns_);
    if (drawn_bar_columns_ > 0) rows += rows_of(drawn_bar_columns_);
    drawn_lines_ = 0;
    std::string out = "\r";
    if (rows > 1) out += "\x1b[" + std::to_string(rows - 1) + "A";
    return out + "\x1b[J";
}

void live_display::update(const live_status& status) {
    // Some terminals wrap when the last column is written.
    if (!options_.in_place) {
        const int width = std::min(options_.width, full_width) - 1;
        std::string out;
        const std::string header = status_header(status, width);
        if (!header.empty() && (!header_printed_ || lines_since_header_ >= lines_per_header)) {
            const bool again = header_printed_;
            out += header + "\n";
            if (again && !status.health.empty()) out += status.health + "\n";
            if (again && !status.drivers.empty()) out += status.drivers + "\n";
            header_printed_ = true;
            lines_since_header_ = 0;
        }
        if (header.empty()) {
            header_printed_ = false;
        } else {
            ++lines_since_header_;
        }
        out += format_status(status, width, options_.color) + "\n";
        if (!status.trouble.empty())
            out += paragraph("", trouble_indent, printable(status.trouble),
                             static_cast<std::size_t>(std::max(width, 40)));
        emit(out);
        return;
    }
    options_.width = terminal_width(fd_);
    std::string out = rewind();
    // The last line of each phase stays on the screen.
    if (!phase_.empty() && phase_ != status.phase) out += values_ + "\n";
    phase_ = status.phase;
    const auto width = static_cast<std::size_t>(std::max(options_.width - 1, 1));
    const int line = std::min(static_cast<int>(width), full_width - 1);
    const std::string header = status_header(status, line);
    if (header.empty()) {
        header_printed_ = false;
    } else if (!header_printed_) {
        out += header + "\n";
        header_printed_ = true;
    }
    drawn_columns_ = columns(format_status(status, line, false));
    values_ = format_status(status, line, options_.color);
    health_ =
        std::string(cut(status.trouble.empty() ? status.health : printable(status.trouble), width));
    drawn_health_columns_ = columns(health_);
    drivers_ = std::string(cut(status.drivers, width));
    drawn_drivers_columns_ = columns(drivers_);
    bar_ = format_bar(status, options_.width - 1, options_.color);
    drawn_bar_columns_ = columns(format_bar(status, options_.width - 1, false));
    emit(out + draw());
}

std::string live_display::draw() {
    drawn_lines_ = 1;
    std::string out = values_;
    for (const std::string* more : {&health_, &drivers_, &bar_}) {
        if (more->empty()) continue;
        out += "\n" + *more;
        ++drawn_lines_;
    }
    return out;
}

void live_display::wait(std::string_view text) {
    if (!options_.in_place) {
        const int width = std::max(std::min(options_.width, full_width) - 1, 1);
        emit(std::string(cut(printable(text), static_cast<std::size_t>(width))) + "\n");
        return;
    }
    std::string out = rewind();
    health_ = std::string(
        cut(printable(text), static_cast<std::size_t>(std::max(options_.width - 1, 1))));
    drawn_health_columns_ = columns(health_);
    drivers_.clear();
    drawn_drivers_columns_ = 0;
    bar_.clear();
    drawn_bar_columns_ = 0;
    emit(out + draw());
}

void live_display::message(std::string_view text) {
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    const bool redraw = drawn_lines_ > 0;
    std::string out = rewind() + std::string(text) + "\n";
    if (redraw) out += draw();
    emit(out);
}

void live_display::finish() {
    if (drawn_lines_ == 0) return;
    emit(rewind() + values_ + "\n");
    phase_.clear();
}

}  // namespace chopsticks::results
