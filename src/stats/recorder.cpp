#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/stats/recorder.hpp>

#include "failure_table.hpp"

namespace chopsticks::stats {

namespace {

constexpr int recorded_digits = 3;

constexpr std::array<std::string_view, size_class_count> size_class_names = {
    "0", "1B-4KiB", ">4KiB-64KiB", ">64KiB-1MiB", ">1MiB-16MiB", ">16MiB-256MiB", ">256MiB"};

// Successes of one size class of one operation, or of one endpoint.
struct successes {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t retries = 0;
    histogram response{recorded_digits};
    histogram service{recorded_digits};
    histogram send_lag{recorded_digits};
    histogram first_byte{recorded_digits};

    void record(const sample& s) noexcept {
        ++count;
        bytes += s.bytes;
        retries += s.retries;
        response.record(s.done_ns - s.intended_ns);
        service.record(s.done_ns - s.sent_ns);
        send_lag.record(s.sent_ns - s.intended_ns);
        if (s.first_byte_ns != 0) first_byte.record(s.first_byte_ns - s.sent_ns);
    }

    void add_to(figures& sum) const {
        sum.ok_count += count;
        sum.bytes += bytes;
        sum.retries += retries;
        sum.response.add(response);
        sum.service.add(service);
        sum.send_lag.add(send_lag);
        sum.first_byte.add(first_byte);
    }

    void clear() noexcept {
        if (count == 0) return;
        count = 0;
        bytes = 0;
        retries = 0;
        response.clear();
        service.clear();
        send_lag.clear();
        first_byte.clear();
    }
};

// Failures of one operation, or of one endpoint.
struct failures {
    std::uint64_t count = 0;
    std::uint64_t retries = 0;
    histogram latency{recorded_digits};
    failure_table kinds;

    void record(const failure& f) noexcept {
        ++count;
        retries += f.retries;
        latency.record(f.done_ns - f.intended_ns);
        kinds.count(f);
    }

    void add_to(figures& sum) const {
        if (count == 0) return;
        sum.failed_count += count;
        sum.retries += retries;
        sum.failed.add(latency);
        kinds.add_to(sum);
    }

    void clear() noexcept {
        if (count == 0) return;
        count = 0;
        retries = 0;
        latency.clear();
        kinds.clear();
    }
};

// What was due of one operation and got no answer.
struct unanswered {
    std::uint64_t shed = 0;
    std::uint64_t unfinished = 0;
    histogram waited{recorded_digits};

    void add_to(figures& sum) const {
        sum.shed += shed;
        sum.unfinished += unfinished;
        if (waited.count() > 0) sum.waited.add(waited);
    }

    void clear() noexcept {
        shed = 0;
        unfinished = 0;
        if (waited.count() > 0) waited.clear();
    }
};

}  // namespace

std::string_view size_class_name(std::size_t size_class) noexcept {
    CHOPSTICKS_ASSERT(size_class < size_class_count);
    return size_class_names[size_class];
}

std::size_t size_class_of(std::uint64_t bytes) noexcept {
    // Bounds from 4 KiB on are 2^12, 2^16, ... 2^28: the class is a division of the size's binary
    // logarithm, rounded up. No search, whose branches a mix of sizes would mispredict.
    if (bytes == 0) return 0;
    const auto log2_up = static_cast<std::size_t>(std::bit_width(bytes - 1));
    const std::size_t size_class = (std::max<std::size_t>(log2_up, 9) - 9) / 4 + 1;
    return std::min(size_class, size_class_count - 1);
}

struct recorder::state {
    explicit state(const layout& names)
        : by_class(names.operations.size() * size_class_count),
          failed_ops(names.operations.size()),
          skipped(names.operations.size()),
          no_answer(names.operations.size()),
          by_part(names.parts.size()),
          failed_parts(names.parts.size()),
          endpoint_count(names.endpoints.size()) {
        CHOPSTICKS_ASSERT(endpoint_count > 0);
        // A single endpoint's figures are the sum over the operations.
        if (endpoint_count == 1) return;
        by_endpoint = std::vector<successes>(endpoint_count);
        failed_endpoints = std::vector<failures>(endpoint_count);
    }

    std::uint64_t ok_count = 0;
    std::uint64_t ok_bytes = 0;
    std::vector<successes> by_class;  // [operation * size_class_count + class]
    std::vector<failures> failed_ops;
    std::vector<std::uint64_t> skipped;
    std::vector<unanswered> no_answer;
    std::vector<successes> by_part;
    std::vector<failures> failed_parts;
    std::size_t endpoint_count;
    std::vector<successes> by_endpoint;  // empty if there is only one
    std::vector<failures> failed_endpoints;
};

recorder::recorder(const layout& names) : state_(std::make_unique<state>(names)) {}
recorder::~recorder() = default;

void recorder::record(const sample& s) noexcept {
    state& to = *state_;
    const std::size_t cell = s.op * size_class_count + size_class_of(s.size);
    CHOPSTICKS_ASSERT(cell < to.by_class.size());
    CHOPSTICKS_ASSERT(s.endpoint < to.endpoint_count);
    ++to.ok_count;
    to.ok_bytes += s.bytes;
    to.by_class[cell].record(s);
    if (!to.by_endpoint.empty()) to.by_endpoint[s.endpoint].record(s);
}

void recorder::record(const failure& f) noexcept {
    state& to = *state_;
    CHOPSTICKS_ASSERT(f.op < to.failed_ops.size());
    CHOPSTICKS_ASSERT(f.endpoint < to.endpoint_count);
    CHOPSTICKS_ASSERT(f.status != op_status::ok);
    if (f.status == op_status::cancelled) return;
    to.failed_ops[f.op].record(f);
    if (!to.failed_endpoints.empty()) to.failed_endpoints[f.endpoint].record(f);
}

void recorder::record_part(const sample& s) noexcept {
    CHOPSTICKS_ASSERT(s.op < state_->by_part.size());
    state_->by_part[s.op].record(s);
}

void recorder::record_part(const failure& f) noexcept {
    CHOPSTICKS_ASSERT(f.op < state_->failed_parts.size());
    CHOPSTICKS_ASSERT(f.status != op_status::ok);
    if (f.status != op_status::cancelled) state_->failed_parts[f.op].record(f);
}

void recorder::skip(std::uint16_t op) noexcept {
    CHOPSTICKS_ASSERT(op < state_->skipped.size());
    ++state_->skipped[op];
}

void recorder::shed(std::uint16_t op) noexcept {
    CHOPSTICKS_ASSERT(op < state_->no_answer.size());
    ++state_->no_answer[op].shed;
}

void recorder::unfinished(std::uint16_t op, std::int64_t waited_ns, bool is_failure) noexcept {
    CHOPSTICKS_ASSERT(op < state_->no_answer.size());
    unanswered& to = state_->no_answer[op];
    if (!is_failure) ++to.unfinished;
    to.waited.record(waited_ns);
}

std::uint64_t recorder::ok_count() const noexcept {
    return state_->ok_count;
}
std::uint64_t recorder::ok_bytes() const noexcept {
    return state_->ok_bytes;
}

void recorder::add_to(totals& sum) const {
    const state& from = *state_;
    CHOPSTICKS_ASSERT(sum.by_operation.size() == from.failed_ops.size());
    CHOPSTICKS_ASSERT(sum.by_endpoint.size() == from.endpoint_count);
    CHOPSTICKS_ASSERT(sum.by_part.size() == from.by_part.size());
    const bool single_endpoint = from.endpoint_count == 1;

    for (std::size_t op = 0; op < from.failed_ops.size(); ++op) {
        figures& operation = sum.by_operation[op];
        operation.skipped += from.skipped[op];
        from.no_answer[op].add_to(operation);
        from.failed_ops[op].add_to(operation);
        if (single_endpoint) {
            from.no_answer[op].add_to(sum.by_endpoint[0]);
            from.failed_ops[op].add_to(sum.by_endpoint[0]);
        }
        for (std::size_t size_class = 0; size_class < size_class_count; ++size_class) {
            const successes& cell = from.by_class[op * size_class_count + size_class];
            if (cell.count == 0) continue;
            cell.add_to(operation);
            cell.add_to(sum.size_class(op, size_class));
            if (single_endpoint) cell.add_to(sum.by_endpoint[0]);
        }
    }
    for (std::size_t i = 0; i < from.by_endpoint.size(); ++i) {
        from.by_endpoint[i].add_to(sum.by_endpoint[i]);
        from.failed_endpoints[i].add_to(sum.by_endpoint[i]);
    }
    for (std::size_t i = 0; i < from.by_part.size(); ++i) {
        from.by_part[i].add_to(sum.by_part[i]);
        from.failed_parts[i].add_to(sum.by_part[i]);
    }
}

void recorder::clear() noexcept {
    state& all = *state_;
    all.ok_count = 0;
    all.ok_bytes = 0;
    for (successes& cell : all.by_class)
        cell.clear();
    for (failures& cell : all.failed_ops)
        cell.clear();
    for (std::uint64_t& count : all.skipped)
        count = 0;
    for (unanswered& cell : all.no_answer)
        cell.clear();
    for (successes& cell : all.by_endpoint)
        cell.clear();
    for (failures& cell : all.failed_endpoints)
        cell.clear();
    for (successes& cell : all.by_part)
        cell.clear();
    for (failures& cell : all.failed_parts)
        cell.clear();
}

}  // namespace chopsticks::stats
