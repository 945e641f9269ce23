// Executes the operations. Keys of a run are "<run prefix><index>"; beside them are its mark,
// "<run prefix>mark", by which it knows the prefix for its own, and what incr counts in,
// "<run prefix>counter". Nothing else is ever written or deleted.

#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/load/content.hpp>

#include "connection.hpp"
#include "scan.hpp"
#include "settings.hpp"

namespace redis_example {

using namespace chopsticks;

namespace {

/// Of all cores. Constant once the driver is made.
struct world {
    server_address server;
    std::string run_id;
    std::string run_prefix;
    std::string remove_with;  ///< a command that removes what is below the prefix
    scenario::timeouts timeout;
    std::uint64_t value_most = 0;  ///< bytes
    bool verify = false;
    load::content content;

    std::string mark() const { return run_prefix + "mark"; }
    std::string counter() const { return run_prefix + "counter"; }
};

struct redis_step final : engine::bound_step {
    explicit redis_step(const scenario::step& what) : does(static_cast<command>(what.code)) {}

    command does;
};

/// What the server said of itself, as an outcome: the first word of its errors is a code.
void fail_by_error(engine::outcome& out, std::string_view text) {
    const std::string_view word = text.substr(0, text.find(' '));
    op_status what = op_status::client_error;
    for (const std::string_view own : {"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN",
                                       "OOM", "READONLY", "MISCONF"}) {
        if (word == own) what = op_status::server_error;
    }
    out.fail(what, word, text);
}

class redis_session final : public engine::session {
  public:
    redis_session(runtime::reactor& loop, const world& of, engine::driver_counters& counters)
        : world_(of), link_(loop, of.server, counters, of.timeout) {
        link_.reserve(of.value_most);
        key_.reserve(of.run_prefix.size() + 24);
    }

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        link_.renew();
        const command does = static_cast<const redis_step&>(*op.step).does;
        out.sent_ns = monotonic_ns();
        failure why = co_await link_.open();
        reply answer;
        if (why.is_ok()) {
            write_command(does, op);
            why = co_await link_.exchange(answer, out.sent_ns, out.first_byte_ns);
        }
        out.done_ns = monotonic_ns();
        if (!why.is_ok()) {
            out.fail(why.what, why.code, why.text);
            co_return;
        }
        judge(does, op, answer, out);
    }

    void cancel() noexcept override { link_.cancel(); }

  private:
    void write_command(command does, const engine::operation& op) {
        static constexpr std::string_view words[] = {"SET", "GET", "EXISTS", "DEL", "INCR"};
        std::string& to = link_.command();
        begin_command(to, does == command::set ? 3 : 2);
        add_word(to, words[static_cast<std::size_t>(does)]);
        key_ = world_.run_prefix;
        if (does == command::incr) {
            key_ += "counter";
        } else {
            char digits[24];
            key_.append(digits, std::to_chars(digits, digits + sizeof digits, op.object).ptr);
        }
        add_word(to, key_);
        if (does != command::set) return;
        begin_word(to, op.size);
        const std::size_t at = to.size();
        to.resize(at + op.size);
        world_.content.fill({op.object, op.version}, 0, {to.data() + at, op.size});
        to += "\r\n";
    }

    void judge(command does, const engine::operation& op, const reply& answer,
               engine::outcome& out) const {
        using kind = reply::kind;
        if (answer.what == kind::error) return fail_by_error(out, answer.text);
        // A key that is not there: GET says so with nothing, DEL and EXISTS count none.
        const bool counts = does == command::exists || does == command::del;
        if ((does == command::get && answer.what == kind::missing) ||
            (counts && answer.what == kind::number && answer.number == 0)) {
            out.native = native_code::of_errno(ENOENT);
            return out.fail(op_status::client_error, "NoSuchKey", "the key is not there");
        }
        const kind wanted = does == command::set   ? kind::status
                            : does == command::get ? kind::text
                                                   : kind::number;
        if (answer.what != wanted || (counts && answer.number != 1)) {
            return out.fail(op_status::bad_response, "OtherReply",
                            "the reply is of another command");
        }
        if (does == command::set) out.bytes = op.size;
        if (does != command::get) return;
        if (answer.text.size() != op.size) {
            return out.fail(op_status::corrupt, "WrongSize",
                            "the value has another size than was written");
        }
        const std::span<const char> bytes(answer.text.data(), answer.text.size());
        if (world_.verify &&
            world_.content.mismatch({op.object, op.version}, 0, bytes) != load::content::npos) {
            return out.fail(op_status::corrupt, "WrongContent",
                            "the value is not what was written");
        }
        out.bytes = op.size;
    }

    const world& world_;
    connection link_;
    std::string key_;
};

class redis_core final : public engine::core_driver {
  public:
    redis_core(runtime::reactor& loop, const world& of)
        : loop_(loop), world_(of), control_(loop, of.server, counters_, of.timeout) {}

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<redis_session>(loop_, world_, counters_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<redis_step>(what);
    }
    engine::driver_counters counters() const noexcept override { return counters_; }

    runtime::task<engine::target_state> open_target() override {
        engine::target_state state;
        failure why = co_await control_.open();
        reply answer;
        if (why.is_ok()) {
            asked_for_mark_ = true;
            // Only if there is none: what a foreign one is for is not ours.
            begin_command(control_.command(), 4);
            add_words({"SET", world_.mark(), world_.run_id, "NX"});
            why = co_await ask(answer);
        }
        // Without a whole answer nobody knows whether it was set; with another one it was not.
        asked_for_mark_ = asked_for_mark_ && (!why.is_ok() || answer.what == reply::kind::status);
        if (!why.is_ok()) {
            state.problem = why.text;
        } else if (answer.what == reply::kind::missing) {
            state.problem = world_.server.text + ": there is a key " + world_.mark() +
                            " already, which is another's; use another data.prefix";
        } else if (answer.what != reply::kind::status) {
            state.problem = world_.server.text + ": it refuses to set " + world_.mark() + ": " +
                            std::string(answer.text);
        }
        co_return state;
    }

    runtime::task<std::string> seal_data() override { co_return std::string(); }

    // The mark goes last, and only when nothing is left that it stands for.
    runtime::task<std::string> close_target() override {
        if (!asked_for_mark_) co_return std::string();
        control_.renew();
        reply answer;
        failure why = co_await control_.open();
        if (why.is_ok()) {
            begin_command(control_.command(), 2);
            add_words({"GET", world_.mark()});
            why = co_await ask(answer);
        }
        if (!why.is_ok()) co_return "the mark " + world_.mark() + ": " + why.text;
        if (answer.what != reply::kind::text || answer.text != world_.run_id) {
            co_return std::string();
        }
        engine::left_count left = co_await count_left();
        const bool all_gone = left.known && left.items.empty();
        why = co_await control_.open();
        if (!why.is_ok()) co_return "the mark " + world_.mark() + ": " + why.text;
        begin_command(control_.command(), all_gone ? 3 : 2);
        add_words({"DEL", world_.counter()});
        if (all_gone) add_words({world_.mark()});
        why = co_await ask(answer);
        if (!why.is_ok()) co_return "the mark " + world_.mark() + ": " + why.text;
        mark_is_gone_ = all_gone;
        co_return std::string();
    }

    std::vector<engine::leftover> left_behind() const override {
        if (!asked_for_mark_ || mark_is_gone_) return {};
        return {{"key", keys(), 1, true, world_.remove_with}};
    }

    runtime::task<engine::left_count> count_left() override {
        // Longer than that a server may not take to list its keys, or it lists them for ever.
        constexpr std::int64_t patience_ns = 120'000'000'000;
        engine::left_count left;
        std::uint64_t found = 0;
        control_.renew();
        const key_seen count = [&](std::string_view key) {
            if (key != world_.mark() && key != world_.counter()) ++found;
        };
        const failure why =
            co_await scan(control_, world_.run_prefix, monotonic_ns() + patience_ns, count);
        if (!why.is_ok()) co_return left;
        left.known = true;
        if (found > 0) left.items.push_back({"key", keys(), found, true, world_.remove_with});
        co_return left;
    }

    void cancel_control() noexcept override { control_.cancel(); }

  private:
    runtime::task<failure> ask(reply& answer) {
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        failure why = co_await control_.exchange(answer, sent_ns, first_byte_ns);
        co_return why;
    }

    void add_words(std::initializer_list<std::string_view> words) {
        for (const std::string_view word : words)
            add_word(control_.unsent(), word);
    }

    std::string keys() const { return world_.run_prefix + "* on " + world_.server.text; }

    runtime::reactor& loop_;
    const world& world_;
    engine::driver_counters counters_;
    connection control_;
    bool asked_for_mark_ = false;
    bool mark_is_gone_ = false;
};

class redis_driver final : public engine::driver {
  public:
    explicit redis_driver(world of)
        : world_(std::move(of)), endpoints_{"redis://" + world_.server.text} {}

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned) override {
        return std::make_unique<redis_core>(loop, world_);
    }

  private:
    world world_;
    std::vector<std::string> endpoints_;
};

}  // namespace

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    if (wanted.driver == "dummy") return engine::make_dummy_driver({});
    const auto& config = static_cast<const settings&>(*wanted.settings);
    const scenario::data_set& data = wanted.group->data;
    return std::make_unique<redis_driver>(
        world{.server = find_server(config, wanted.run_id),
              .run_id = wanted.run_id,
              .run_prefix = wanted.run_prefix,
              .remove_with = config.cleanup_command(wanted.run_id, data.prefix),
              .timeout = wanted.timeout,
              .value_most = data.size.max(),
              .verify = data.verify,
              .content = load::content(wanted.data_seed, data.content.compression_ratio)});
}

}  // namespace redis_example

namespace {

constexpr chopsticks::plugin::provided_workload workloads[] = {
    {.describe = redis_example::describe,
     .make_driver = redis_example::make_driver,
     .open_cleanup = redis_example::open_cleanup,
     .target = redis_example::target}};

}  // namespace

const chopsticks::plugin::declaration chopsticks_plugin = {
    .name = "redis", .version = REDIS_PLUGIN_VERSION, .workloads = workloads};
