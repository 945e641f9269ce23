#pragma once
/// \file
/// The generator's health between the modules that know parts of it: what to sample for a run, and
/// from samples and the run's own figures to the document and the rules of validity.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/engine/validity.hpp>
#include <chopsticks/results/health.hpp>
#include <chopsticks/telemetry/health.hpp>

namespace chopsticks::cli {

/// What to watch for a run whose drivers are made.
telemetry::sampler_options sampling_of(const engine::run_options& options);

results::interval_health health_of(const engine::interval& one,
                                   const telemetry::health_sample& sample);

results::health_figures health_of(const engine::run_result& result,
                                  const telemetry::health_summary& seen);

/// Who had the CPUs over the span.
engine::cpu_contention contention_of(const telemetry::health_summary& seen);

engine::observed_health observed_by(const telemetry::health_summary& seen);

}  // namespace chopsticks::cli
