// What earlier runs left: found by their marks, which name the run, removed by the names of their
// keys. `chopsticks cleanup` asks for it.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/run_id.hpp>
#include <chopsticks/core/units.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <future>
#include <span>
#include <thread>

#include "connection.hpp"
#include "scan.hpp"

namespace redis_example {

using namespace chopsticks;

namespace {

constexpr std::string_view mark_suffix = "/mark";
/// As patient as a run that counts what it left.
constexpr std::int64_t patience_ns = 120'000'000'000;
/// Keys of one DEL.
constexpr std::size_t batch_most = 500;

/// When a run began, by its id: "20261127T150405Z-...".
std::int64_t began_s(const std::string& run_id) {
    std::tm when{};
    ::strptime(run_id.c_str(), "%Y%m%dT%H%M%SZ", &when);
    return static_cast<std::int64_t>(::timegm(&when));
}

struct run_remains {
    std::string mark;
    std::string run;
    bool alive = false;  ///< a client of the server has its name
    std::vector<std::string> keys;
    std::uint64_t foreign = 0;  ///< below its prefix, and none of the run's names
    std::string foreign_example;
    std::uint64_t removed = 0;
    bool mark_gone = false;

    std::string prefix() const { return mark.substr(0, mark.size() - mark_suffix.size() + 1); }
    /// Whether a key has a name that the run gives.
    bool made(std::string_view key) const {
        const std::string_view suffix = key.substr(prefix().size());
        if (suffix == "counter") return true;
        return !suffix.empty() && suffix.size() <= 20 &&
               suffix.find_first_not_of("0123456789") == std::string_view::npos;
    }
};

/// A loop of its own on a thread of its own, for calls that wait.
class key_cleanup final : public engine::cleanup {
  public:
    explicit key_cleanup(const engine::cleanup_request& asked)
        : asked_(asked),
          server_(find_server(static_cast<const settings&>(*asked.settings), "")),
          loop_(0, -1, runtime::idle_mode::sleep),
          link_(std::make_unique<connection>(loop_, server_, counters_, asked_.timeout)) {
        thread_ = std::thread([this] { loop_.run(); });
        const failure why = wait_for(&key_cleanup::find_runs, "the marks of runs");
        if (why.is_ok()) return;
        stop_loop();
        if (asked_.stop->load() > 0) throw engine::cleanup_interrupted();
        throw config_error(why.text);
    }
    ~key_cleanup() override {
        if (thread_.joinable()) stop_loop();
    }

    engine::cleanup_end carry_out() override {
        std::uint64_t keys = 0;
        bool remains = false;
        for (run_remains& run : runs_) {
            hand_ = &run;
            const failure why = wait_for(&key_cleanup::go_through_run, "the keys of a run");
            print(run);
            if (asked_.stop->load() > 0) return engine::cleanup_end::interrupted;
            if (!why.is_ok()) std::printf("  problem: %s\n", why.text.c_str());
            if (!run.alive) keys += run.keys.size();
            remains |= !run.mark_gone;
        }
        if (runs_.empty()) std::printf("no mark of a run was found on %s\n", server_.text.c_str());
        if (!asked_.remove && remains) {
            std::printf("nothing was removed; to remove %llu keys and the marks: add --yes\n",
                        static_cast<unsigned long long>(keys));
        }
        std::fflush(stdout);
        return remains ? engine::cleanup_end::remains : engine::cleanup_end::clean;
    }

  private:
    using work = runtime::task<failure> (key_cleanup::*)();

    static runtime::task<void> tell(key_cleanup& of, work what, std::promise<failure>& to) {
        runtime::task<failure> under_way = (of.*what)();
        failure why = co_await under_way;
        to.set_value(std::move(why));
    }

    failure wait_for(work what, const char* of) {
        std::promise<failure> promise;
        std::future<failure> end = promise.get_future();
        loop_.post([&] { runtime::start_detached(tell(*this, what, promise)); });
        bool cancelled = false;
        for (int n = 1; end.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready;
             ++n) {
            if (n % 10 == 0) std::fprintf(stderr, "cleanup: waits %d s for %s\n", n / 10, of);
            if (cancelled || asked_.stop->load() == 0) continue;
            cancelled = true;
            loop_.post([this] { link_->cancel(); });
        }
        return end.get();
    }

    void stop_loop() {
        std::promise<void> closed;
        loop_.post([&] {
            link_.reset();
            closed.set_value();
        });
        closed.get_future().wait();
        loop_.request_stop();
        thread_.join();
    }

    runtime::task<failure> ask(std::span<const std::string_view> words, reply& answer) {
        failure why = co_await link_->open();
        if (!why.is_ok()) co_return why;
        begin_command(link_->command(), words.size());
        for (const std::string_view word : words)
            add_word(link_->unsent(), word);
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        why = co_await link_->exchange(answer, sent_ns, first_byte_ns);
        if (why.is_ok() && answer.what == reply::kind::error) {
            why = {op_status::client_error, "Refused",
                   server_.text + ": " + std::string(answer.text)};
        }
        co_return why;
    }

    // A mark is a key below the prefix whose value is the run's id and whose name has that id.
    runtime::task<failure> find_runs() {
        std::int64_t now_s = 0;
        failure why = co_await read_clock(now_s);
        if (!why.is_ok()) co_return why;
        for (const std::string& prefix : asked_.prefixes) {
            std::vector<std::string> marks;
            const key_seen keep = [&](std::string_view key) {
                if (key.ends_with(mark_suffix)) marks.emplace_back(key);
            };
            why = co_await scan(*link_, prefix, monotonic_ns() + patience_ns, keep);
            if (!why.is_ok()) co_return why;
            std::sort(marks.begin(), marks.end());
            marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
            for (const std::string& mark : marks) {
                const std::string rest = mark.substr(prefix.size());
                const std::string run = rest.substr(0, rest.find('/'));
                if (!is_run_id(run) || !is_asked_for(run, now_s)) continue;
                const std::string_view words[] = {"GET", mark};
                reply answer;
                why = co_await ask(words, answer);
                if (!why.is_ok() && answer.what != reply::kind::error) co_return why;
                if (answer.what != reply::kind::text || answer.text != run) continue;
                run_remains& one = runs_.emplace_back();
                one.mark = mark;
                one.run = run;
            }
        }
        co_return failure();
    }

    // The server's, since many machines may load it.
    runtime::task<failure> read_clock(std::int64_t& now_s) {
        const std::string_view words[] = {"TIME"};
        reply answer;
        failure why = co_await ask(words, answer);
        if (!why.is_ok()) co_return why;
        for (std::int64_t n = answer.what == reply::kind::array ? answer.number : 0; n > 0; --n) {
            reply part;
            why = co_await link_->next(part);
            if (!why.is_ok()) co_return why;
            if (now_s == 0) now_s = std::atoll(std::string(part.text).c_str());
        }
        if (now_s > 0) co_return failure();
        co_return failure{op_status::bad_response, "OtherReply",
                          server_.text + ": does not tell the time"};
    }

    bool is_asked_for(const std::string& run, std::int64_t now_s) const {
        if (!asked_.run_id.empty()) return run == asked_.run_id;
        return now_s - began_s(run) >= asked_.older_than_ns / 1'000'000'000;
    }

    runtime::task<failure> go_through_run() {
        run_remains& run = *hand_;
        failure why = co_await look_whether_alive(run);
        if (!why.is_ok()) co_return why;
        const std::string prefix = run.prefix();
        const key_seen sort = [&](std::string_view key) {
            if (key == run.mark) return;
            if (run.made(key)) {
                run.keys.emplace_back(key);
            } else if (run.foreign++ == 0) {
                run.foreign_example = key;
            }
        };
        why = co_await scan(*link_, prefix, monotonic_ns() + patience_ns, sort);
        if (!why.is_ok()) co_return why;
        std::sort(run.keys.begin(), run.keys.end());
        run.keys.erase(std::unique(run.keys.begin(), run.keys.end()), run.keys.end());
        if (!asked_.remove || run.alive) co_return failure();
        for (std::size_t first = 0; first < run.keys.size(); first += batch_most) {
            const std::size_t end = std::min(first + batch_most, run.keys.size());
            why = co_await remove(std::span(run.keys).subspan(first, end - first));
            if (!why.is_ok()) co_return why;
            run.removed = end;
        }
        // Last, when nothing is left that it stands for.
        why = co_await remove(std::span(&run.mark, 1));
        run.mark_gone = why.is_ok();
        co_return why;
    }

    // Its connections have its id for a name.
    runtime::task<failure> look_whether_alive(run_remains& run) {
        const std::string_view words[] = {"CLIENT", "LIST"};
        reply answer;
        failure why = co_await ask(words, answer);
        if (!why.is_ok()) co_return why;
        run.alive = answer.text.find(" name=" + run.run + " ") != std::string_view::npos;
        co_return failure();
    }

    runtime::task<failure> remove(std::span<const std::string> keys) {
        failure why = co_await link_->open();
        if (!why.is_ok()) co_return why;
        begin_command(link_->command(), keys.size() + 1);
        add_word(link_->unsent(), "DEL");
        for (const std::string& key : keys)
            add_word(link_->unsent(), key);
        reply answer;
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        why = co_await link_->exchange(answer, sent_ns, first_byte_ns);
        if (why.is_ok() && answer.what != reply::kind::number) {
            why = {op_status::client_error, "Refused",
                   server_.text + ": refuses to remove keys: " + std::string(answer.text)};
        }
        co_return why;
    }

    void print(const run_remains& run) const {
        std::printf("run %s\n  %zu keys below \"%s\"\n", run.run.c_str(), run.keys.size(),
                    run.prefix().c_str());
        if (run.foreign > 0) {
            std::printf(
                "  %llu other keys there that this run is not shown to have made, and that "
                "stay: \"%s\"\n",
                static_cast<unsigned long long>(run.foreign), run.foreign_example.c_str());
        }
        if (run.alive) std::printf("  left alone: the run is alive: it is connected\n");
        if (asked_.remove && !run.alive) {
            std::printf("  removed: %llu of %zu%s\n", static_cast<unsigned long long>(run.removed),
                        run.keys.size(), run.mark_gone ? ", and the mark" : "");
        }
        std::fflush(stdout);
    }

    engine::cleanup_request asked_;
    server_address server_;
    engine::driver_counters counters_;
    runtime::reactor loop_;
    std::unique_ptr<connection> link_;
    std::vector<run_remains> runs_;
    run_remains* hand_ = nullptr;  // the one that is gone through
    std::thread thread_;
};

}  // namespace

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    return std::make_unique<key_cleanup>(asked);
}

}  // namespace redis_example
