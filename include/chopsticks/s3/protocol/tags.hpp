#pragma once
/// \file
/// Tags of objects: a function of the object's index, so that what is read back can be checked
/// without a table, whatever other users set meanwhile. Pure functions; any core.

#include <chopsticks/s3/protocol/request_form.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// S3's own limit, for one object.
constexpr std::uint32_t most_tags = 10;

/// Whether an object is ever given such a tag.
bool is_tag_of(std::uint64_t object, std::string_view name, std::string_view value) noexcept;

/// The first `count` tags of an object as a query has them: what x-amz-tagging says.
void write_tags_field(request_text& to, std::uint64_t object, std::uint32_t count) noexcept;

/// Makes `to` the body that sets the asked::tags first ones.
void write_tags_body(std::string& to, const asked& what);

}  // namespace chopsticks::s3
