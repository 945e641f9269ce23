// A plug-in that breaks its promises. BROKEN says which: a word of driver_options chooses more.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/plugin/plugin.hpp>
#include <stdexcept>

namespace {

using namespace chopsticks;

std::string where;

void here(const char* place) {
    if (where == place) throw std::runtime_error(std::string("thrown from ") + place);
}

/// In the load, behind prepare, and before cleanup.
bool is_bad(std::uint64_t number) {
    return number > 200 && number <= 800 && number % 3 == 2;
}

runtime::task<void> inner(std::uint64_t number) {
    if (is_bad(number)) here("nested");
    co_return;
}

struct broken_session final : engine::session {
    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        ++number;
        if (is_bad(number)) here("execute");
        if (is_bad(number) && where == "other") throw 7;
        runtime::task<void> work = inner(number);
        co_await work;
        std::string_view lie;
        if (is_bad(number)) lie = where;
        // Whoever cancels it is not heeded.
        if (lie == "never") co_await std::suspend_always();
        out.sent_ns = out.done_ns = out.first_byte_ns = monotonic_ns();
        out.bytes = op.size;
        if (lie == "no times") out.sent_ns = out.done_ns = out.first_byte_ns = 0;
        if (lie == "done before") out.done_ns -= 1'000'000;
        if (lie == "done later") out.done_ns += 3'600'000'000'000;
        if (lie == "sent before") out.sent_ns -= 3'600'000'000'000;
        if (lie == "answered before") out.first_byte_ns -= 1'000'000;
        if (lie == "bytes") out.bytes = ~std::uint64_t{0};
        if (lie == "endpoint") out.endpoint = 1;
        if (lie == "cancelled") out.fail(op_status::cancelled, "", "");
    }
    void cancel() noexcept override {}
    // Of the core's: a session that threw is replaced.
    std::uint64_t& number;
    explicit broken_session(std::uint64_t& n) : number(n) {}
};

struct broken_core final : engine::core_driver {
    std::unique_ptr<engine::session> make_session() override {
        here("make_session");
        return std::make_unique<broken_session>(number);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step&) override {
        here("bind");
        if (where == "no step") return nullptr;
        return std::make_unique<engine::bound_step>();
    }
    runtime::task<engine::target_state> open_target() override {
        here("open_target");
        co_return engine::target_state();
    }
    runtime::task<std::string> seal_data() override { co_return std::string(); }
    runtime::task<std::string> close_target() override {
        here("close_target");
        co_return std::string();
    }
    runtime::task<std::string> check_data() override {
        here("check_data");
        co_return std::string();
    }
    engine::wrong_data found_wrong() const override {
        here("found_wrong");
        return {};
    }
    std::vector<engine::leftover> left_behind() const override {
        here("left_behind");
        return {};
    }
    std::string removal_note() const override {
        here("removal_note");
        return {};
    }
    std::uint64_t number = 0;
};

struct broken_driver final : engine::driver {
    const std::vector<std::string>& endpoints() const noexcept override { return names; }
    std::vector<std::string> peers() const override {
        here("peers");
        return {};
    }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor&, unsigned) override {
        here("make_core");
        return std::make_unique<broken_core>();
    }
    std::vector<std::string> names{"broken"};
};

std::unique_ptr<engine::driver> make(const engine::driver_request& wanted) {
    if (const auto* found = wanted.settings->driver_options.find("where")) where = found->text;
    here("make_driver");
    if (where == "nothing") return nullptr;
    return std::make_unique<broken_driver>();
}

constexpr plugin::provided_driver drivers[] = {{
    .workload = "s3",
#ifdef BROKEN_DUPLICATE
    .row = {.name = "native", .description = "a name that is taken"},
#else
    .row = {.name = "broken", .description = "throws", .takes_options = true},
#endif
    .make = make,
}};

[[maybe_unused]] const scenario::catalogue::workload& describe() {
    throw std::runtime_error("thrown from describe");
}

constexpr plugin::provided_workload workloads[] = {{.describe = describe, .make_driver = make}};

constexpr plugin::build_id built_for() {
    plugin::build_id out;
#ifdef BROKEN_VERSION
    ++out.contract;
#endif
#ifdef BROKEN_LAYOUT
    out.facts.back().value = 8;
#endif
    return out;
}

}  // namespace

const plugin::declaration chopsticks_plugin = {.built_for = built_for(),
                                               .name = "broken",
                                               .version = "0",
#ifdef BROKEN_DESCRIBE
                                               .workloads = workloads,
#else
                                               .workloads = std::span(workloads, std::size_t{0}),
#endif
                                               .drivers = drivers};
