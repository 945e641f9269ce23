#include "connection.hpp"

#include <cerrno>
#include <cstring>

namespace chopsticks::s3 {

std::string connection::no_socket(int error) {
    error_ = error;
    return std::string("cannot open a socket: ") + std::strerror(error) +
           (error == EMFILE ? "; raise the limit on open files (ulimit -n)" : "");
}

std::string connection::not_connected(int error) {
    error_ = error;
    return "cannot connect to " + target_.text + ": " + std::strerror(error) +
           (error == EADDRNOTAVAIL ? "; no local port is free: widen net.ipv4.ip_local_port_range"
                                   : "");
}

std::string connection::stopped_connecting() const {
    return "cannot connect to " + target_.text + ": " +
           (end_ == end::timed_out ? "no answer within the time-out" : "cancelled");
}

std::string connection::stopped_handshake() const {
    return "TLS handshake with " + target_.text +
           (end_ == end::timed_out ? ": no answer within the time-out" : ": cancelled");
}

}  // namespace chopsticks::s3
