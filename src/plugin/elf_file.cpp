#include "elf_file.hpp"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace chopsticks::plugin {

namespace {

constexpr unsigned char our_byte_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

template <typename Item>
bool read_at(std::ifstream& from, std::uint64_t offset, Item* to, std::size_t count) {
    from.clear();
    from.seekg(static_cast<std::streamoff>(offset));
    from.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count * sizeof(Item)));
    return from.good();
}

/// Where [offset, offset + bytes) ends; a sum that is no number ends behind all files.
std::uint64_t end_of(std::uint64_t offset, std::uint64_t bytes) noexcept {
    return bytes > UINT64_MAX - offset ? UINT64_MAX : offset + bytes;
}

}  // namespace

std::string missing_bytes(const std::string& file) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    if (!in) return {};
    const auto size = static_cast<std::uint64_t>(in.tellg());
    Elf64_Ehdr head{};
    if (size < sizeof head || !read_at(in, 0, &head, 1)) return {};
    if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return {};
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != our_byte_order) return {};

    const auto cut_short = [size](std::uint64_t needed) {
        return "is cut short: it has " + std::to_string(size) + " bytes of at least " +
               std::to_string(needed);
    };
    std::uint64_t needed = std::max(
        end_of(head.e_phoff, std::uint64_t{head.e_phnum} * head.e_phentsize),
        head.e_shoff == 0 ? 0
                          : end_of(head.e_shoff, std::uint64_t{head.e_shnum} * head.e_shentsize));
    if (needed > size) return cut_short(needed);
    if (head.e_phentsize != sizeof(Elf64_Phdr)) return {};
    std::vector<Elf64_Phdr> segments(head.e_phnum);
    if (!read_at(in, head.e_phoff, segments.data(), segments.size())) return {};
    for (const Elf64_Phdr& one : segments)
        needed = std::max(needed, end_of(one.p_offset, one.p_filesz));
    return needed > size ? cut_short(needed) : std::string();
}

}  // namespace chopsticks::plugin
