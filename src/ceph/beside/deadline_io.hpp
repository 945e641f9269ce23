#pragma once
/// \file
/// Exchanges over sockets until a time, by threads that may block. The sockets do not.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::ceph::beside {

std::string errno_text(int error);

/// All of it. False: `problem`. \param until_ns monotonic
bool send_all(int socket, std::string_view text, std::int64_t until_ns, std::string& problem);

/// Some bytes, as soon as there are any; 0: the other side has closed; -1: `problem`.
ssize_t receive_some(int socket, char* to, std::size_t room, std::int64_t until_ns,
                     std::string& problem);

}  // namespace chopsticks::ceph::beside
