#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/document.hpp>
#include <chopsticks/scenario/text.hpp>
#include <cstring>

namespace chopsticks::scenario {

namespace {

/// Length of the well-formed UTF-8 sequence at the front, 0 if there is none (RFC 3629, section 4).
std::size_t utf8_length(std::string_view s) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    unsigned char low = 0x80;  // bounds of the second byte
    unsigned char high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    }
    if (length == 0 || s.size() < length || byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
    }
    return length;
}

}  // namespace

bool valid_utf8(std::string_view s) {
    while (!s.empty()) {
        const std::size_t length = utf8_length(s);
        if (length == 0) return false;
        s.remove_prefix(length);
    }
    return true;
}

bool has_control_characters(std::string_view s) {
    for (const char c : s) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
    }
    return false;
}

void check_text(std::string_view text, const std::string& file) {
    if (text.size() > max_config_bytes) {
        throw config_error(file + ": larger than 1 MiB; is this the right file?");
    }
    place where{std::make_shared<const std::string>(file), 1, 1};
    bool indentation = true;
    bool tab = false;
    place tab_place;
    while (!text.empty()) {
        const char c = text.front();
        if (c == '\n') {
            ++where.line;
            where.column = 1;
            indentation = true;
            tab = false;
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(text);
        if (length == 0 || (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) &&
                            c != '\t' && c != '\r')) {
            fail(where, "this is not text (UTF-8)",
                 "a YAML file is wanted; is this the right file?");
        }
        if (indentation && c == '\t' && !tab) {
            tab = true;
            tab_place = where;
        }
        if (c != ' ' && c != '\t' && c != '\r') {
            // Blank lines may hold what they like.
            if (indentation && tab && c != '#') {
                fail(tab_place, "the line is indented with a tab", "YAML wants spaces");
            }
            indentation = false;
        }
        text.remove_prefix(length);
        ++where.column;
    }
}

std::string read_text(const std::string& path, const std::string& what) {
    const auto refuse = [&](const std::string& why) -> config_error {
        return config_error(path + ": cannot read the " + what + ": " + why);
    };
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        const int error = errno;
        throw refuse(std::string(std::strerror(error)) +
                     (error == ENOENT ? "; check the path" : ""));
    }
    std::string text;
    std::array<char, 65536> block;
    int error = 0;
    struct stat status{};
    if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
    while (error == 0 && text.size() <= max_config_bytes) {
        const ssize_t n = ::read(file, block.data(), block.size());
        if (n == 0) break;
        if (n < 0) {
            if (errno != EINTR) error = errno;
            continue;
        }
        text.append(block.data(), static_cast<std::size_t>(n));
    }
    ::close(file);
    if (error == EISDIR) throw refuse("it is a directory; name a file in it");
    if (error != 0) throw refuse(std::strerror(error));
    return text;
}

bool readable_by_others(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & S_IROTH) != 0;
}

std::string warning_of_readable_secret(const std::string& path) {
    return path + " holds a secret and every user of this machine can read it; run: chmod 600 " +
           path;
}

}  // namespace chopsticks::scenario
