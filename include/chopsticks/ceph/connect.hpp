#pragma once
/// \file
/// Connections to a cluster, and the words for what goes wrong there. All calls but the words
/// block: for the control thread.

#include <rados/librados.h>

#include <chopsticks/ceph/access.hpp>
#include <chopsticks/core/waiting_note.hpp>
#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::ceph {

/// An option of Ceph's as it is set before connecting.
struct option {
    std::string name;
    std::string value;
};

/// How much may be on its way at a time.
struct flow {
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0;
};

/// Options that make a client measure the cluster and not itself: time-outs as the access says,
/// windows that hold all of it.
std::vector<option> common_options(const access& to, const flow& most);

/// Makes a client and connects it. `own`: what differs from stock, where the access's own options
/// do not say otherwise. `notes`: takes one line about all that differs; null: nobody asks.
/// `library` names who knows the options, for messages. Returns the one message for the user, or
/// nothing. Whatever the outcome, `cluster` is to be shut down if it is not null.
std::string connect(const access& to, const std::vector<option>& own, const char* library,
                    std::vector<std::string>* notes, waiting_note& waits, rados_t& cluster);

/// Paths of the admin sockets that connections of this process were made with, each once; some may
/// be gone. Where the configuration names none for clients, as Ceph's own does not, there are none.
/// Any thread.
std::vector<std::string> admin_sockets();

/// Opens a pool of a cluster that is connected. `how_to_make` ends the message about one that is
/// not there. Empty, or the message.
std::string open_pool(rados_t cluster, const access& to, const std::string& name,
                      const char* how_to_make, rados_ioctx_t& pool);

/// "pool rbd: No such file or directory", for a call of Ceph's that returned -errno.
std::string explain(const std::string& what, int error);

/// Makes an outcome a failure by errno (positive): its status, code and native code. `doing` says
/// what failed: "read at offset 0 of rbd/a".
void fail_with_errno(engine::outcome& out, int number, std::string_view doing) noexcept;

}  // namespace chopsticks::ceph
