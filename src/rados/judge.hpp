#pragma once
/// \file
/// What a flight carries out and what became of it: contents before it leaves, verdict after it
/// came back. On the core that owns the flight.

#include "session.hpp"

namespace chopsticks::rados {

/// Prepares buffers and steps for `op`, but for users' own objects. `draw` chooses keys of maps.
void load_up(flight& f, const rados_step& step, const engine::operation& op,
             const load::content& content, std::uint64_t draw);

/// Hands the flight to librados with `completion`; 0 or -errno. Must follow load_up.
int launch(flight& f, const rados_step& step, rados_ioctx_t at, rados_completion_t completion);

/// Fills status, bytes, code and example of the outcome. `where`: "pool/namespace".
void conclude(flight& f, const rados_step& step, const engine::operation& op,
              const load::content& content, const std::string& where, engine::outcome& out);

}  // namespace chopsticks::rados
