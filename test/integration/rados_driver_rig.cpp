#include "rados_driver_rig.hpp"

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

scenario::step step_of_rados(std::uint16_t code) {
    return scenario::catalogue::plain_step(rados::describe_workload().operations.at(code));
}

rados_rig::rados_rig() {
    config.pools = {"pool"};
    group.name = "objects";
    group.workload = rados::describe_workload().name;
    group.data.verify = true;
    wanted.timeout.operation_ns = 20'000'000'000;
    wanted.run_id = "20261127T120000Z-abcdef123456";
    wanted.run_prefix = "chopsticks/" + wanted.run_id + "/";
    wanted.data_seed = 42;
    wanted.driver = "librados";
}

rados_rig::~rados_rig() {
    if (!thread_.joinable()) return;
    ask([this] {
        session_.reset();
        core_.reset();
    });
    loop_->request_stop();
    thread_.join();
}

void rados_rig::will(const scenario::step& what) {
    group.tasks.push_back(scenario::task{what.op, 1, {what}});
}

void rados_rig::start() {
    if (driver_) return;
    wanted.settings = &config;
    wanted.group = &group;
    driver_ = rados::make_driver(wanted);
    loop_ = std::make_unique<runtime::reactor>(0, -1, runtime::idle_mode::sleep);
    thread_ = std::thread([this] { loop_->run(); });
    ask([this] { core_ = driver_->make_core(*loop_, 0); });
}

void rados_rig::ask(const std::function<void()>& f) {
    std::promise<void> done;
    std::future<void> end = done.get_future();
    loop_->post([&] {
        f();
        done.set_value();
    });
    wait_for(end);
}

std::vector<engine::leftover> rados_rig::left_behind() {
    std::vector<engine::leftover> left;
    ask([&] { left = core_->left_behind(); });
    return left;
}

stats::driver_values rados_rig::figures() {
    stats::driver_values out;
    for (const engine::driver_figure& one : driver_->figures())
        out.emplace_back(one);
    ask([&] { core_->meters()->take(out.data(), out.size()); });
    return out;
}

engine::wrong_data rados_rig::found_wrong() {
    engine::wrong_data found;
    ask([&] { found = core_->found_wrong(); });
    return found;
}

engine::outcome rados_rig::run(const scenario::step& what, std::uint64_t object, std::uint64_t size,
                               std::uint32_t version, std::uint64_t offset, std::uint64_t length,
                               bool cleaning) {
    start();
    engine::operation op;
    std::unique_ptr<engine::bound_step> bound;
    ask([&] {
        if (!session_) session_ = core_->make_session();
        bound = core_->bind(what);
    });
    op.step = bound.get();
    op.object = object;
    op.size = size;
    op.version = version;
    op.offset = offset;
    op.length = length;
    op.cleaning = cleaning;
    engine::outcome out;
    std::promise<void> ended;
    std::future<void> end = ended.get_future();
    loop_->post([&] {
        runtime::start_detached([](engine::session& on, const engine::operation& mine,
                                   engine::outcome& to,
                                   std::promise<void>& told) -> runtime::task<void> {
            co_await on.execute(mine, to);
            told.set_value();
        }(*session_, op, out, ended));
    });
    wait_for(end);
    return out;
}

template <typename T>
T rados_rig::ask_core(runtime::task<T> (engine::core_driver::*what)()) {
    start();
    std::promise<T> promise;
    auto value = promise.get_future();
    loop_->post([&] {
        runtime::start_detached([](engine::core_driver& on,
                                   runtime::task<T> (engine::core_driver::*call)(),
                                   std::promise<T>& to) -> runtime::task<void> {
            T got = co_await (on.*call)();
            to.set_value(std::move(got));
        }(*core_, what, promise));
    });
    wait_for(value);
    return value.get();
}

template engine::target_state rados_rig::ask_core(
    runtime::task<engine::target_state> (engine::core_driver::*)());
template std::string rados_rig::ask_core(runtime::task<std::string> (engine::core_driver::*)());

}  // namespace chopsticks::test
