#include <chopsticks/core/clock.hpp>
#include <chopsticks/plugin/guarded_driver.hpp>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace chopsticks::plugin {

namespace {

using engine::core_driver;
using runtime::task;

/// Of a driver and all its cores.
class guard {
  public:
    explicit guard(std::string_view from) : from_(from) {}

    /// What is being caught, as one line for the user. The first is kept: it is why the run cannot
    /// begin, if it has not.
    std::string note(const char* call) {
        std::string text =
            "plug-in " + from_ + ": " + call + " threw an exception: " + caught_text();
        const std::scoped_lock hold(mutex_);
        if (first_.empty()) first_ = text;
        return text;
    }

    /// "plug-in x.so"
    std::string from() const { return "plug-in " + from_; }

    std::string first() const {
        const std::scoped_lock hold(mutex_);
        return first_;
    }

  private:
    std::string from_;
    mutable std::mutex mutex_;
    std::string first_;
};

/// Takes out what a terminal would obey: a plug-in may say what a target told it.
void make_plain(std::string& text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = '?';
    }
}

/// Stands for a step that could not be bound: no session looks at it.
class unbound_step final : public engine::bound_step {};

class guarded_core;

class guarded_session final : public engine::session {
  public:
    explicit guarded_session(guarded_core& core);

    task<void> execute(const engine::operation& op, engine::outcome& out) override;

    void cancel() noexcept override {
        cancelled_ = true;
        if (inner_) inner_->cancel();
    }
    std::size_t endpoint() const noexcept override;

  private:
    /// What of an outcome cannot be; null: nothing. Gives a failure times that can be.
    const char* impossible(engine::outcome& out, std::int64_t began_ns) const noexcept;

    guarded_core& core_;
    std::unique_ptr<engine::session> inner_;
    bool cancelled_ = false;  // since the operation under way began
};

class guarded_core final : public core_driver {
  public:
    guarded_core(engine::driver& of, guard& g, runtime::reactor& loop, unsigned core)
        : guard_(g), endpoint_count_(of.endpoints().size()) {
        try {
            inner_ = of.make_core(loop, core);
            if (!inner_) throw std::runtime_error("it made none");
        } catch (...) {
            broken_ = guard_.note("make_core");
        }
    }

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<guarded_session>(*this);
    }

    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        if (!broken_.empty()) return std::make_unique<unbound_step>();
        try {
            auto made = inner_->bind(what);
            if (!made) throw std::runtime_error("it made none");
            return made;
        } catch (...) {
            broken_ = guard_.note("bind");
            return std::make_unique<unbound_step>();
        }
    }

    /// Null where it cannot be made; the reason is in broken().
    std::unique_ptr<engine::session> make_inner_session() {
        if (!broken_.empty()) return nullptr;
        try {
            auto made = inner_->make_session();
            if (!made) throw std::runtime_error("it made none");
            return made;
        } catch (...) {
            broken_ = guard_.note("make_session");
            return nullptr;
        }
    }
    const std::string& broken() const noexcept { return broken_; }
    guard& watched() noexcept { return guard_; }
    std::size_t endpoint_count() const noexcept { return endpoint_count_; }

    task<engine::target_state> open_target() override {
        engine::target_state state;
        state.problem = guard_.first();
        if (!state.problem.empty()) co_return state;
        try {
            task<engine::target_state> work = inner_->open_target();
            state = co_await work;
            make_plain(state.problem);
            for (std::string& note : state.notes)
                make_plain(note);
            for (std::string& warning : state.warnings)
                make_plain(warning);
        } catch (...) {
            state = {};
            state.problem = guard_.note("open_target");
        }
        co_return state;
    }

    task<std::string> join_target(const engine::target_state& found) override {
        std::string problem = guard_.first();
        if (!problem.empty()) co_return problem;
        try {
            task<std::string> work = inner_->join_target(found);
            problem = co_await work;
        } catch (...) {
            problem = guard_.note("join_target");
        }
        co_return problem;
    }

    task<std::string> seal_data() override { return ask(&core_driver::seal_data, "seal_data"); }
    task<std::string> close_target() override {
        return ask(&core_driver::close_target, "close_target");
    }
    task<std::string> check_data() override { return ask(&core_driver::check_data, "check_data"); }

    task<engine::left_count> count_left() override {
        engine::left_count left;
        if (!inner_) co_return left;
        try {
            task<engine::left_count> work = inner_->count_left();
            left = co_await work;
        } catch (...) {
            guard_.note("count_left");
            left = {};
        }
        co_return left;
    }

    std::string waiting() const override { return look(&core_driver::waiting, "waiting"); }
    std::uint64_t control_steps() const noexcept override {
        return inner_ ? inner_->control_steps() : 0;
    }
    std::vector<engine::leftover> left_behind() const override {
        return look(&core_driver::left_behind, "left_behind");
    }
    std::string removal_note() const override {
        return look(&core_driver::removal_note, "removal_note");
    }
    engine::wrong_data found_wrong() const override {
        try {
            return inner_ ? inner_->found_wrong() : engine::wrong_data();
        } catch (...) {
            engine::wrong_data unknown;
            unknown.problem = guard_.note("found_wrong");
            return unknown;
        }
    }

    // The contract has these throw nothing, so that what does ends in the plug-in itself.
    engine::driver_counters counters() const noexcept override {
        return inner_ ? inner_->counters() : engine::driver_counters();
    }
    engine::driver_meters* meters() noexcept override {
        return inner_ ? inner_->meters() : nullptr;
    }
    bool holds_open() const noexcept override { return inner_ && inner_->holds_open(); }
    void cancel_control() noexcept override {
        if (inner_) inner_->cancel_control();
    }
    engine::write_account writes() const noexcept override {
        return inner_ ? inner_->writes() : engine::write_account();
    }
    bool keeps_versions() const noexcept override { return inner_ && inner_->keeps_versions(); }

  private:
    /// A control call that tells a problem as a text.
    task<std::string> ask(task<std::string> (core_driver::*call)(), const char* what) {
        std::string problem;
        // Without a core open_target has told why.
        if (!inner_) co_return problem;
        try {
            task<std::string> work = (*inner_.*call)();
            problem = co_await work;
        } catch (...) {
            problem = guard_.note(what);
        }
        co_return problem;
    }

    template <typename Found>
    Found look(Found (core_driver::*call)() const, const char* what) const {
        try {
            return inner_ ? (*inner_.*call)() : Found();
        } catch (...) {
            guard_.note(what);
            return Found();
        }
    }

    guard& guard_;
    std::size_t endpoint_count_;
    std::unique_ptr<core_driver> inner_;
    std::string broken_;  // not empty: why nothing can be executed here
};

guarded_session::guarded_session(guarded_core& core)
    : core_(core), inner_(core.make_inner_session()) {}

task<void> guarded_session::execute(const engine::operation& op, engine::outcome& out) {
    std::string why;
    const std::int64_t began_ns = monotonic_ns();
    cancelled_ = false;
    if (!inner_ || !core_.broken().empty()) {
        why = core_.broken();
    } else {
        try {
            task<void> work = inner_->execute(op, out);
            co_await work;
            const char* const wrong = impossible(out, began_ns);
            if (wrong == nullptr) co_return;
            // Figures of what cannot be would be taken for the target's.
            out = engine::outcome();
            out.sent_ns = began_ns;
            out.done_ns = monotonic_ns();
            out.fail(op_status::client_error, "PluginOutcome",
                     core_.watched().from() + ": execute says of an operation " + wrong);
            co_return;
        } catch (...) {
            why = core_.watched().note("execute");
        }
        // Nobody knows what state it is in.
        inner_.reset();
        inner_ = core_.make_inner_session();
    }
    // When it began is not known where the driver had not said so.
    out.done_ns = monotonic_ns();
    if (out.sent_ns == 0) out.sent_ns = out.done_ns;
    out.bytes = 0;
    out.fail(op_status::client_error, "PluginException", why);
}

std::size_t guarded_session::endpoint() const noexcept {
    const std::size_t to = inner_ ? inner_->endpoint() : 0;
    return to < core_.endpoint_count() ? to : 0;
}

const char* guarded_session::impossible(engine::outcome& out,
                                        std::int64_t began_ns) const noexcept {
    // No operation moves more, and sums of such stay far from the end of their type.
    constexpr std::uint64_t bytes_most = std::uint64_t{1} << 44;
    if (out.endpoint >= core_.endpoint_count()) return "that it went to an endpoint there is not";
    if (out.bytes > bytes_most) return "that it moved more than 16 TiB";
    if (out.status == op_status::cancelled)
        return cancelled_ ? nullptr : "that it was cancelled, which nobody asked for";
    const std::int64_t now_ns = monotonic_ns();
    if (out.status != op_status::ok) {
        // Of a failure it is the reason that counts; its times are in no latency.
        if (out.done_ns < began_ns || out.done_ns > now_ns) out.done_ns = now_ns;
        if (out.sent_ns < began_ns || out.sent_ns > out.done_ns) out.sent_ns = out.done_ns;
        return nullptr;
    }
    if (out.done_ns < began_ns || out.done_ns > now_ns)
        return "that it was done before it began, or is yet to be";
    if (out.sent_ns < began_ns || out.sent_ns > out.done_ns)
        return "that it was sent before it began, or after it was done";
    if (out.first_byte_ns != 0 &&
        (out.first_byte_ns < out.sent_ns || out.first_byte_ns > out.done_ns))
        return "that its answer began before it was sent, or after it was done";
    return nullptr;
}

class guarded_driver final : public engine::driver {
  public:
    guarded_driver(std::unique_ptr<engine::driver> inner, std::string_view from)
        : guard_(from), inner_(std::move(inner)) {}

    const std::vector<std::string>& endpoints() const noexcept override {
        return inner_->endpoints();
    }
    std::vector<std::string> peers() const override {
        try {
            return inner_->peers();
        } catch (...) {
            guard_.note("peers");
            return {};
        }
    }
    std::uint64_t descriptors_per_session() const noexcept override {
        return inner_->descriptors_per_session();
    }
    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return inner_->figures();
    }
    bool shares_target() const noexcept override { return inner_->shares_target(); }
    engine::support support_of(const engine::outcome& out) const noexcept override {
        return inner_->support_of(out);
    }
    std::unique_ptr<core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<guarded_core>(*inner_, guard_, loop, core);
    }

  private:
    mutable guard guard_;
    std::unique_ptr<engine::driver> inner_;
};

}  // namespace

std::unique_ptr<engine::driver> make_guarded_driver(std::unique_ptr<engine::driver> inner,
                                                    std::string_view from) {
    return std::make_unique<guarded_driver>(std::move(inner), from);
}

}  // namespace chopsticks::plugin
