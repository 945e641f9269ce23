#include <algorithm>
#include <chopsticks/s3/protocol/failure.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

template <std::size_t Size>
void copy_cut(char (&to)[Size], std::string_view from) noexcept {
    const std::size_t size = std::min(from.size(), Size - 1);
    if (size > 0) std::memcpy(to, from.data(), size);
    to[size] = '\0';
}

}  // namespace

void failure::set(op_status why, std::string_view wire_code, std::string_view line) noexcept {
    status = why;
    copy_cut(code, wire_code);
    copy_cut(text, line);
}

}  // namespace chopsticks::s3
