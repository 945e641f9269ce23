// Locust's --csv files (2.x): the columns, in milliseconds, and its row "Aggregated".

#include <map>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

constexpr struct {
    const char* name;
    double percentile;
} locust_percentiles[] = {{"50%", 50},     {"66%", 66},       {"75%", 75},  {"80%", 80},
                          {"90%", 90},     {"95%", 95},       {"98%", 98},  {"99%", 99},
                          {"99.9%", 99.9}, {"99.99%", 99.99}, {"100%", 100}};

std::string number_of(double value) {
    return decimals(value, 6);
}

std::string per_second(std::uint64_t count, double seconds) {
    return number_of(seconds > 0 ? static_cast<double>(count) / seconds : 0);
}

void add_percentiles(std::vector<std::string>& to, const stats::response_times& times) {
    for (const auto& one : locust_percentiles) {
        to.push_back(times.count() == 0 ? "N/A"
                                        : milliseconds(times.percentile(one.percentile).least));
    }
}

/// Median, average, shortest, longest, mean size.
void add_totals(std::vector<std::string>& to, const summed& sum) {
    const stats::response_times times = sum.response();
    const stats::figures& f = sum.figures();
    to.push_back(milliseconds(times.count() == 0 ? 0 : times.percentile(50).least));
    to.push_back(milliseconds(times.mean().least));
    to.push_back(milliseconds(static_cast<double>(times.bounds().min())));
    to.push_back(milliseconds(times.max().least));
    to.push_back(number_of(
        f.ok_count == 0 ? 0 : static_cast<double>(f.bytes) / static_cast<double>(f.ok_count)));
}

std::uint64_t requests_of(const stats::figures& f) {
    return f.ok_count + f.failed_count;
}

/// Of Locust, whose names have a type beside them: the group, and the operation.
std::vector<std::string> title_of(const std::string& operation) {
    if (operation.empty()) return {"", "Aggregated"};
    return {group_of(operation), name_of(operation)};
}

}  // namespace

void write_locust_stats(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"Type",
                                       "Name",
                                       "Request Count",
                                       "Failure Count",
                                       "Median Response Time",
                                       "Average Response Time",
                                       "Min Response Time",
                                       "Max Response Time",
                                       "Average Content Size",
                                       "Requests/s",
                                       "Failures/s"};
    for (const auto& one : locust_percentiles)
        fields.emplace_back(one.name);
    out(csv_line(fields));
    const auto row = [&](const std::string& operation, const operation_figures& f, double seconds) {
        summed sum(3);
        sum.add(f, r.path);
        fields = title_of(operation);
        fields.push_back(std::to_string(requests_of(sum.figures())));
        fields.push_back(std::to_string(f.failed));
        add_totals(fields, sum);
        fields.push_back(per_second(requests_of(sum.figures()), seconds));
        fields.push_back(per_second(f.failed, seconds));
        add_percentiles(fields, sum.response());
        out(csv_line(fields));
    };
    for (const operation_figures& f : r.operations)
        row(f.name, f, measured_s(r, f.name));
    row("", r.total, r.duration_s);
}

void write_locust_history(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"Timestamp", "User Count", "Type",
                                       "Name",      "Requests/s", "Failures/s"};
    for (const auto& one : locust_percentiles)
        fields.emplace_back(one.name);
    for (const char* column :
         {"Total Request Count", "Total Failure Count", "Total Median Response Time",
          "Total Average Response Time", "Total Min Response Time", "Total Max Response Time",
          "Total Average Content Size"})
        fields.emplace_back(column);
    out(csv_line(fields));
    // Since the load began, as Locust counts from its start.
    std::map<std::string, summed> since;
    for (const results::interval_figures& one : r.intervals) {
        const double ended_s =
            static_cast<double>(r.load_began_ns()) / 1e9 + one.t_s + one.duration_s;
        const auto row = [&](const std::string& operation, const summed& current) {
            const summed& all = since.at(operation);
            fields = {std::to_string(static_cast<std::int64_t>(ended_s)),
                      std::to_string(one.load.users)};
            for (std::string& part : title_of(operation))
                fields.push_back(std::move(part));
            fields.push_back(per_second(requests_of(current.figures()), one.duration_s));
            fields.push_back(per_second(current.figures().failed_count, one.duration_s));
            add_percentiles(fields, current.response());
            fields.push_back(std::to_string(requests_of(all.figures())));
            fields.push_back(std::to_string(all.figures().failed_count));
            add_totals(fields, all);
            out(csv_line(fields));
        };
        summed together(2);
        since.try_emplace("", 2);
        for (const operation_figures& f : one.operations) {
            summed current(2);
            current.add(f, r.path);
            together.add(f, r.path);
            since.try_emplace(f.name, 2).first->second.add(f, r.path);
            since.at("").add(f, r.path);
            row(f.name, current);
        }
        row("", together);
    }
}

}  // namespace chopsticks::exports
