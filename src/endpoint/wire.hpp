#pragma once
// A response as it goes over the wire, whole or spoilt. No I/O.

#include <cstdint>
#include <string>
#include <string_view>

#include "fault_plan.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

/// What a connection has to send, and what it does afterwards.
struct wire_response {
    enum class ending : std::uint8_t {
        keep,   ///< the connection serves on
        close,  ///< all is sent, then FIN
        reset,  ///< RST at once
        stall,  ///< nothing more is sent, nothing is closed
    };

    std::string head;
    body content;  ///< may refer to the exchange's text
    ending after = ending::keep;
    bool whole = true;  ///< false: not what the service answered

    std::string spare;  ///< bytes that content refers to
};

/// The head is made for HTTP/1.1; `keep_alive` decides about the connection.
/// The exchange must outlive what is returned.
void render(wire_response& out, const exchange& x, bool keep_alive);

/// Spoils a rendered response as the rule says.
void spoil(wire_response& out, const exchange& x, const fault& rule, random_stream& random);

}  // namespace chopsticks::endpoint
