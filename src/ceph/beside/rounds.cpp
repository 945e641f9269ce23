#include "rounds.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chopsticks/core/clock.hpp>

#include "admin_socket.hpp"
#include "ask_bucket.hpp"
#include "http_get.hpp"

namespace chopsticks::ceph::beside {

namespace {

constexpr std::size_t refused_told = 32;
/// They are of this process.
constexpr std::int64_t client_answer_ns = 200'000'000;

constexpr question status{"status", false};
constexpr question versions{"versions", false};
constexpr question osd_df{"osd df", true};
constexpr question config_dump{"config dump", false};
constexpr question df{"df", false};
constexpr question pool_list{"osd pool ls", false, "\"detail\":\"detail\""};
constexpr question rules{"osd crush rule dump", false};
constexpr question object_stores{"osd count-metadata", false, "\"property\":\"osd_objectstore\""};
constexpr question osd_perf{"osd perf", true};
constexpr question down_osds{"osd tree", false, "\"states\":[\"down\"]"};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                            : std::string();
}

}  // namespace

std::string question::command() const {
    std::string out = "{\"prefix\":\"" + std::string(prefix) + "\",\"format\":\"json\"";
    if (!more.empty()) out += "," + std::string(more);
    return out + "}";
}

std::string rounds::connect() {
    if (connected_ || !how_.asks_cluster) return {};
    std::string problem = who_.connect();
    connected_ = problem.empty();
    return problem;
}

json rounds::ask(const question& q, std::string& problem) {
    ++count_.commands;
    const answer got = who_.ask(q);
    problem = got.problem;
    if (problem.empty()) {
        json out = parse_answer(got.body);
        if (!out.is_null()) return out;
        problem = "its answer is no JSON, or larger than anybody reads";
    }
    ++count_.failed;
    if (count_.refused.size() < refused_told) count_.refused[std::string(q.prefix)] = problem;
    return nullptr;
}

std::optional<snapshot> rounds::look() {
    if (!how_.prometheus.empty()) return look_at_metrics();
    if (!how_.asks_cluster) return std::nullopt;
    std::string problem = connect();
    if (!problem.empty()) return std::nullopt;
    const std::int64_t began_ns = monotonic_ns();
    snapshot out;
    const json first = ask(status, problem);
    out.state.asked_s = static_cast<double>(monotonic_ns() - began_ns) / 1e9;
    if (!read_status(first, out.state)) return std::nullopt;
    out.fsid = text_at(first, "fsid", 60);
    const auto take = [&](const question& q, void (*read)(const json&, snapshot&)) {
        std::string why;
        const json got = ask(q, why);
        if (why.empty()) {
            read(got, out);
        } else {
            out.unanswered.push_back(std::string(q.prefix) + ": " + why);
        }
    };
    take(versions, read_versions);
    take(config_dump, read_config);
    take(pool_list, read_pools);
    take(df, read_df);
    take(rules, read_rules);
    take(object_stores, read_object_stores);
    take(osd_df, read_osd_df);
    look_at_osds_here(out);
    return out;
}

void rounds::look_at_osds_here(const snapshot& at) {
    if (at.state.osds == 0) return;
    for (const osd_processes::candidate& one : here_.find()) {
        if (here_.follows(one)) continue;
        // Another cluster's OSDs may run here too, under the same numbers.
        std::string problem;
        const std::string more = "\"id\":" + std::to_string(one.osd);
        const json metadata = ask({"osd metadata", false, more}, problem);
        const bool ours = text_at(metadata, "hostname") == host_name() &&
                          process_of_address(text_at(metadata, "front_addr")) == one.process;
        if (ours) here_.follow(one);
    }
    here_.busy(monotonic_ns());
}

std::optional<sample> rounds::sample_now(std::string& problem) {
    problem = connect();
    if (!problem.empty()) return std::nullopt;
    ++count_.rounds;
    if (!how_.prometheus.empty()) return sample_of_metrics(problem);
    if (!how_.asks_cluster) {
        sample of_rgw;
        of_rgw.rgw = look_at_rgw(problem);
        return problem.empty() ? std::optional(of_rgw) : std::nullopt;
    }
    const std::uint64_t asked_before = count_.commands;
    const std::int64_t began_ns = monotonic_ns();
    sample out;
    const json first = ask(status, problem);
    out.asked_s = static_cast<double>(monotonic_ns() - began_ns) / 1e9;
    if (!problem.empty()) return std::nullopt;
    if (!read_status(first, out)) {
        problem = "what it answered is no status";
        return std::nullopt;
    }
    const bool some_down = out.osds_up < out.osds;
    if (out.osds_up != up_before_ || (some_down && !down_known_)) {
        up_before_ = out.osds_up;
        down_.clear();
        std::string why;
        if (some_down) down_ = read_down(ask(down_osds, why));
        down_known_ = true;
        // One that was started again is another process.
        if (count_.rounds > 1) {
            snapshot at;
            at.state = out;
            look_at_osds_here(at);
        }
    }
    out.down = down_;
    if (perf_rest_ > 0) {
        --perf_rest_;
    } else {
        ++count_.commands;
        const answer got = who_.ask(osd_perf);
        commit_.reset();
        apply_.reset();
        if (got.problem.empty()) {
            perf_every_ = got.body.size() > long_answer_bytes ? 5 : 1;
            sample of;
            if (read_osd_perf(parse_answer(got.body), of)) {
                commit_ = of.commit;
                apply_ = of.apply;
            }
        } else {
            ++count_.failed;
            if (count_.refused.size() < refused_told)
                count_.refused[std::string(osd_perf.prefix)] = got.problem;
            perf_every_ = manager_rest;
        }
        perf_rest_ = perf_every_ - 1;
    }
    out.commit = commit_;
    out.apply = apply_;
    out.osd_cpu = here_.busy(monotonic_ns());
    std::string rgw_problem;
    out.rgw = look_at_rgw(rgw_problem);
    count_.most_in_a_round = std::max(count_.most_in_a_round, count_.commands - asked_before);
    return out;
}

std::optional<snapshot> rounds::look_at_metrics() {
    std::string problem;
    ++count_.commands;
    const std::int64_t began_ns = monotonic_ns();
    const std::string text =
        http_get(*parse_http_place(how_.prometheus), how_.to.operation_timeout_ns, problem);
    snapshot out;
    out.state.asked_s = static_cast<double>(monotonic_ns() - began_ns) / 1e9;
    if (!read_metrics(text, out.state, nullptr)) {
        ++count_.failed;
        return std::nullopt;
    }
    read_metrics(text, out);
    return out;
}

std::optional<sample> rounds::sample_of_metrics(std::string& problem) {
    ++count_.commands;
    count_.most_in_a_round = std::max<std::uint64_t>(count_.most_in_a_round, 1);
    const std::int64_t began_ns = monotonic_ns();
    const std::string text =
        http_get(*parse_http_place(how_.prometheus), how_.to.operation_timeout_ns, problem);
    const std::int64_t now_ns = monotonic_ns();
    sample out;
    client_totals now;
    out.asked_s = static_cast<double>(now_ns - began_ns) / 1e9;
    if (problem.empty() && !read_metrics(text, out, &now))
        problem = how_.prometheus + ": has no metrics of a Ceph cluster";
    if (!problem.empty()) {
        ++count_.failed;
        if (count_.refused.size() < refused_told) count_.refused["GET"] = problem;
        return std::nullopt;
    }
    const double length_s = static_cast<double>(now_ns - clients_before_ns_) / 1e9;
    if (clients_before_ && length_s > 0) {
        // Pools that went away took theirs with them.
        const auto rate = [&](double before, double after) {
            return std::max(0.0, after - before) / length_s;
        };
        out.read_ops_per_s = rate(clients_before_->reads, now.reads);
        out.read_bytes_per_s = rate(clients_before_->read_bytes, now.read_bytes);
        out.write_ops_per_s = rate(clients_before_->writes, now.writes);
        out.write_bytes_per_s = rate(clients_before_->write_bytes, now.write_bytes);
    }
    clients_before_ = now;
    clients_before_ns_ = now_ns;
    std::string rgw_problem;
    out.rgw = look_at_rgw(rgw_problem);
    return out;
}

void rounds::ask_clients(double t_s) {
    clients_.ask(who_.client_sockets(), t_s, client_answer_ns);
}

std::vector<std::optional<bucket_state>> rounds::look_at_buckets(std::int64_t until_ns,
                                                                 std::string& problem) {
    problem.clear();
    if (!admin_) return {};
    std::vector<std::optional<bucket_state>> out(admin_->buckets.size());
    for (std::size_t i = 0; i < out.size() && problem.empty(); ++i) {
        const std::int64_t left_ns = until_ns - monotonic_ns();
        if (left_ns <= 0) {
            problem = admin_->endpoint + ": no time left for further buckets";
            break;
        }
        out[i] =
            ask_bucket(*admin_, admin_->buckets[i], wall_ns() / 1'000'000'000, left_ns, problem);
    }
    if (!problem.empty() && count_.refused.size() < refused_told)
        count_.refused["admin/bucket"] = problem;
    return out;
}

std::optional<rgw_sample> rounds::look_at_rgw(std::string& problem) {
    if (how_.rgw_socket.empty()) return std::nullopt;
    const std::string text =
        ask_admin_socket(how_.rgw_socket, "perf dump", how_.to.operation_timeout_ns, problem);
    const std::int64_t now_ns = monotonic_ns();
    const std::optional<rgw_counters> now = read_rgw(parse_answer(text));
    if (!now) {
        if (problem.empty()) problem = how_.rgw_socket + ": has no counters of radosgw";
        if (count_.refused.size() < refused_told) count_.refused["perf dump"] = problem;
        rgw_before_.reset();
        return std::nullopt;
    }
    const std::optional<rgw_counters> before = rgw_before_;
    const double length_s = static_cast<double>(now_ns - rgw_before_ns_) / 1e9;
    rgw_before_ = now;
    rgw_before_ns_ = now_ns;
    // One that was started again counts from nothing.
    if (!before || length_s <= 0 || now->requests < before->requests) return std::nullopt;
    rgw_sample out;
    out.requests_per_s = (now->requests - before->requests) / length_s;
    out.failed_per_s = std::max(0.0, now->failed - before->failed) / length_s;
    const auto mean_ms = [](double count, double sum_s) -> std::optional<double> {
        if (count <= 0 || sum_s < 0) return std::nullopt;
        return 1e3 * sum_s / count;
    };
    out.get_ms = mean_ms(now->gets - before->gets, now->get_s - before->get_s);
    out.put_ms = mean_ms(now->puts - before->puts, now->put_s - before->put_s);
    out.queued = now->queued;
    out.active = now->active;
    return out;
}

}  // namespace chopsticks::ceph::beside
