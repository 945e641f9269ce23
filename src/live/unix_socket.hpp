#pragma once
/// \file
/// The folder of the sockets, and lines over them, as both sides of an annotation use them.

#include <chopsticks/core/descriptor.hpp>
#include <string>

namespace chopsticks::live {

/// Where the sockets of this user lie.
std::string socket_folder();

/// Makes the folder, or finds that it is the user's alone. What is wrong, in one sentence.
std::string open_socket_folder(const std::string& folder);

/// A socket bound to the path, or connected to it; errno tells why not.
descriptor listen_at(const std::string& path);
descriptor connect_to(const std::string& path);

/// A line from the socket, without its end; what is longer than `most`, or slower than `ms`, is
/// cut.
std::string read_line(int fd, std::size_t most, int ms);

/// All of it, or as much as the other side takes.
void write_text(int fd, const std::string& text) noexcept;

}  // namespace chopsticks::live
