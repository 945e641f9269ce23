#pragma once
/// \file
/// What a control answer that was not the right one means, for a person. Core 0.

#include <string>
#include <string_view>

#include "session.hpp"

namespace chopsticks::s3 {

/// The one message for a control answer that was not what it should be; empty for 2xx,
/// unless its body is an error.
std::string explain(const control_reply& reply, const core_state& core,
                    const std::string& endpoint);

/// The one message where a 2xx to a listing is no listing.
std::string explain_no_listing(const control_reply& reply, const core_state& core,
                               const std::string& endpoint);

/// The server does not serve this kind of request at all.
bool is_unserved(const control_reply& reply) noexcept;

/// The same of a request for a listing of uploads: some answer as if nobody had asked for it.
bool lists_no_uploads(const control_reply& reply);

/// What the answer to an operation that failed says of the server. `status`: of HTTP; 0: there was
/// no answer. `code`: of S3.
engine::support support_said_by(int status, std::string_view code) noexcept;

/// A foreign text for a message: on one line, its entities decoded, and cut.
std::string short_text(std::string_view text);

}  // namespace chopsticks::s3
