#pragma once
/// \file
/// When open-loop work is due: a plan made from a rate and a seed alone, before and apart from what
/// happens to the work. Latency is counted from these times, so they are never moved once they are
/// reached; who steers a load from outside changes the plan ahead of them.

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <chopsticks/load/steered_cursor.hpp>
#include <cstdint>

namespace chopsticks::load {

enum class arrival_kind : std::uint8_t {
    /// Arrivals that know nothing of each other, as many independent clients make: exponential gaps
    /// where the rate is constant.
    poisson,
    /// Equal gaps over all cores together where the rate is constant.
    constant,
};

/// The due times of one core, one after the other: what the dispatcher works off. Belongs to its
/// core.
class arrival_source {
  public:
    virtual ~arrival_source() = default;

    /// The next due time in nanoseconds from the start of the load; never less than the one before.
    /// Infinity: nothing is due any more. Allocates nothing.
    virtual double next() noexcept = 0;

    /// From `at_ns` on (nanoseconds as those, never less than at the call before) so much of the
    /// planned rate is due: as steered_cursor::change. Returns the due time, anew, of what next()
    /// gave last; infinity: not before a further change. Allocates nothing.
    virtual double change(double at_ns, double share) noexcept = 0;
};

/// Arrivals on a curve: the times at which the area under it (the number of arrivals expected so
/// far) reaches a sequence of numbers. For constant arrivals these are the whole numbers, dealt to
/// the cores in turn, so that in any span the number of arrivals is the area to within one. For
/// Poisson arrivals they are sums of unit exponential gaps: a Poisson process of rate one, its time
/// stretched by the inverse of the area, is one with the curve as its rate (Cinlar, "Introduction
/// to Stochastic Processes", 1975, 4.7). Each core has a stream of its own of 1 / cores of the
/// rate; together they are Poisson of the whole rate.
class arrival_schedule final : public arrival_source {
  public:
    /// \param curve of all cores together
    /// \param core in [0, cores)
    /// \param seed of the run; the cores' streams differ by `core`
    arrival_schedule(arrival_kind kind, rate_curve curve, unsigned core, unsigned cores,
                     std::uint64_t seed) noexcept;
    arrival_schedule(const arrival_schedule&) = delete;
    arrival_schedule& operator=(const arrival_schedule&) = delete;

    /// 19 ns for Poisson, 4 ns for constant; several hundred more on a sine.
    double next() noexcept override;
    double change(double at_ns, double share) noexcept override;

  private:
    arrival_kind kind_;
    double core_;
    double cores_;
    rate_curve curve_;
    steered_cursor cursor_;
    double area_ = 0;  // of what next() gave last
    std::uint64_t count_ = 0;
    double sum_ = 0;
    double lost_ = 0;
    random_stream random_;
};

}  // namespace chopsticks::load
