#include <algorithm>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdint>

namespace chopsticks::s3 {

namespace {

/// A code point as UTF-8; nullptr for what is none.
char* write_utf8(char* out, std::uint32_t point) noexcept {
    const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return nullptr;
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | (point >> 6));
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | (point >> 12));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | (point >> 18));
        put(0x80 | ((point >> 12) & 0x3f));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    }
    return out;
}

/// "#38" or "#x26".
bool parse_reference(std::string_view text, std::uint32_t& point) noexcept {
    text.remove_prefix(1);
    const bool hex = !text.empty() && text.front() == 'x';
    if (hex) text.remove_prefix(1);
    // Seven digits hold every code point in either base, without leading zeros to count.
    if (text.empty() || text.size() > 7) return false;
    point = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9')
            point = point * (hex ? 16 : 10) + static_cast<std::uint32_t>(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            point = point * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
        else if (hex && c >= 'A' && c <= 'F')
            point = point * 16 + static_cast<std::uint32_t>(c - 'A' + 10);
        else
            return false;
    }
    return true;
}

}  // namespace

std::string xml_escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    append_xml_escaped(out, text);
    return out;
}

void append_xml_escaped(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&apos;";
                break;
            default:
                if (byte >= 0x20 && byte != 0x7f) {
                    out += c;
                } else {
                    out += "&#x";
                    if (byte >= 16) out += digits[byte >> 4];
                    out += digits[byte & 15];
                    out += ';';
                }
        }
    }
}

char* xml_unescape_to(char* out, std::string_view text) noexcept {
    static constexpr struct {
        std::string_view name;
        char character;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '&') {
            *out++ = text[i];
            continue;
        }
        const std::size_t end = text.find(';', i);
        if (end == std::string_view::npos) return nullptr;
        const std::string_view name = text.substr(i + 1, end - i - 1);
        i = end;
        if (name.starts_with('#')) {
            std::uint32_t point = 0;
            if (!parse_reference(name, point)) return nullptr;
            out = write_utf8(out, point);
            if (out == nullptr) return nullptr;
            continue;
        }
        bool known = false;
        for (const auto& entity : entities) {
            if (name != entity.name) continue;
            *out++ = entity.character;
            known = true;
        }
        if (!known) return nullptr;
    }
    return out;
}

xml_root find_xml_root(std::string_view body) noexcept {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
    for (;;) {
        body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
        const bool declaration = body.starts_with("<?");
        if (!declaration && !body.starts_with("<!--")) break;
        const std::string_view close = declaration ? "?>" : "-->";
        const std::size_t end = body.find(close, declaration ? 2 : 4);
        if (end == std::string_view::npos) return {};
        body.remove_prefix(end + close.size());
    }
    // Neither an end tag nor a document type, which S3 never sends.
    if (!body.starts_with('<') || body.starts_with("<!") || body.starts_with("</")) return {};
    const std::size_t end = body.find('>');
    if (end == std::string_view::npos) return {};
    const std::string_view tag = body.substr(1, end - 1);
    const std::string_view name = xml_local_name(tag.substr(0, tag.find_first_of(" \t\r\n/")));
    if (tag.ends_with('/')) return {name, {}};
    return {name, body.substr(end + 1)};
}

std::string_view xml_element(std::string_view body, std::string_view name) noexcept {
    std::size_t at = 0;
    while ((at = body.find('<', at)) != std::string_view::npos) {
        ++at;
        const std::size_t tag_end = body.find('>', at);
        if (tag_end == std::string_view::npos) return {};
        const std::string_view tag = body.substr(at, tag_end - at);
        if (xml_local_name(tag) != name) continue;
        const std::size_t end = body.find('<', tag_end);
        if (end == std::string_view::npos) return {};
        const std::string_view close = body.substr(end + 1);
        if (!close.starts_with('/') || close.substr(1, tag.size()) != tag ||
            close.substr(1 + tag.size(), 1) != ">") {
            return {};
        }
        return body.substr(tag_end + 1, end - tag_end - 1);
    }
    return {};
}

result<std::string> xml_unescape(std::string_view text) {
    std::string out(text.size(), '\0');
    const char* const end = xml_unescape_to(out.data(), text);
    if (end == nullptr) return make_error_code(boost::system::errc::bad_message);
    out.resize(static_cast<std::size_t>(end - out.data()));
    return out;
}

}  // namespace chopsticks::s3
