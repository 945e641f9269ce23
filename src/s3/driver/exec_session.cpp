#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <cstdio>

#include "beside_native.hpp"
#include "exec_driver.hpp"

namespace chopsticks::s3 {

namespace {

using process::execution;
using exec_way = program_step::way;

/// No listing is longer; nothing of it is kept.
constexpr std::uint64_t most_listed = 1ULL << 30;
/// What a pipe has room for as it is.
constexpr std::uint64_t small_body = 64 * 1024;

const std::optional<exec_operation> no_operation;

std::optional<exec_operation> find_exec_operation(std::string_view op) {
    for (std::size_t i = 0; i < exec_operation_count; ++i) {
        const auto one = static_cast<exec_operation>(i);
        if (one != exec_operation::get_range && name(one) == op) return one;
    }
    return no_operation;
}

/// Counts the lines of a listing that have something on them.
class line_count final : public process::body_reader {
  public:
    void begin() noexcept { *this = line_count(); }
    void take(std::span<const char> piece) noexcept override {
        for (const char c : piece) {
            if (c == '\n') {
                in_line_ = false;
            } else if (c != ' ' && c != '\t' && c != '\r' && !in_line_) {
                in_line_ = true;
                ++lines;
            }
        }
    }

    std::uint64_t lines = 0;

  private:
    bool in_line_ = false;
};

/// The number behind a text; nothing: there is none.
std::optional<std::uint64_t> number_after(std::string_view in, std::string_view text) {
    const std::size_t at = in.find(text);
    if (at == std::string_view::npos) return {};
    in.remove_prefix(at + text.size());
    in.remove_prefix(std::min(in.find_first_not_of(" \t\r\n\""), in.size()));
    std::uint64_t number = 0;
    const auto read = std::from_chars(in.data(), in.data() + in.size(), number);
    if (read.ec != std::errc()) return {};
    return number;
}

class exec_session final : public session_beside_native {
  public:
    exec_session(const exec_target& target, process::launcher& by, std::size_t endpoint,
                 std::unique_ptr<engine::session> inner, engine::write_account& writes,
                 engine::driver_counters& counters)
        : session_beside_native(endpoint, std::move(inner), writes, counters),
          target_(target),
          run_(by),
          values_(target.endpoints[endpoint]->values) {
        run_.plan = target.endpoints[endpoint]->plan;
    }

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        const auto& step = static_cast<const exec_step&>(*op.step);
        if (op.cleaning) {
            co_await clean(op, step.told.inner.get(), out);
            co_return;
        }
        out.endpoint = static_cast<std::uint16_t>(endpoint_);
        const std::int64_t began_ns = monotonic_ns();
        ask(step, op);
        std::int64_t patience_ns = target_.options.timeout.operation_ns;
        if (target_.how.timeout_ns > 0) {
            patience_ns = std::min(patience_ns, target_.how.timeout_ns);
        }
        co_await run_.perform(began_ns + patience_ns);
        out.sent_ns = run_.started_ns != 0 ? run_.started_ns : began_ns;
        out.first_byte_ns = run_.first_byte_ns;
        out.done_ns = std::max(run_.done_ns, out.sent_ns);
        if (step.told.writes && run_.started_ns != 0) {
            ++writes_.versions;
            if (step.told.how == exec_way::put && !succeeded()) ++writes_.unanswered;
        }
        judge(step, op, out);
    }

  private:
    void cancel_own() noexcept override { run_.cancel(); }

    void set(exec_word word, std::string text) {
        values_[static_cast<std::size_t>(word)] = std::move(text);
    }

    void ask(const exec_step& step, const engine::operation& op) {
        const bool part = step.told.how == exec_way::get && op.length > 0;
        if (step.told.by_key) {
            set(exec_word::key, target_.group.key_of(op.object));
            set(exec_word::size, std::to_string(op.size));
        }
        if (part) {
            set(exec_word::offset, std::to_string(op.offset));
            set(exec_word::length, std::to_string(op.length));
            set(exec_word::last, std::to_string(op.offset + op.length - 1));
        }
        if (step.told.how == exec_way::list) {
            asked what = step.told.listed;
            what.object = op.object;
            set(exec_word::prefix, target_.group.listed_prefix(what));
        }
        run_.plan.command =
            target_.how.command(part ? exec_operation::get_range : step.operation, values_);
        run_.body = process::request_body();
        run_.reader = nullptr;
        run_.most_output = 0;
        const bool puts = step.told.how == exec_way::put;
        if (puts) run_.body = {target_.content, {op.object, op.version}, 0, op.size};
        run_.plan.counts_unread = puts;
        const bool gets = step.told.how == exec_way::get;
        const std::uint64_t got = gets ? (part ? op.length : op.size) : 0;
        if (gets) {
            check_.begin(target_.verifies ? target_.content : nullptr, op);
            run_.reader = &check_;
            run_.most_output = got;
        } else if (step.told.how == exec_way::list) {
            lines_.begin();
            run_.reader = &lines_;
            run_.most_output = most_listed;
        }
        constexpr int large = process::child_plan::large_pipe;
        run_.plan.input_bytes = run_.body.bytes > small_body ? large : 0;
        run_.plan.output_bytes = got > small_body ? large : 0;
    }

    bool succeeded() const noexcept {
        return run_.how == execution::end::ended && WIFEXITED(run_.wait_status) &&
               WEXITSTATUS(run_.wait_status) == 0;
    }

    void judge(const exec_step& step, const engine::operation& op, engine::outcome& out) {
        switch (run_.how) {
            case execution::end::ended:
                if (succeeded()) {
                    judge_output(step, op, out);
                } else {
                    judge_status(out);
                }
                break;
            case execution::end::timed_out:
                ++counters_.timeouts;
                out.fail(op_status::timeout, "Timeout",
                         run_.started_ns == 0
                             ? "as many programs as may ran for all of its time"
                             : with_last_line("the program did not end within the time-out"));
                break;
            case execution::end::none:
            case execution::end::cancelled:
                out.fail(op_status::cancelled, "", "");
                break;
            case execution::end::too_long:
                out.fail(op_status::bad_response, "OutputTooLong",
                         "the program wrote 16 MiB more than was asked for, and was ended");
                break;
            case execution::end::not_started:
                out.fail(op_status::connect_failed, "NotStarted", run_.why);
                break;
        }
    }

    std::string with_last_line(std::string text) const {
        const std::string line = run_.errors.last_line(target_.secrets);
        return line.empty() ? text : text + ": " + line;
    }

    void judge_status(engine::outcome& out) {
        const int status = run_.wait_status;
        char code[24];
        std::snprintf(code, sizeof code, WIFEXITED(status) ? "Exit%d" : "Signal%d",
                      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        // What a tool's line says is for people: no two tools say the same.
        out.fail(WIFEXITED(status) ? op_status::server_error : op_status::connection_lost, code,
                 with_last_line(run_.ended));
    }

    /// Of one that says that it is done.
    void judge_output(const exec_step& step, const engine::operation& op, engine::outcome& out) {
        process::answer said;
        said.ok = true;
        switch (step.told.how) {
            case exec_way::put:
                if (run_.taken < op.size) {
                    char text[120];
                    std::snprintf(text, sizeof text,
                                  "it ended with status 0 and had read %llu of %llu bytes",
                                  static_cast<unsigned long long>(run_.taken),
                                  static_cast<unsigned long long>(op.size));
                    out.fail(op_status::bad_response, "InputLeft", with_last_line(text));
                    return;
                }
                break;
            case exec_way::head:
                said.bytes = target_.how.size_after.empty()
                                 ? op.size
                                 : number_after(run_.kept, target_.how.size_after);
                break;
            case exec_way::list:
                said.entries = lines_.lines;
                break;
            case exec_way::get:
            case exec_way::other:
                break;
        }
        judge_success(step.told, op, said, &check_, target_.group, out);
    }

    const exec_target& target_;
    execution run_;
    body_check check_;
    line_count lines_;
    exec_values values_;
};

}  // namespace

exec_step::exec_step(const scenario::step& what, const std::string& bucket) : told(what, bucket) {
    operation = find_exec_operation(what.op).value_or(exec_operation::get);
    // Tools go on to the end.
    told.listed.pages = 0;
}

void check_exec_step(const scenario::step& what, const exec_options& how, std::string_view driver) {
    const auto operation = find_exec_operation(what.op);
    const std::string of = "the driver " + std::string(driver) + " ";
    if (!operation || !how.has(*operation)) {
        std::string all;
        for (std::size_t i = 0; i < exec_operation_count; ++i) {
            const auto one = static_cast<exec_operation>(i);
            if (how.has(one)) all += (all.empty() ? "" : ", ") + std::string(name(one));
        }
        throw config_error(
            of + "has no command for `" + what.op + "`; it has some for " + all +
            (operation ? "; write one: `driver_options: {" + what.op + ": ...}`" : std::string()));
    }
    if (what.range_bytes > 0 && !how.has(exec_operation::get_range)) {
        throw config_error(of +
                           "has no command for a get with `range`: write one, `get_range`, "
                           "with {offset} and {length} or {last}");
    }
    for (const scenario::driver_parameter& p : what.values) {
        const bool known =
            p.value == p.standard || p.name == "overwrite" ||
            (what.op == "list" &&
             (p.name == "directory" || (p.name == "pages" && what.number("pages") == 0)));
        if (known) continue;
        throw config_error(of + "does not do `" + what.op + "` with `" + std::string(p.name) +
                           "`: leave it out, or take `driver: native`");
    }
}

std::unique_ptr<engine::session> make_exec_session(const exec_target& target, process::launcher& by,
                                                   std::size_t endpoint,
                                                   std::unique_ptr<engine::session> inner,
                                                   engine::write_account& writes,
                                                   engine::driver_counters& counters) {
    return std::make_unique<exec_session>(target, by, endpoint, std::move(inner), writes, counters);
}

}  // namespace chopsticks::s3
