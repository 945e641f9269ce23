#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/stats/recorder.hpp>

namespace chopsticks::stats {

namespace {

error_row* find(std::vector<error_row>& rows, op_status status, native_code native,
                std::string_view code) {
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const error_row& row) {
        return row.status == status && row.native == native && row.code == code;
    });
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace

void figures::add_errors(const error_row& row) {
    error_row* known = find(errors, row.status, row.native, row.code);
    if (known == nullptr) {
        // A recorder keeps few kinds, but each core and interval may keep others: a target that
        // makes up a new code for every answer must not grow the sum without end.
        if (errors.size() < error_kinds_max) {
            errors.push_back(row);
            return;
        }
        known = find(errors, row.status, {}, "other");
        if (known == nullptr) {
            errors.push_back({row.status, {}, "other", row.count, row.example});
            return;
        }
    }
    known->count += row.count;
    if (known->example.empty()) known->example = row.example;
}

void figures::add(const figures& other) {
    ok_count += other.ok_count;
    failed_count += other.failed_count;
    bytes += other.bytes;
    retries += other.retries;
    skipped += other.skipped;
    shed += other.shed;
    unfinished += other.unfinished;
    response.add(other.response);
    service.add(other.service);
    send_lag.add(other.send_lag);
    first_byte.add(other.first_byte);
    failed.add(other.failed);
    waited.add(other.waited);
    for (const error_row& row : other.errors)
        add_errors(row);
}

std::uint64_t figures::unsupported_count() const noexcept {
    std::uint64_t sum = 0;
    for (const error_row& row : errors)
        if (row.status == op_status::unsupported) sum += row.count;
    return sum;
}

totals::totals(const layout& names, int digits)
    : by_size_class(names.operations.size()), digits_(digits) {
    by_operation.reserve(names.operations.size());
    for (std::size_t i = 0; i < names.operations.size(); ++i)
        by_operation.emplace_back(digits);
    by_endpoint.reserve(names.endpoints.size());
    for (std::size_t i = 0; i < names.endpoints.size(); ++i)
        by_endpoint.emplace_back(digits);
    by_part.reserve(names.parts.size());
    for (std::size_t i = 0; i < names.parts.size(); ++i)
        by_part.emplace_back(digits);
}

figures& totals::size_class(std::size_t op, std::size_t size_class) {
    auto& slot = by_size_class[op][size_class];
    if (slot == nullptr) slot = std::make_unique<figures>(digits_);
    return *slot;
}

void totals::add(const totals& other) {
    CHOPSTICKS_ASSERT(by_operation.size() == other.by_operation.size());
    CHOPSTICKS_ASSERT(by_endpoint.size() == other.by_endpoint.size());
    CHOPSTICKS_ASSERT(by_part.size() == other.by_part.size());
    for (std::size_t op = 0; op < by_operation.size(); ++op) {
        by_operation[op].add(other.by_operation[op]);
        for (std::size_t i = 0; i < size_class_count; ++i) {
            const auto& from = other.by_size_class[op][i];
            if (from != nullptr) size_class(op, i).add(*from);
        }
    }
    for (std::size_t i = 0; i < by_endpoint.size(); ++i)
        by_endpoint[i].add(other.by_endpoint[i]);
    for (std::size_t i = 0; i < by_part.size(); ++i)
        by_part[i].add(other.by_part[i]);
}

}  // namespace chopsticks::stats
