#pragma once
// The policy of a form upload: what whoever signed it allows a browser to send.
//
// Source: Amazon S3 API Reference, "Creating a POST policy".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "request.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

struct policy_condition {
    std::string field;  ///< in lower case
    std::string value;
    bool prefix = false;  ///< the field has to begin with value; otherwise to be it
};

struct post_policy {
    std::int64_t expiration_ns = 0;
    std::vector<policy_condition> conditions;
    std::uint64_t size_min = 0;
    std::uint64_t size_max = ~std::uint64_t{0};
};

/// Reads the document, which is base64 of JSON.
s3_refusal read_policy(std::string_view text, post_policy& out);

/// Whether it allows these fields, the bucket among them, and a file of `size` bytes.
s3_refusal check_policy(const post_policy& policy, std::span<const s3::name_value> fields,
                        std::uint64_t size, std::int64_t now_ns);

}  // namespace chopsticks::endpoint
