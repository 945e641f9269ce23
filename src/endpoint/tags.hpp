#pragma once
// Tags of objects and buckets, as they come in fields and documents.

#include <cstddef>
#include <string>
#include <string_view>

#include "object.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

constexpr std::size_t object_tags_max = 10;
constexpr std::size_t bucket_tags_max = 50;

/// Of x-amz-tagging: "a=1&b=2". Empty: none.
s3_refusal read_tags(std::string_view field, tag_set& out);

/// Of a document <Tagging>.
s3_refusal read_tag_document(std::string_view text, std::size_t most, tag_set& out);

/// That document.
std::string tag_document(const tag_set& tags);

}  // namespace chopsticks::endpoint
