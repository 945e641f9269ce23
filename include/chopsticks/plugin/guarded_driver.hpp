#pragma once
/// \file
/// Keeps exceptions of foreign code from ending the program.

#include <chopsticks/engine/driver.hpp>
#include <memory>
#include <string_view>

namespace chopsticks::plugin {

/// A driver around another. What leaves one of its operations is that operation's failure, and the
/// user gets another session; what leaves all else is a problem of the target, as if open_target
/// had told it, or whatever the call has for one. \param from whose they are, for messages
std::unique_ptr<engine::driver> make_guarded_driver(std::unique_ptr<engine::driver> inner,
                                                    std::string_view from);

}  // namespace chopsticks::plugin
