#pragma once
/// \file
/// Whether a shared object is all there. The system's loader maps a file that was cut short, and
/// the process ends with SIGBUS where the code should have been.

#include <string>

namespace chopsticks::plugin {

/// Why the file cannot be whole, for a person: its headers speak of bytes behind its end. Empty: it
/// is, or it is no ELF file of this machine's kind, of which the loader knows more to say.
std::string missing_bytes(const std::string& file);

}  // namespace chopsticks::plugin
