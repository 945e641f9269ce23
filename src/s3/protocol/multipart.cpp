#include <charconv>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/multipart.hpp>
#include <chopsticks/s3/protocol/xml.hpp>

namespace chopsticks::s3 {

bool append_upload_id(std::string& out, std::string_view body) {
    const xml_root root = find_xml_root(body);
    if (root.name != "InitiateMultipartUploadResult") return false;
    const std::string_view id = xml_element(root.inside, "UploadId");
    if (id.empty() || id.size() > max_upload_id_bytes) return false;
    const std::size_t before = out.size();
    out.resize(before + id.size());
    const char* const end = xml_unescape_to(out.data() + before, id);
    if (end == nullptr) {
        out.resize(before);
        return false;
    }
    out.resize(static_cast<std::size_t>(end - out.data()));
    return true;
}

part_tag copied_part_tag(std::string_view body) {
    part_tag out;
    const auto named = xml_unescape(xml_element(find_xml_root(body).inside, "ETag"));
    const std::string_view tag = named ? etag_tag(*named) : std::string_view();
    if (tag.size() > sizeof out.text) return out;
    out.size = static_cast<std::uint8_t>(tag.copy(out.text, tag.size()));
    return out;
}

void write_part_list(std::string& out, std::span<const part_tag> parts) {
    out.assign("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    unsigned number = 0;
    for (const part_tag& part : parts) {
        char digits[12];
        const char* const end = std::to_chars(digits, digits + sizeof digits, ++number).ptr;
        const std::string_view written(digits, static_cast<std::size_t>(end - digits));
        out.append("<Part><PartNumber>").append(written).append("</PartNumber><ETag>&quot;");
        append_xml_escaped(out, part.view());
        out.append("&quot;</ETag></Part>");
    }
    out.append("</CompleteMultipartUpload>");
}

}  // namespace chopsticks::s3
