#include "probe.hpp"

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/unsupported.hpp>
#include <iterator>

namespace chopsticks::engine {

namespace {

/// The steps of one group, on the first core. Lives on the main thread's stack; all but the
/// constructor is called on the core.
class step_asker {
  public:
    step_asker(group_core& of, const group_setup& setup, std::size_t group)
        : of_(of), setup_(setup), group_(group) {}

    runtime::task<std::vector<probe_answer>> go() {
        std::vector<probe_answer> to;
        session_ = of_.driver().make_session();
        const std::vector<scenario::task>& tasks = setup_.group->tasks;
        std::size_t number = 0;
        for (std::size_t t = 0; t < tasks.size(); ++t) {
            for (std::size_t s = 0; s < tasks[t].steps.size() && !stopped_; ++s) {
                probe_answer answer;
                answer.group = group_;
                answer.task = t;
                answer.step = s;
                co_await ask_one(tasks[t].steps[s], number++, answer);
                // What was cut off is no answer.
                if (!stopped_) to.push_back(std::move(answer));
            }
        }
        session_.reset();
        co_return to;
    }

    void stop() noexcept {
        stopped_ = true;
        if (session_) session_->cancel();
    }

  private:
    runtime::task<void> ask_one(const scenario::step& what, std::size_t number,
                                probe_answer& answer) {
        const std::unique_ptr<bound_step> bound = of_.driver().bind(what);
        operation op;
        op.step = bound.get();
        if (!of_.source().begin(0, number, nullptr, op)) {
            answer.why =
                "nothing is there that it could be done to: what would have made it failed";
            co_return;
        }
        outcome out;
        co_await session_->execute(op, out);
        of_.source().end(0, out.status == op_status::ok);
        answer.what = setup_.target->support_of(out);
        if (answer.what == support::has_it) co_return;
        answer.why = out.example;
        if (answer.why.empty()) answer.why = name(out.status);
    }

    group_core& of_;
    const group_setup& setup_;
    std::size_t group_;
    std::unique_ptr<session> session_;
    bool stopped_ = false;
};

void ask_group(steering& run, std::size_t group, std::vector<probe_answer>& to) {
    worker& first = *run.workers.front();
    step_asker asker(*first.groups()[group], run.options.groups[group], group);
    bool told_to_stop = false;
    const auto look = [&] {
        if (!run.stopping() || told_to_stop) return;
        told_to_stop = true;
        first.loop().post([&asker] { asker.stop(); });
    };
    std::vector<probe_answer> answers =
        run_on<std::vector<probe_answer>>(first, run.pace, [&] { return asker.go(); }, look);
    to.insert(to.end(), std::make_move_iterator(answers.begin()),
              std::make_move_iterator(answers.end()));
    // What was posted last refers to the asker.
    ask(first, [] {});
}

}  // namespace

support driver::support_of(const outcome& out) const noexcept {
    if (out.status == op_status::ok) return support::has_it;
    // Of an HTTP status its own driver knows more.
    const int number = out.native.as(code_kind::errno_value);
    if (means_unsupported(native_code::of_errno(number), {})) return support::unsupported;
    switch (number) {
        case EPERM:
        case EACCES:
        case EROFS:
            return support::refused;
        default:
            return support::unknown;
    }
}

std::vector<probe_answer> ask_each_step(steering& run) {
    std::vector<probe_answer> answers;
    for (std::size_t g = 0; g < run.options.groups.size() && !run.stopping(); ++g)
        ask_group(run, g, answers);
    return answers;
}

}  // namespace chopsticks::engine
