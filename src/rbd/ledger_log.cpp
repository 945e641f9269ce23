#include "ledger_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

namespace chopsticks::rbd {

namespace {

/// Far below osd_max_object_size, and no more than one write may be.
constexpr std::uint64_t object_bytes = 16 << 20;
constexpr std::size_t piece_bytes = 4 << 20;

std::string reason(int error) {
    const char* text = ::strerrordesc_np(-error);
    return text != nullptr ? text : "error " + std::to_string(-error);
}

/// The number behind "name=" in a text of words.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(at + name.size());
    std::uint64_t value = 0;
    const auto done = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (done.ec != std::errc()) return std::nullopt;
    return value;
}

}  // namespace

ledger_log::ledger_log(rados_ioctx_t pool, rbd_image_t image) : pool_(pool), image_(image) {
    std::array<char, 128> id{};
    rbd_get_id(image, id.data(), id.size());
    id_ = id.data();
}

std::string ledger_log::object(std::uint64_t generation, std::uint64_t number) const {
    return ledger_prefix + id_ + "." + std::to_string(generation) + "." + std::to_string(number);
}

std::optional<ledger_log::name_in_image> ledger_log::named() const {
    std::array<char, 256> value{};
    std::size_t size = value.size() - 1;
    if (rbd_metadata_get(image_, ledger_key, value.data(), &size) < 0) return std::nullopt;
    // A copy of the image has the name of a ledger that is the other image's.
    const std::string_view text = value.data();
    const std::size_t at = text.find(" image=");
    if (at != std::string_view::npos) {
        const std::string_view id = text.substr(at + 7);
        if (id.substr(0, id.find(' ')) != id_) return std::nullopt;
    }
    name_in_image found;
    found.generation = number_of(value.data(), "generation=").value_or(0);
    found.bytes = number_of(value.data(), "bytes=");
    return found;
}

std::string ledger_log::read(load::ledger_book& book) {
    const auto name = named();
    if (!name) return {};
    generation_ = name->generation;
    load::ledger_reader reader(book);
    std::vector<char> piece(piece_bytes);
    std::uint64_t at = 0;
    for (;;) {
        const std::uint64_t offset = at % object_bytes;
        const std::string where = object(generation_, at / object_bytes);
        const int got = rados_read(pool_, where.c_str(), piece.data(), piece.size(), offset);
        if (got == -ENOENT && at > 0) break;
        if (got < 0) return "its object " + where + ": " + reason(got);
        if (!reader.feed(std::span(piece).first(static_cast<std::size_t>(got)))) break;
        at += static_cast<std::uint64_t>(got);
        if (static_cast<std::size_t>(got) < piece.size()) break;
    }
    const auto end = reader.finish();
    if (end == load::ledger_reader::ending::damaged) return "it is damaged: " + reader.problem();
    if (name->bytes && *name->bytes != at) {
        return "it has " + std::to_string(at) + " bytes and was left with " +
               std::to_string(*name->bytes);
    }
    return {};
}

int ledger_log::put(std::uint64_t at, const std::string& data) const {
    std::size_t done = 0;
    while (done < data.size()) {
        const std::uint64_t offset = (at + done) % object_bytes;
        const std::size_t bytes =
            std::min<std::uint64_t>({data.size() - done, piece_bytes, object_bytes - offset});
        const std::string where = object(generation_, (at + done) / object_bytes);
        const int failed = rados_write(pool_, where.c_str(), data.data() + done, bytes, offset);
        if (failed < 0) return failed;
        done += bytes;
    }
    return 0;
}

std::string ledger_log::rewrite(const load::ledger_book& book, bool goes_on) {
    const auto old = named();
    const std::uint64_t generation_before = generation_;
    // Of a run that was killed while it wrote the next generation there may be objects.
    generation_ = std::max(generation_, old ? old->generation : 0) + 1;
    remove(generation_);
    load::ledger_writer writer;
    book.write_to(writer, goes_on);
    const std::string& data = writer.bytes();
    std::string name = "generation=" + std::to_string(generation_) + " image=" + id_;
    if (!goes_on) name += " bytes=" + std::to_string(data.size());
    int failed = put(0, data);
    if (failed >= 0) failed = rbd_metadata_set(image_, ledger_key, name.c_str());
    if (failed < 0) {
        generation_ = generation_before;
        return reason(failed);
    }
    bytes_ = begun_with_ = data.size();
    if (old) remove(old->generation);
    return {};
}

int ledger_log::append(load::ledger_writer& more) {
    const std::string& data = more.bytes();
    if (data.empty()) return 0;
    const int failed = put(bytes_, data);
    if (failed < 0) return failed;
    bytes_ += data.size();
    more.drop(data.size());
    return 0;
}

std::string ledger_log::forget() {
    const auto old = named();
    if (!old) return {};
    const int failed = rbd_metadata_remove(image_, ledger_key);
    if (failed < 0 && failed != -ENOENT) return reason(failed);
    remove(old->generation);
    return {};
}

void ledger_log::remove(std::uint64_t generation) const {
    for (std::uint64_t n = 0;; ++n) {
        if (rados_remove(pool_, object(generation, n).c_str()) < 0) return;
    }
}

}  // namespace chopsticks::rbd
