#pragma once
/// \file
/// The event marks of a document, written and read back.

#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/event_marks.hpp>

#include "checked_members.hpp"

namespace chopsticks::results {

/// Puts `events` and `events_dropped` into a document.
void put_events(json& document, const stats::event_marks& events);

/// Throws config_error as checked_members does. What an older build wrote has none.
stats::event_marks read_events(const checked_members& document);

}  // namespace chopsticks::results
