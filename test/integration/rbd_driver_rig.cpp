#include "rbd_driver_rig.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace chopsticks::test {

namespace {

constexpr std::chrono::seconds patience{90};

template <typename Future>
void wait_for(Future& f) {
    if (f.wait_for(patience) == std::future_status::ready) return;
    std::fprintf(stderr, "the test gives up: an operation did not end\n");
    std::abort();
}

}  // namespace

rbd_rig::rbd_rig(unsigned cores) : cores_(cores) {
    config.prefix = "rig-";
    config.image_bytes = 32 << 20;
    config.operation_timeout_ns = 10'000'000'000;
    group.name = "disks";
    group.workload = "rbd";
    group.blocks.prefill = false;
    options.timeout.operation_ns = 20'000'000'000;
    options.run_id = "rig-run";
    options.data_seed = 42;
    options.cores = cores;
}

rbd_rig::~rbd_rig() {
    for (unsigned n = 0; n < cores_.size(); ++n) {
        one_core& c = cores_[n];
        if (!c.thread.joinable()) continue;
        ask(n, [&c] {
            c.sessions.clear();
            c.steps.clear();
            c.driver.reset();
        });
        c.loop->request_stop();
        c.thread.join();
    }
}

void rbd_rig::will(std::uint16_t code, std::uint64_t block_bytes) {
    scenario::step step;
    step.code = code;
    step.op = scenario::catalogue::operation_name(rbd::describe_workload(), code);
    step.block = load::size_distribution::fixed(block_bytes);
    group.tasks.push_back(scenario::task{step.op, 1, {step}});
}

std::vector<engine::leftover> rbd_rig::left_behind() {
    std::vector<engine::leftover> left;
    ask(0, [&] { left = cores_[0].driver->left_behind(); });
    return left;
}

engine::wrong_data rbd_rig::found_wrong() {
    engine::wrong_data all;
    for (unsigned n = 0; n < cores_.size(); ++n) {
        ask(n, [&] {
            const engine::wrong_data one = cores_[n].driver->found_wrong();
            all.places += one.places;
            all.checked += one.checked;
            all.examples.insert(all.examples.end(), one.examples.begin(), one.examples.end());
        });
    }
    return all;
}

void rbd_rig::start() {
    if (driver_) return;
    options.config = &config;
    options.group = &group;
    driver_ = rbd::make_librbd_driver(options);
    for (unsigned n = 0; n < cores_.size(); ++n) {
        one_core& c = cores_[n];
        c.loop = std::make_unique<runtime::reactor>(n, -1, runtime::idle_mode::sleep);
        c.thread = std::thread([&c] { c.loop->run(); });
        ask(n, [&] { c.driver = driver_->make_core(*c.loop, n); });
    }
}

void rbd_rig::ask(unsigned core, const std::function<void()>& f) {
    std::promise<void> done;
    std::future<void> end = done.get_future();
    cores_[core].loop->post([&] {
        f();
        done.set_value();
    });
    wait_for(end);
}

void rbd_rig::cancel_control() {
    ask(0, [this] { cores_[0].driver->cancel_control(); });
}

engine::session& rbd_rig::session(unsigned core) {
    start();
    ask(core, [&] { cores_[core].sessions.push_back(cores_[core].driver->make_session()); });
    return *cores_[core].sessions.back();
}

std::unique_ptr<rbd_rig::pending> rbd_rig::begin(engine::session& on, const engine::operation& op,
                                                 unsigned core) {
    auto p = std::make_unique<pending>();
    bound_steps& steps = cores_[core].steps;
    if (!steps.has(op.step)) ask(core, [&] { steps.bind(*cores_[core].driver, op.step); });
    p->op = op;
    p->op.step = steps.of(op.step);
    cores_[core].loop->post([&on, to = p.get()] {
        runtime::start_detached([](engine::session& s, pending& mine) -> runtime::task<void> {
            co_await s.execute(mine.op, mine.out);
            mine.ended.set_value();
        }(on, *to));
    });
    return p;
}

engine::outcome rbd_rig::finish(pending& p) {
    wait_for(p.end);
    return p.out;
}

std::vector<engine::outcome> rbd_rig::run_all(const std::vector<engine::operation>& ops) {
    std::vector<std::unique_ptr<pending>> all;
    for (const engine::operation& op : ops) {
        const auto core = static_cast<unsigned>(all.size() % cores_.size());
        all.push_back(begin(session(core), op, core));
    }
    std::vector<engine::outcome> out;
    for (auto& p : all)
        out.push_back(finish(*p));
    return out;
}

template <typename T>
T rbd_rig::ask_core(runtime::task<T> (engine::core_driver::*what)()) {
    start();
    std::promise<T> promise;
    auto value = promise.get_future();
    cores_[0].loop->post([&] {
        runtime::start_detached([](engine::core_driver& on,
                                   runtime::task<T> (engine::core_driver::*call)(),
                                   std::promise<T>& to) -> runtime::task<void> {
            T got = co_await (on.*call)();
            to.set_value(std::move(got));
        }(*cores_[0].driver, what, promise));
    });
    wait_for(value);
    return value.get();
}

template engine::target_state rbd_rig::ask_core(
    runtime::task<engine::target_state> (engine::core_driver::*)());
template std::string rbd_rig::ask_core(runtime::task<std::string> (engine::core_driver::*)());

engine::operation rbd_rig::io(std::uint16_t code, std::uint64_t offset, std::uint64_t length,
                              std::uint64_t image, std::uint32_t pieces) {
    scenario::step what = step_with("rbd", code);
    what.pieces = pieces;
    engine::operation op;
    op.step = keep_step(std::move(what));
    op.object = image;
    op.offset = offset;
    op.length = length;
    return op;
}

std::string describe(const engine::outcome& out) {
    if (out.status == op_status::ok) return "ok";
    return std::string(name(out.status)) + " " + out.code + ": " + out.example;
}

}  // namespace chopsticks::test
