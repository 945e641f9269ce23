#pragma once
/// \file
/// Where a core writes what became of its operations, and what comes of adding such records up.

#include <array>
#include <chopsticks/core/error.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::stats {

/// One of the requests that an operation is made of.
struct part_name {
    std::string name;      ///< "<group>/<op>.<part>"
    std::uint16_t of = 0;  ///< index into layout::operations
};

/// What the figures are kept apart by. Fixed for a run; the same object for all cores and the
/// collector.
struct layout {
    std::vector<std::string> operations;  ///< "<group>/<op>"
    std::vector<std::string> endpoints;   ///< at least one
    /// Recorded beside their operations: what is counted of these is in no count, sum or figure of
    /// an operation or endpoint.
    std::vector<part_name> parts = {};
    /// What the groups' drivers count of their own: each group's one after the other.
    std::vector<group_figure> driver_figures = {};
};

/// Size classes of operations by the bytes of their object (or part): upper bounds, inclusive.
constexpr std::array<std::uint64_t, 7> size_class_bounds = {0,        4096,      65536, 1048576,
                                                            16777216, 268435456, ~0ULL};
constexpr std::size_t size_class_count = size_class_bounds.size();
/// "0", "1B-4KiB", ">4KiB-64KiB", ... Valid for ever.
std::string_view size_class_name(std::size_t size_class) noexcept;
/// The class of a size.
std::size_t size_class_of(std::uint64_t bytes) noexcept;

/// One operation that succeeded. Times are monotonic_ns.
struct sample {
    std::uint16_t op = 0;        ///< index into layout::operations, or of a part: layout::parts
    std::uint16_t endpoint = 0;  ///< index into layout::endpoints
    std::uint32_t retries = 0;
    std::uint64_t size = 0;   ///< bytes that choose the size class; parts have none
    std::uint64_t bytes = 0;  ///< body bytes acknowledged
    std::int64_t intended_ns = 0;
    std::int64_t sent_ns = 0;
    std::int64_t first_byte_ns = 0;  ///< 0: the operation has none
    std::int64_t done_ns = 0;
};

/// A failure's identity in the report.
struct failure {
    std::uint16_t op = 0;  ///< as sample::op
    std::uint16_t endpoint = 0;
    std::uint32_t retries = 0;
    op_status status = op_status::ok;
    native_code native;
    std::int64_t intended_ns = 0;
    std::int64_t done_ns = 0;
    std::string_view code;     ///< S3 code or errno name; cut to 47 bytes
    std::string_view example;  ///< kept for the first of each kind; cut to 159 bytes
};

/// Failures of one kind: same status, native code and code.
struct error_row {
    op_status status = op_status::ok;
    native_code native;
    std::string code;
    std::uint64_t count = 0;
    std::string example;
};

/// Figures of one operation (or one endpoint, or one size class) over one span of time.
/// All histograms of latencies but `failed` are of successes only.
struct figures {
    explicit figures(int digits = 3)
        : response(digits),
          service(digits),
          send_lag(digits),
          first_byte(digits),
          failed(digits),
          waited(digits) {}

    /// Kinds that `errors` keeps apart; what comes beyond is counted in one row of code "other" per
    /// status, so that the counts by status stay exact.
    static constexpr std::size_t error_kinds_max = 256;

    std::uint64_t ok_count = 0;
    std::uint64_t failed_count = 0;  ///< those that the target does not support among them
    std::uint64_t bytes = 0;         ///< body bytes of successes
    std::uint64_t retries = 0;       ///< of successes and failures
    std::uint64_t skipped = 0;  ///< chosen, but there was nothing to do it on (no object alive)
    /// Work that was due and got no answer; in none of the counts above.
    std::uint64_t shed = 0;        ///< never begun: no room to wait, or too late
    std::uint64_t unfinished = 0;  ///< waiting, or cut off, when the load or the run ended
    histogram response;            ///< done - intended
    histogram service;             ///< done - sent
    histogram send_lag;            ///< sent - intended
    histogram first_byte;          ///< first byte - sent
    histogram failed;              ///< done - intended of failures
    /// How long the unfinished had waited by then, each a lower bound of a response time; those
    /// that the end of the drain made failures are in it too.
    histogram waited;
    std::vector<error_row> errors;

    void add(const figures& other);

    /// Failures of op_status::unsupported: exact, whatever kinds `errors` had no room for.
    std::uint64_t unsupported_count() const noexcept;

    /// Adds `row.count` failures to the row of its kind; the first example of a kind stays.
    void add_errors(const error_row& row);
};

/// Figures of all operations over one span: the sum of any number of recorders of the same layout.
/// One thread at a time.
struct totals {
    /// Digits of all histograms: 3 for the whole run, 2 suffice for intervals.
    totals(const layout& names, int digits);

    std::vector<figures> by_operation;  ///< as layout::operations; the sum over its size classes
    std::vector<figures>
        by_endpoint;               ///< as layout::endpoints; skipped is 0: no endpoint was chosen
    std::vector<figures> by_part;  ///< as layout::parts
    /// [operation][class], null where nothing fell. Successes only: a failure has no size.
    std::vector<std::array<std::unique_ptr<figures>, size_class_count>> by_size_class;

    void add(const totals& other);

  private:
    friend class recorder;
    figures& size_class(std::size_t op, std::size_t size_class);
    int digits_;
};

/// What one core writes to. Owned by its core while it records, by the collector while it is read;
/// handed over whole, so nothing in it is atomic. `record` costs at most 50 ns and allocates
/// nothing: all address space is taken at construction (1.3 MiB per operation and size class, per
/// part, and per endpoint if there are several), resident only where values fell. An operation, a
/// part or an endpoint outside of the layout is a bug.
class recorder {
  public:
    /// Failures that are kept apart per operation (and per endpoint). Beyond, they are counted as
    /// code "other", apart by status.
    static constexpr std::size_t error_kinds_max = 32;

    explicit recorder(const layout& names);
    ~recorder();
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    void record(const sample& s) noexcept;
    /// Touches no figure of the successes. op_status::cancelled is counted as nothing at all: the
    /// run ended, not the operation. op_status::ok is a bug.
    void record(const failure& f) noexcept;
    /// The same of a part of an operation.
    void record_part(const sample& s) noexcept;
    void record_part(const failure& f) noexcept;
    void skip(std::uint16_t op) noexcept;
    /// Due, and never to be begun.
    void shed(std::uint16_t op) noexcept;
    /// Due, and not answered when the load or the run ended. \param is_failure it is recorded as a
    /// failure as well
    void unfinished(std::uint16_t op, std::int64_t waited_ns, bool is_failure) noexcept;

    /// Operations and bytes recorded as ok since the last clear, over all operations.
    std::uint64_t ok_count() const noexcept;
    std::uint64_t ok_bytes() const noexcept;

    /// Adds everything recorded since the last clear. `sum` was made for the same layout.
    void add_to(totals& sum) const;
    /// Touches only what was recorded to.
    void clear() noexcept;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace chopsticks::stats
