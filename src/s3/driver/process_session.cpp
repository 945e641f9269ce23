#include <chopsticks/core/clock.hpp>

#include "beside_native.hpp"
#include "process_driver.hpp"

namespace chopsticks::s3 {

namespace {

using process::call;

class program_session final : public session_beside_native {
  public:
    program_session(const program_target& target, process::program& of, std::size_t endpoint,
                    std::unique_ptr<engine::session> inner, engine::write_account& writes,
                    engine::driver_counters& counters)
        : session_beside_native(endpoint, std::move(inner), writes, counters),
          target_(target),
          call_(of) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        const auto& step = static_cast<const program_step&>(*op.step);
        if (op.cleaning) {
            co_await clean(op, step.inner.get(), out);
            co_return;
        }
        out.endpoint = static_cast<std::uint16_t>(endpoint_);
        const std::int64_t began_ns = monotonic_ns();
        ask(step, op);
        co_await call_.perform(began_ns + target_.options.timeout.operation_ns);
        out.sent_ns = call_.sent_ns != 0 ? call_.sent_ns : began_ns;
        out.done_ns = call_.done_ns;
        out.first_byte_ns = call_.first_byte_ns;
        if (step.writes && call_.sent_ns != 0) {
            ++writes_.versions;
            if (step.how == program_step::way::put && call_.how != call::end::answered) {
                ++writes_.unanswered;
            }
        }
        judge(step, op, out);
    }

  private:
    void cancel_own() noexcept override { call_.cancel(); }

    void ask(const program_step& step, const engine::operation& op) {
        using way = program_step::way;
        call_.members.clear();
        write_request(call_.members, step, op, target_.group);
        call_.body = process::request_body();
        if (step.how == way::put) {
            call_.body = {target_.content, {op.object, op.version}, 0, op.size};
        }
        const bool hears = step.how == way::get && target_.verifies;
        call_.reader = hears ? &check_ : nullptr;
        call_.most_body = hears ? (op.length > 0 ? op.length : op.size) : 0;
        if (hears) check_.begin(target_.content, op);
    }

    void judge(const program_step& step, const engine::operation& op, engine::outcome& out) {
        switch (call_.how) {
            case call::end::answered:
                out.retries = call_.said.retries;
                if (call_.said.status > 0) out.native = native_code::of_http(call_.said.status);
                if (call_.said.ok) {
                    judge_success(step, op, call_.said, call_.reader != nullptr ? &check_ : nullptr,
                                  target_.group, out);
                } else {
                    judge_failure(call_.said, out);
                }
                break;
            case call::end::timed_out:
                ++counters_.timeouts;
                out.fail(op_status::timeout, "Timeout",
                         "the driver program did not answer within the time-out");
                break;
            case call::end::none:
            case call::end::cancelled:
                out.fail(op_status::cancelled, "", "");
                break;
            case call::end::lost:
                out.fail(op_status::connection_lost, "DriverEnded", call_.why);
                break;
            case call::end::broken:
                out.fail(op_status::bad_response, "DriverProtocol", call_.why);
                break;
            case call::end::gone:
                out.fail(op_status::connect_failed, "DriverGone", call_.why);
                break;
        }
    }

    const program_target& target_;
    call call_;
    body_check check_;
};

}  // namespace

std::unique_ptr<engine::session> make_program_session(const program_target& target,
                                                      process::program& of, std::size_t endpoint,
                                                      std::unique_ptr<engine::session> inner,
                                                      engine::write_account& writes,
                                                      engine::driver_counters& counters) {
    return std::make_unique<program_session>(target, of, endpoint, std::move(inner), writes,
                                             counters);
}

}  // namespace chopsticks::s3
