#include "model_target.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <optional>

#include "../../support/bound_steps.hpp"

namespace {

using namespace chopsticks;
class model_session final : public engine::session {
  public:
    model_session(model_state& state, runtime::reactor& loop, engine::driver_meters* meters)
        : state_(state), loop_(loop), meters_(meters), number_(state.sessions.fetch_add(1)) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        cancelled_ = false;
        out.sent_ns = monotonic_ns();
        const std::int64_t delay = state_.delay_ns;
        std::int64_t answer_ns = delay > 0 ? out.sent_ns + delay : 0;
        if (state_.answer_at) answer_ns = state_.answer_at(out.sent_ns);
        if (state_.on_virtual_clock) answer_ns = std::max(answer_ns, out.sent_ns + 50'000);
        while (monotonic_ns() < answer_ns && !cancelled_)
            co_await loop_.sleep_until(answer_ns);
        while (state_.hang && !cancelled_) {
            co_await loop_.sleep_until(monotonic_ns() + state_.hang_step_ns);
        }
        out.done_ns = out.first_byte_ns = monotonic_ns();
        if (cancelled_) {
            out.fail(op_status::cancelled, "", "");
            co_return;
        }
        apply(op, out);
        if (state_.at_end) state_.at_end(op, out);
        if (meters_ != nullptr && state_.count) state_.count(*meters_, loop_.core(), out);
    }

    void cancel() noexcept override { cancelled_ = true; }

  private:
    void apply(const engine::operation& op, engine::outcome& out) {
        const std::lock_guard lock(state_.mutex);
        ++state_.executed;
        if (number_ < state_.dead_sessions) {
            out.fail(op_status::connect_failed, "ECONNREFUSED", "nobody listens");
            return;
        }
        // Of several at once each may fail by itself.
        if (op.batch.empty() && state_.fail && state_.fail(op, out)) return;
        const scenario::step& what = test::step_of(op);
        switch (what.use) {
            case scenario::subject_use::make:
            case scenario::subject_use::rewrite:
                state_.objects[op.object] = op.version;
                out.bytes = op.size;
                break;
            case scenario::subject_use::read:
            case scenario::subject_use::amend: {
                const auto found = state_.objects.find(op.object);
                if (found == state_.objects.end() || found->second != op.version) {
                    ++state_.wrong;
                    out.fail(op_status::client_error, "NoSuchKey", "not there");
                    out.native = native_code::of_http(404);
                }
                if (what.carries == scenario::payload::received) {
                    out.bytes = op.length > 0 ? op.length : op.size;
                }
                break;
            }
            case scenario::subject_use::remove:
                if (op.batch.empty()) {
                    state_.objects.erase(op.object);
                } else {
                    remove_several(op, out);
                }
                break;
            case scenario::subject_use::make_container:
                ++state_.buckets[op.object];
                break;
            case scenario::subject_use::remove_container:
                state_.buckets.erase(op.object);
                break;
            default:
                break;
        }
    }

    void remove_several(const engine::operation& op, engine::outcome& out) {
        for (engine::batch_subject& subject : op.batch) {
            engine::operation one = op;
            one.object = subject.object;
            one.version = subject.version;
            if (state_.fail && state_.fail(one, out)) continue;
            subject.done = true;
            state_.objects.erase(subject.object);
        }
    }

    model_state& state_;
    runtime::reactor& loop_;
    engine::driver_meters* meters_;
    unsigned number_;
    bool cancelled_ = false;
};

class model_core final : public engine::core_driver {
  public:
    model_core(model_state& state, runtime::reactor& loop) : state_(state), loop_(loop) {
        if (!state.counted.empty()) meters_.emplace(state.counted);
    }
    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<model_session>(state_, loop_, meters());
    }
    engine::driver_meters* meters() noexcept override { return meters_ ? &*meters_ : nullptr; }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<test::whole_step>(what);
    }
    runtime::task<engine::target_state> open_target() override {
        ++state_.opened;
        engine::target_state s;
        s.problem = state_.open_problem;
        cancelled_ = false;
        while (state_.hang_open && !cancelled_) {
            co_await loop_.sleep_until(monotonic_ns() + state_.hang_step_ns);
        }
        if (cancelled_) s.problem = "cancelled";
        co_return s;
    }
    runtime::task<std::string> join_target(const engine::target_state&) override {
        ++state_.joined;
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override {
        ++state_.sealed;
        co_return std::string();
    }
    runtime::task<std::string> close_target() override {
        ++state_.closed;
        cancelled_ = false;
        while (state_.hang_open && !cancelled_) {
            co_await loop_.sleep_until(monotonic_ns() + state_.hang_step_ns);
        }
        for (std::uint64_t n = 0; n < state_.close_steps && !cancelled_; ++n) {
            co_await loop_.sleep_until(monotonic_ns() + state_.hang_step_ns);
            if (state_.tells_steps) ++steps_;
        }
        co_return cancelled_ ? "cancelled" : "";
    }
    std::uint64_t control_steps() const noexcept override { return steps_; }
    runtime::task<engine::left_count> count_left() override {
        co_return state_.count_left ? state_.count_left() : engine::left_count();
    }
    std::vector<engine::leftover> left_behind() const override { return state_.left_behind; }
    void cancel_control() noexcept override { cancelled_ = true; }

  private:
    model_state& state_;
    runtime::reactor& loop_;
    std::optional<engine::driver_meters> meters_;
    bool cancelled_ = false;
    std::atomic<std::uint64_t> steps_{0};
};

}  // namespace

std::unique_ptr<engine::core_driver> model_driver::make_core(runtime::reactor& loop, unsigned) {
    return std::make_unique<model_core>(state_, loop);
}
