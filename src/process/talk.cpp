// What a program says, and what it is told.

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/program.hpp>
#include <cstring>

namespace chopsticks::process {

bool program::consume() {
    std::size_t at = 0;
    while (at < filled_) {
        if (body_left_ > 0) {
            const std::size_t size = std::min<std::uint64_t>(body_left_, filled_ - at);
            const slot& s = slots_[body_of_];
            if (s.who != nullptr && s.who->reader != nullptr) {
                s.who->reader->take({buffer_.data() + at, size});
            }
            body_left_ -= size;
            at += size;
            if (body_left_ == 0) finish_answer(body_of_);
            continue;
        }
        const char* const start = buffer_.data() + at;
        const void* const end = std::memchr(start, '\n', filled_ - at);
        const std::size_t size =
            end != nullptr ? static_cast<std::size_t>(static_cast<const char*>(end) - start)
                           : filled_ - at;
        if (size >= most_line_bytes) {
            breach_ = "it wrote a line of more than 64 KiB: " + shown({start, size});
            return false;
        }
        if (end == nullptr) break;
        if (!take_line({start, size})) return false;
        at += size + 1;
    }
    std::memmove(buffer_.data(), buffer_.data() + at, filled_ - at);
    filled_ -= at;
    return true;
}

bool program::take_line(std::string_view line) {
    if (ready_) return take_answer(line);
    greeting said;
    breach_ = read_greeting(line, said);
    if (breach_.empty() && said != plan_.expected) {
        breach_ = "it says another name, version, operations or figures than at its first start";
    }
    if (!breach_.empty()) return false;
    ready_ = true;
    kick();
    return true;
}

bool program::take_answer(std::string_view line) {
    const std::string_view problem = read_answer(line, answer_);
    if (!problem.empty()) {
        breach_ =
            "it wrote a line that is no answer (" + std::string(problem) + "): " + shown(line);
        return false;
    }
    if (answer_.figures.kind == json_kind::object) count(answer_.figures);
    if (!answer_.has_id) return true;
    const auto index = static_cast<std::uint32_t>(answer_.id % most_slots);
    const std::uint64_t generation = answer_.id / most_slots;
    if (index >= slots_.size() || slots_[index].generation != generation ||
        slots_[index].is == slot::state::free || slots_[index].is == slot::state::queued) {
        breach_ = "it answered an operation that is not under way (or was answered before): " +
                  shown(line);
        return false;
    }
    slot& s = slots_[index];
    if (answer_.body > s.most_body + body_excess) {
        breach_ = "it announced a body of " + std::to_string(answer_.body) + " bytes where " +
                  std::to_string(s.most_body) + " were asked for";
        return false;
    }
    fruitless_ = 0;
    if (s.who != nullptr) {
        answer_.figures = json_value();
        s.who->said = answer_;
        s.who->first_byte_ns = monotonic_ns();
    }
    if (answer_.body == 0) {
        finish_answer(index);
    } else {
        body_of_ = index;
        body_left_ = answer_.body;
    }
    return true;
}

void program::finish_answer(std::uint32_t index) noexcept {
    call* const who = slots_[index].who;
    release(index);
    if (who != nullptr) who->finish(call::end::answered);
}

void program::count(const json_value& told) noexcept {
    json_walk members(told.raw);
    while (members.next()) {
        const auto& all = plan_.expected.figures;
        const auto level = members.value().number();
        const auto found = std::find_if(
            all.begin(), all.end(), [&](const auto& one) { return one.name == members.name(); });
        if (found == all.end() || !level) continue;
        const auto at = static_cast<std::size_t>(found - all.begin());
        if (figures_.gauges[at] != nullptr) {
            figures_.gauges[at]->add(*level - told_[at]);
        } else if (*level > told_[at] && *level < static_cast<double>(stats::figure_count_max)) {
            figures_.counters[at]->add(static_cast<std::uint64_t>(*level - told_[at]));
        } else {
            continue;
        }
        told_[at] = *level;
    }
}

void program::kick() noexcept {
    if (writer_ && may_write()) loop_.make_ready(std::exchange(writer_, nullptr));
}

runtime::task<void> program::write_out() {
    struct parked {
        program* self;
        bool await_ready() const noexcept { return self->may_write(); }
        void await_suspend(std::coroutine_handle<> who) const noexcept { self->writer_ = who; }
        void await_resume() const noexcept {}
    };
    while (true) {
        co_await parked{this};  // coroutine-safe: a pointer
        if (!may_write()) continue;
        const std::uint32_t start = starts_;
        take_batch();
        iovecs_[0] = {lines_.data(), lines_.size()};
        std::size_t pieces = 1;
        bool goes_on = co_await send(pieces, start);
        while (goes_on && sending_.bytes > 0) {
            const auto piece = sending_.content->gather(sending_.key, sending_.offset,
                                                        sending_.bytes, iovecs_, stamps_);
            sending_.offset += piece.bytes;
            sending_.bytes -= piece.bytes;
            pieces = piece.iovecs;
            goes_on = co_await send(pieces, start);
        }
    }
}

/// Lines of what is queued, up to one that has a body.
void program::take_batch() {
    lines_.clear();
    sending_.bytes = 0;
    const std::int64_t now_ns = monotonic_ns();
    while (may_write() && lines_.size() < most_line_bytes && sending_.bytes == 0) {
        const std::uint32_t index = first_;
        unlink(index);
        slot& s = slots_[index];
        s.is = slot::state::sent;
        ++under_way_;
        call& c = *s.who;
        c.sent_ns = now_ns;
        const auto append = [&](std::uint64_t number) {
            char digits[24];
            const auto written = std::to_chars(digits, digits + sizeof digits, number);
            lines_.append(digits, written.ptr);
        };
        lines_ += "{\"id\":";
        append(std::uint64_t{s.generation} * most_slots + index);
        lines_ += ',';
        lines_ += c.members;
        if (c.body.content != nullptr) {
            sending_ = c.body;
            lines_ += ",\"body\":";
            append(sending_.bytes);
        }
        lines_ += "}\n";
    }
}

/// The first `pieces` of iovecs_; false: the process that was to get them is not there any more.
runtime::task<bool> program::send(std::size_t pieces, std::uint32_t start) {
    for (std::size_t at = 0; at < pieces;) {
        if (!open_ || starts_ != start || deaf_ns_ != 0) co_return false;
        const ssize_t wrote =
            ::writev(input_.fd, iovecs_.data() + at, static_cast<int>(pieces - at));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EAGAIN) {
            input_.writable = false;
            co_await loop_.writable(input_);
            continue;
        }
        if (wrote < 0) {
            // Mostly it has ended, which its output tells with how it did.
            deaf_ns_ = monotonic_ns();
            co_return false;
        }
        auto left = static_cast<std::size_t>(wrote);
        while (at < pieces && left >= iovecs_[at].iov_len)
            left -= iovecs_[at++].iov_len;
        if (left == 0) continue;
        iovecs_[at].iov_base = static_cast<char*>(iovecs_[at].iov_base) + left;
        iovecs_[at].iov_len -= left;
    }
    co_return true;
}

}  // namespace chopsticks::process
