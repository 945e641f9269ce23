#pragma once
/// \file
/// What a flight carries out and what became of it: contents before it leaves, verdict after it
/// came back. On the core that owns the flight.

#include "session.hpp"

namespace chopsticks::rados {

/// Prepares buffers and steps for `op`, but for users' own objects. `draw` chooses keys of maps.
void load_up(flight& f, const rados_step& step, const engine::operation& op,
             const load::content& content, std::uint64_t draw);

/// Bytes of that content from `f.offset` on, `f.length` of them, are what is sent.
void fill_data(flight& f, const load::content_key& key, const load::content& content);

/// Hands the flight to librados with its completion; 0 or -errno. Must follow load_up.
int launch(flight& f, const rados_step& step, librados::IoCtx& at);

/// Fills status, bytes, code and example of the outcome. `where`: "pool/namespace".
void conclude(flight& f, const rados_step& step, const engine::operation& op,
              const load::content& content, const std::string& where, engine::outcome& out);

}  // namespace chopsticks::rados
