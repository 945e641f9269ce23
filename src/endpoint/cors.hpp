#pragma once
// What a bucket lets pages of other origins do: its CORS configuration, and the fields by which a
// browser is told. Plain values.
//
// Source: Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)" and "Elements of a
// CORS configuration"; Fetch Standard, section 3.3 ("HTTP extensions").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3_error.hpp"

namespace chopsticks::endpoint {

/// One rule. A "*" in an origin or a header stands for any text, once.
struct cors_rule {
    std::string id;  ///< empty: none
    std::vector<std::string> headers;
    std::vector<std::string> methods;
    std::vector<std::string> origins;
    std::vector<std::string> exposed;
    std::optional<std::uint64_t> max_age_s;
};
using cors_rules = std::vector<cors_rule>;

/// What a browser says of a request of another origin. Views into that request.
struct cors_request {
    std::string_view origin;
    std::string_view method;
    std::string_view headers;  ///< names with commas between, of a preflight only
};

/// Document <CORSConfiguration>.
s3_refusal read_cors(std::string_view text, cors_rules& out);
std::string cors_document(const cors_rules& rules);

/// The first rule that allows all of the request; null: none does.
const cors_rule* allowing(const cors_rules& rules, const cors_request& asked);

/// The fields of an answer that tell what `rule` allows, each with its line end.
std::string cors_fields(const cors_rule& rule, const cors_request& asked);

}  // namespace chopsticks::endpoint
