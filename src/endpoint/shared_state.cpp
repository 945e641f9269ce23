#include "shared_state.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <nlohmann/json.hpp>

namespace chopsticks::endpoint {

namespace {

/// A name of the public DNS can be made to lead here by whoever owns it. Addresses and names
/// without a dot are none.
bool names_this_machine(std::string_view host) {
    if (host.starts_with('[')) return true;
    const std::string_view name = host.substr(0, host.find(':'));
    return name.find('.') == std::string_view::npos ||
           std::all_of(name.begin(), name.end(),
                       [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

shared_state::shared_state(endpoint_options o) : options(std::move(o)), s3(options) {
    for (unsigned i = 0; i < options.threads; ++i) {
        tallies.push_back(std::make_unique<tally>());
        tallies.back()->request_ids = std::uint64_t{i} << 48;
        watches.push_back(std::make_unique<idle_watch>());
    }
    set_faults(options.injected);
}

std::shared_ptr<fault_plan> shared_state::plan() const {
    if (!any_faults_.load(std::memory_order_acquire)) return nullptr;
    const std::lock_guard lock(mutex_);
    return plan_;
}

void shared_state::set_faults(const faults& f) {
    auto made = f.rules.empty() ? nullptr : std::make_shared<fault_plan>(f);
    s3.keep_previous(made != nullptr && made->has(fault_kind::stale));
    const std::lock_guard lock(mutex_);
    plan_ = std::move(made);
    any_faults_.store(plan_ != nullptr, std::memory_order_release);
}

counters shared_state::count() const {
    const auto read = [](const tally::number& n) { return n.load(std::memory_order_relaxed); };
    counters out;
    for (const auto& t : tallies) {
        out.requests += read(t->requests);
        out.responses += read(t->responses);
        out.faults += read(t->faults);
        // In this order, so that no more are seen to be closed than opened.
        const std::uint64_t closed = read(t->connections_closed);
        const std::uint64_t opened = read(t->connections);
        out.connections += opened;
        out.connections_open += opened - closed;
        out.tls_handshakes += read(t->tls_handshakes);
        out.tls_resumed += read(t->tls_resumed);
        out.body_bytes_in += read(t->body_bytes_in);
        out.body_bytes_out += read(t->body_bytes_out);
        for (std::size_t i = 0; i < t->by_status.size(); ++i) {
            const std::uint64_t n = read(t->by_status[i]);
            if (n > 0) out.by_status[static_cast<int>(i)] += n;
        }
        for (std::size_t i = 0; i < op_names.size(); ++i) {
            const std::uint64_t n = read(t->by_operation[i]);
            if (n > 0) out.by_operation[std::string(op_names[i])] += n;
        }
    }
    const store_figures& figures = s3.objects().figures();
    out.buckets = read(figures.buckets);
    out.objects = read(figures.objects);
    out.object_bytes = read(figures.object_bytes);
    out.uploads = read(figures.uploads);
    out.memory_bytes = s3.objects().memory().used();
    return out;
}

control_answer shared_state::control(const request& asked, std::string_view body) {
    const std::string_view method = asked.method;
    const std::string_view path = asked.target;
    const auto failed = [](int status, std::string_view why) {
        return control_answer{status, nlohmann::json{{"error", why}}.dump()};
    };
    // A page of somebody else's in a browser of this machine is on loopback too.
    if (asked.header("Origin") != nullptr || asked.header("Sec-Fetch-Site") != nullptr ||
        !names_this_machine(asked.header_or("Host", ""))) {
        return failed(
            403,
            "not from a browser: no Origin, and a Host that is an address or a name without dots");
    }
    if (path == "/_chopsticks/counters" && method == "GET") return {200, to_json(count())};
    if (path != "/_chopsticks/faults") {
        return failed(404, "there are /_chopsticks/faults and GET /_chopsticks/counters");
    }
    if (method == "POST" || method == "PUT") {
        try {
            set_faults(parse_faults(body));
        } catch (const config_error& wrong) {
            return failed(400, wrong.what());
        }
    } else if (method == "DELETE") {
        set_faults({});
    } else if (method != "GET") {
        return failed(405, "GET, POST or DELETE");
    }
    const auto now = plan();
    return {200, to_json(now ? now->rules() : faults{})};
}

std::string to_json(const counters& c) {
    nlohmann::json by_status = nlohmann::json::object();
    for (const auto& [status, n] : c.by_status)
        by_status[std::to_string(status)] = n;
    return nlohmann::json{{"requests", c.requests},
                          {"responses", c.responses},
                          {"faults", c.faults},
                          {"connections", c.connections},
                          {"connections_open", c.connections_open},
                          {"tls_handshakes", c.tls_handshakes},
                          {"tls_resumed", c.tls_resumed},
                          {"body_bytes_in", c.body_bytes_in},
                          {"body_bytes_out", c.body_bytes_out},
                          {"buckets", c.buckets},
                          {"objects", c.objects},
                          {"object_bytes", c.object_bytes},
                          {"uploads", c.uploads},
                          {"memory_bytes", c.memory_bytes},
                          {"by_status", by_status},
                          {"by_operation", c.by_operation}}
        .dump();
}

}  // namespace chopsticks::endpoint
