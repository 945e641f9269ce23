#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/program.hpp>
#include <utility>

namespace chopsticks::process {

namespace {

/// Of an operation that no program is left for: who asks again at once is not to spin.
constexpr std::int64_t gone_pause_ns = 100'000'000;

}  // namespace

call::call(program& of) : of_(of) {
    of_.loop().add(static_cast<runtime::deadline&>(*this));
}

call::~call() {
    of_.loop().remove(static_cast<runtime::deadline&>(*this));
}

runtime::task<void> call::perform(std::int64_t until_ns) {
    how = end::none;
    sent_ns = first_byte_ns = done_ns = 0;
    why.clear();
    of_.begin(*this);
    if (how == end::gone) {
        co_await of_.loop().sleep_until(monotonic_ns() + gone_pause_ns);
        co_return;
    }
    struct awaiter {
        call* self;
        bool await_ready() const noexcept { return self->how != end::none; }
        void await_suspend(std::coroutine_handle<> who) const noexcept { self->waits_ = who; }
        void await_resume() const noexcept {}
    };
    due_ns = until_ns;
    co_await awaiter{this};  // coroutine-safe: a pointer
    due_ns = 0;
}

void call::cancel() noexcept {
    if (waits_ && how == end::none) of_.give_up(*this, end::cancelled);
}

void call::expired() {
    if (how == end::none) of_.give_up(*this, end::timed_out);
}

void call::finish(end as) noexcept {
    how = as;
    done_ns = monotonic_ns();
    if (waits_) of_.loop().make_ready(std::exchange(waits_, nullptr));
}

}  // namespace chopsticks::process
