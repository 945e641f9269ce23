#include "model_disks.hpp"

#include <chopsticks/core/clock.hpp>

#include "../../support/bound_steps.hpp"

namespace {

using namespace chopsticks;

class disk_session final : public engine::session {
  public:
    disk_session(model_disks& disks, runtime::reactor& loop) : disks_(disks), loop_(loop) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        out.sent_ns = monotonic_ns();
        co_await loop_.sleep_until(out.sent_ns + 100'000);
        out.done_ns = out.first_byte_ns = monotonic_ns();
        note(op, out);
    }

    void cancel() noexcept override {}

  private:
    void note(const engine::operation& op, engine::outcome& out) {
        const std::lock_guard lock(disks_.mutex);
        if (op.object >= disks_.images.size() || op.length > disks_.images[op.object] ||
            op.offset > disks_.images[op.object] - op.length) {
            ++disks_.out_of_bounds;
        }
        if (disks_.fail && disks_.fail(op, out)) return;
        disk_access a;
        a.code = test::code_of(op);
        a.core = loop_.core();
        a.image = op.object;
        a.offset = op.offset;
        a.length = op.length;
        a.version = op.version;
        a.pieces = test::step_of(op).pieces;
        (disks_.sealed ? disks_.accesses : disks_.before_load).push_back(a);
        out.bytes = op.length;
    }

    model_disks& disks_;
    runtime::reactor& loop_;
};

class disk_core final : public engine::core_driver {
  public:
    disk_core(model_disks& disks, runtime::reactor& loop) : disks_(disks), loop_(loop) {}
    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<disk_session>(disks_, loop_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<test::whole_step>(what);
    }
    runtime::task<engine::target_state> open_target() override {
        engine::target_state s;
        s.extents = disks_.images;
        s.data_ready = disks_.data_ready;
        s.notes = disks_.notes;
        disks_.sealed = disks_.data_ready;
        co_return s;
    }
    runtime::task<std::string> join_target(const engine::target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override {
        const std::lock_guard lock(disks_.mutex);
        disks_.sealed = true;
        co_return std::string();
    }
    runtime::task<std::string> close_target() override { co_return std::string(); }

  private:
    model_disks& disks_;
    runtime::reactor& loop_;
};

}  // namespace

std::unique_ptr<engine::core_driver> disk_driver::make_core(runtime::reactor& loop, unsigned) {
    return std::make_unique<disk_core>(disks_, loop);
}
