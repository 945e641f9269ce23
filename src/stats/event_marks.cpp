#include <algorithm>
#include <chopsticks/stats/event_marks.hpp>
#include <functional>
#include <utility>

namespace chopsticks::stats {

namespace {

constexpr std::string_view source_names[] = {"annotate", "signal",  "phase",
                                             "ceph",     "finding", "steering"};

/// At most so many bytes of it, without half a character of UTF-8 at the end.
void cut_bytes(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80)
        --most;
    text.resize(most);
}

}  // namespace

std::string_view name(event_source source) noexcept {
    return source_names[static_cast<std::size_t>(source)];
}

std::optional<event_source> event_source_named(std::string_view name) noexcept {
    const auto* const at = std::find(std::begin(source_names), std::end(source_names), name);
    if (at == std::end(source_names)) return std::nullopt;
    return static_cast<event_source>(at - std::begin(source_names));
}

event_mark event_mark::moved(double later_s) const {
    event_mark out = *this;
    out.start_s += later_s;
    if (out.end_s) *out.end_s += later_s;
    return out;
}

void event_marks::add(event_mark mark) {
    cut_bytes(mark.text, text_bytes_max);
    const auto later = std::upper_bound(list_.begin(), list_.end(), mark, std::less<>());
    list_.insert(later, std::move(mark));
    if (list_.size() <= most) return;
    list_.pop_back();
    ++dropped_;
}

void event_marks::add(const event_marks& other, double later_s) {
    dropped_ += other.dropped_;
    for (const event_mark& mark : other.list_)
        add(mark.moved(later_s));
}

}  // namespace chopsticks::stats
