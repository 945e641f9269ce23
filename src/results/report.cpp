#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/health.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "report_cluster.hpp"
#include "report_drivers.hpp"
#include "report_errors.hpp"
#include "report_load.hpp"
#include "report_verdict.hpp"
#include "report_words.hpp"

namespace chopsticks::results {

namespace {

/// Where the paragraphs' text begins.
constexpr std::size_t indent = 12;

using cells = std::vector<std::string>;

cells throughput_cells(const json& f) {
    return {whole(count(f, "ok")), whole(count(f, "failed")), rate(number(f, "rate_per_s")),
            rate(number(f, "bytes_per_s") / 1e6)};
}

cells latency_cells(const json& h) {
    return {latency(h, "mean_ns"), latency(h, "p50_ns"),  latency(h, "p90_ns"),
            latency(h, "p99_ns"),  latency(h, "p999_ns"), latency(h, "max_ns")};
}

const cells throughput_header = {"ok", "failed", "ops/s", "MB/s"};
const cells latency_header = {"mean", "p50", "p90", "p99", "p99.9", "max"};

/// Rows of figures as one table where there is room, otherwise as two.
class figures_tables {
  public:
    explicit figures_tables(const std::string& what)
        : all_(row_of(what, throughput_header, latency_header)),
          throughput_(row_of(what, throughput_header)),
          latency_(row_of("Response time", latency_header)) {
        // Of the first table nothing; of the percentiles those that say least beside the others.
        latency_.leave_out_first({1, 3, 5, 6});
    }

    void add(const std::string& name, const json& f) {
        const cells throughput = throughput_cells(f);
        const cells latencies = latency_cells(member(f, "response"));
        all_.add(row_of(name, throughput, latencies));
        throughput_.add(row_of(name, throughput));
        latency_.add(row_of(name, latencies));
    }

    void add_rule() {
        all_.add_rule();
        throughput_.add_rule();
        latency_.add_rule();
    }

    std::string render(std::size_t width) const {
        if (all_.natural_width() <= width) return all_.render(width);
        return throughput_.render(width) + "\n" + latency_.render(width);
    }

  private:
    static cells row_of(const std::string& name, const cells& first, const cells& second = {}) {
        cells row{name};
        row.insert(row.end(), first.begin(), first.end());
        row.insert(row.end(), second.begin(), second.end());
        return row;
    }

    text_table all_;
    text_table throughput_;
    text_table latency_;
};

std::string title(const json& doc, std::size_t width, const terminal_options& options) {
    const json& run = member(doc, "run");
    const json& workload = member(doc, "workload");
    std::string name = text(member(doc, "scenario"), "name");
    if (name.empty()) name = "run";
    std::string what = "measured " + decimal(number(run, "duration_s"), 1) + " s";
    const json& warmup = member(run, "warmup_cut");
    const double warmup_s = number(warmup, "by_time_s") + number(warmup, "by_steady_state_s");
    if (warmup_s > 0) what += " after " + decimal(warmup_s, 1) + " s of warm-up";
    const json& steady = member(warmup, "steady");
    if (steady.is_boolean()) what += steady.get<bool>() ? " (steady)" : " (not steady)";
    const json& throughput = member(run, "throughput");
    const double mean = number(throughput, "mean_per_s");
    if (member(throughput, "half_width_per_s").is_number() && mean > 0) {
        what += ", throughput known to +-" +
                decimal(100 * number(throughput, "half_width_per_s") / mean, 2) + "% (95%)";
    }
    for (const auto& [key, settings] : workload.items()) {
        const json& endpoints = member(settings, "endpoints");
        if (!endpoints.is_array() || endpoints.empty() || !endpoints[0].is_string()) continue;
        what += ", " + printable(endpoints[0].get_ref<const std::string&>());
        if (endpoints.size() > 1) what += " and " + std::to_string(endpoints.size() - 1) + " more";
    }
    std::string driver = text(workload, "driver");
    for (const auto& [key, group] : member(doc, "groups").items()) {
        if (!text(group, "driver").empty()) driver = text(group, "driver");
        break;
    }
    if (!driver.empty()) what += ", driver " + driver;
    const std::size_t cores = member(member(doc, "generator"), "cores").size();
    if (cores > 0) what += ", " + of_these(cores, "core", "cores");
    what += ", seed " + std::to_string(count(run, "seed"));
    return painted(std::string(cut(name + "  run " + text(run, "id"), width)), bold, options) +
           "\n" + paragraph("", 0, what, width) + "\n";
}

std::string stages(const json& doc, std::size_t width) {
    text_table table({"Stage", "length", "due/s", "ops/s", "failed", "shed", "p50", "p99", "max"});
    table.leave_out_first({6, 1, 8, 2, 5});
    std::size_t place = 0;
    for (const json& stage : member(doc, "stages")) {
        const json& load = member(stage, "load");
        const json& total = member(stage, "total");
        const json& response = member(total, "response");
        const double due = number(load, "intended_rate_per_s");
        table.add({std::to_string(++place), decimal(number(stage, "duration_s"), 1) + " s",
                   due > 0 ? rate(due) : "-", rate(number(total, "rate_per_s")),
                   whole(count(total, "failed")),
                   whole(count(load, "shed") + count(load, "shed_late")),
                   latency(response, "p50_ns"), latency(response, "p99_ns"),
                   latency(response, "max_ns")});
    }
    return table.empty() ? std::string() : "\n" + table.render(width);
}

std::string size_classes(const json& doc, std::size_t width) {
    text_table table({"By size", "ok", "failed", "MB/s", "mean", "p50", "p99", "max"});
    table.leave_out_first({4, 5, 3, 7});
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        const json& classes = member(operation, "by_size_class");
        if (classes.size() < 2) continue;
        for (const auto& [size, f] : classes.items()) {
            const json& response = member(f, "response");
            table.add({printable(name) + " " + printable(size), whole(count(f, "ok")),
                       whole(count(f, "failed")), rate(number(f, "bytes_per_s") / 1e6),
                       latency(response, "mean_ns"), latency(response, "p50_ns"),
                       latency(response, "p99_ns"), latency(response, "max_ns")});
        }
    }
    return table.empty() ? std::string() : "\n" + table.render(width);
}

std::string endpoints(const json& doc, std::size_t width) {
    const json& by_endpoint = member(doc, "by_endpoint");
    if (by_endpoint.size() < 2) return {};
    double all = 0;
    for (const auto& [url, f] : by_endpoint.items()) {
        all += static_cast<double>(count(f, "ok") + count(f, "failed"));
    }
    text_table table({"Endpoint", "share", "ok", "failed", "ops/s", "MB/s", "p50", "p99"});
    table.leave_out_first({6, 1, 2, 5});
    for (const auto& [url, f] : by_endpoint.items()) {
        const json& response = member(f, "response");
        const auto ended = static_cast<double>(count(f, "ok") + count(f, "failed"));
        table.add({printable(url), percent(all > 0 ? ended / all : 0, 1), whole(count(f, "ok")),
                   whole(count(f, "failed")), rate(number(f, "rate_per_s")),
                   rate(number(f, "bytes_per_s") / 1e6), latency(response, "p50_ns"),
                   latency(response, "p99_ns")});
    }
    return "\n" + table.render(width);
}

std::string generator(const json& doc, std::size_t width) {
    const json& g = member(doc, "generator");
    const json& total = member(doc, "total");
    std::vector<std::string> facts;
    double busiest = 0;
    std::size_t which = 0;
    const json& cores = member(g, "cores");
    for (std::size_t i = 0; i < cores.size(); ++i) {
        if (number(cores[i], "busy_share") > busiest) {
            busiest = number(cores[i], "busy_share");
            which = i;
        }
    }
    if (!cores.empty()) {
        facts.push_back("busiest core " + percent(busiest, 0) +
                        (cores.size() > 1 ? " (core " + std::to_string(which) + ")" : ""));
    }
    const json& lag = member(total, "send_lag");
    if (count(lag, "count") > 0) {
        facts.push_back("send lag p99 " + latency(lag, "p99_ns") + ", max " +
                        latency(lag, "max_ns"));
    }
    const json& cpu = member(g, "cpu_seconds");
    if (member(cpu, "user").is_number() && member(cpu, "system").is_number()) {
        const double used_s = number(cpu, "user") + number(cpu, "system");
        std::string fact = "CPU " + decimal(used_s, 1) + " s";
        const std::uint64_t ended = count(total, "ok") + count(total, "failed");
        if (ended > 0) {
            fact += " (" + format_latency(std::llround(used_s * 1e9 / static_cast<double>(ended))) +
                    " per operation)";
        }
        facts.push_back(fact);
    }
    if (member(g, "rss_bytes_max").is_number()) {
        facts.push_back("memory " + decimal(number(g, "rss_bytes_max") / 1048576, 0) + " MiB");
    }
    const json& connections = member(g, "connections");
    std::string opened = of_these(count(connections, "opened"), "connection", "connections");
    if (count(connections, "failed") > 0) {
        opened += " and " + whole(count(connections, "failed")) + " that failed";
    }
    if (count(connections, "tls_handshakes") > 0) {
        opened +=
            ", " +
            of_these(count(connections, "tls_handshakes"), "TLS handshake", "TLS handshakes") +
            " (" + whole(count(connections, "tls_resumed")) + " resumed)";
    }
    // Block devices have none that are counted.
    if (count(connections, "opened") + count(connections, "failed") > 0) facts.push_back(opened);
    if (count(connections, "timeouts") > 0) {
        facts.push_back(of_these(count(connections, "timeouts"), "time-out", "time-outs"));
    }
    if (number(g, "steal_share") >= 0.005) {
        facts.push_back("CPU steal " + percent(number(g, "steal_share"), 1));
    }
    if (count(g, "tcp_retransmits") > 0) {
        facts.push_back(of_these(count(g, "tcp_retransmits"), "TCP retransmit", "TCP retransmits"));
    }
    std::string line;
    for (const std::string& fact : facts)
        line += (line.empty() ? "" : ", ") + fact;
    std::string out = paragraph("Generator", indent, line, width);
    const json& health = member(doc, "health");
    if (health.is_object()) out += paragraph("Health", indent, describe_health(health), width);
    return out;
}

/// Places that verification found wrong, by name.
std::string wrong_places(const json& doc, std::size_t width) {
    const json& wrong = member(member(doc, "data"), "wrong");
    const std::uint64_t places = count(wrong, "places");
    if (places == 0) return {};
    std::string out = "\nWrong data: " + of_these(places, "place", "places") + "\n";
    std::size_t told = 0;
    for (const json& one : member(wrong, "examples")) {
        if (!one.is_string()) continue;
        out += paragraph("", 2, printable(one.get<std::string>()), width);
        ++told;
    }
    if (told < places) out += "  and " + whole(places - told) + " more\n";
    return out;
}

std::string file_lines(const report_files& files) {
    // Never wrapped: a path is there to be copied.
    std::string out;
    if (!files.result.empty()) out += pad_right("Result", indent) + files.result + "\n";
    if (!files.intervals.empty()) out += pad_right("Intervals", indent) + files.intervals + "\n";
    return out;
}

}  // namespace

std::string render_report(const json& document, const report_files& files,
                          const terminal_options& options) {
    // Beyond 160 columns the eye no longer follows a row.
    const auto width = static_cast<std::size_t>(std::clamp(options.width, 40, 161) - 1);
    std::string out = title(document, width, options);
    const json& operations = member(document, "operations");
    figures_tables tables("Operation");
    for (const auto& [name, f] : operations.items())
        tables.add(printable(name), f);
    if (operations.size() > 1) {
        tables.add_rule();
        tables.add("total", member(document, "total"));
    }
    out += tables.render(width) + "\n";
    out += load_lines(document, indent, width);
    out += generator(document, width);
    out += cluster_lines(document, indent, width);
    out += stages(document, width);
    out += size_classes(document, width);
    out += endpoints(document, width);
    out += driver_figure_lines(document, width);
    out += error_lines(document, width, options);
    out += wrong_places(document, width);
    out += "\n" + verdict_lines(document, indent, width, options);
    out += file_lines(files);
    return out;
}

}  // namespace chopsticks::results
