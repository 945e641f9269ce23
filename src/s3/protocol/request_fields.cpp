#include "request_fields.hpp"

#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/multipart.hpp>

namespace chopsticks::s3 {

void write_precondition(request_text& to, precondition only_if, std::string_view etag) noexcept {
    CHOPSTICKS_ASSERT(etag.size() <= max_part_tag_bytes);
    switch (only_if) {
        case precondition::none:
            return;
        case precondition::absent:
            to << "If-None-Match: *\r\n";
            return;
        case precondition::unlike:
            to << "If-None-Match: \"" << etag << "\"\r\n";
            return;
        case precondition::match:
            to << "If-Match: \"" << etag << "\"\r\n";
            return;
        case precondition::match_other:
            to << "If-Match: \"00000000000000000000000000000000\"\r\n";
            return;
    }
}

void write_body_digest(request_text& to, std::string_view body) noexcept {
    char text[content_md5_size];
    write_content_md5(body, text);
    to << "Content-MD5: " << std::string_view(text, sizeof text) << "\r\n";
}

}  // namespace chopsticks::s3
