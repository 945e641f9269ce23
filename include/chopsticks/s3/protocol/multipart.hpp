#pragma once
/// \file
/// What the requests of a multipart upload tell each other. Pure functions; any core.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// Longest ETag of a part that is sent back, and longest id of an upload.
constexpr std::size_t max_part_tag_bytes = 64;
constexpr std::size_t max_upload_id_bytes = 1024;
/// Parts that an upload may have.
constexpr std::uint64_t max_upload_parts = 10'000;

/// The ETag that the service gave for a part, without quotes.
struct part_tag {
    char text[max_part_tag_bytes];
    std::uint8_t size = 0;

    std::string_view view() const noexcept { return {text, size}; }
};

/// The UploadId of an InitiateMultipartUploadResult, unescaped, at the end of `out`. False: there
/// is none that could be sent back.
bool append_upload_id(std::string& out, std::string_view body);

/// Of a CopyPartResult; without size: it names none that could be sent back. Allocates.
part_tag copied_part_tag(std::string_view body);

/// Makes `out` the body that completes an upload: its parts, from number 1 on. Allocates only what
/// `out` has no room for.
void write_part_list(std::string& out, std::span<const part_tag> parts);

}  // namespace chopsticks::s3
