#include <charconv>
#include <chopsticks/s3/protocol/tags.hpp>

namespace chopsticks::s3 {

namespace {

/// "t3" of object 42 is "42-3". Nothing in it needs an encoding.
void write_tag(request_text& to, std::uint64_t object, std::uint32_t number,
               std::string_view between) noexcept {
    to << "t" << std::uint64_t{number} << between << object << "-" << std::uint64_t{number};
}

}  // namespace

bool is_tag_of(std::uint64_t object, std::string_view name, std::string_view value) noexcept {
    if (name.size() != 2 || name[0] != 't' || name[1] < '0' || name[1] > '9') return false;
    char room[64];
    request_text right(room, room + sizeof room);
    right << object << "-" << name.substr(1);
    return value == right.text();
}

void write_tags_field(request_text& to, std::uint64_t object, std::uint32_t count) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i > 0) to << "&";
        write_tag(to, object, i, "=");
    }
}

void write_tags_body(std::string& to, const asked& what) {
    to.assign("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (std::uint32_t i = 0; i < what.tags; ++i) {
        char room[96];
        request_text tag(room, room + sizeof room);
        tag << "<Tag><Key>";
        write_tag(tag, what.object, i, "</Key><Value>");
        tag << "</Value></Tag>";
        to.append(tag.text());
    }
    to.append("</TagSet></Tagging>");
}

}  // namespace chopsticks::s3
