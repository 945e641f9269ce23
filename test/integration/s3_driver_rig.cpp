#include "s3_driver_rig.hpp"

#include <chopsticks/s3/protocol/key.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace chopsticks::test {

namespace {

constexpr std::chrono::seconds patience{60};

template <typename Future>
void wait_for(Future& f) {
    if (f.wait_for(patience) != std::future_status::ready) give_up("an operation did not end");
}

engine::operation operation_on(std::string_view name, std::uint64_t object) {
    engine::operation op;
    op.step = keep_step(step_with("s3", name));
    op.object = object;
    return op;
}

}  // namespace

driver_maker driver_under_test() {
    const char* const name = std::getenv("S3_DRIVER");
    const std::string_view wanted = name == nullptr ? "native" : name;
    if (wanted == "native") return s3::make_native_driver;
    if (wanted == "beast") return s3::make_beast_driver;
    if (wanted == "curl") return s3::make_curl_driver;
    give_up("S3_DRIVER names no driver");
}

std::size_t places_apart() {
    return driver_under_test() == s3::make_curl_driver ? 4 : 1;
}

void give_up(const char* why) {
    std::fprintf(stderr, "the test gives up: %s\n", why);
    std::abort();
}

s3_rig::s3_rig(std::vector<std::string> endpoints) {
    config.endpoints = std::move(endpoints);
    config.access_key = "chopsticks";
    config.secret_key = "chopsticks-secret";
    config.bucket = "rig";
    group.name = "s3";
    group.workload = "s3";
    group.data.prefix = "test/";
    group.data.verify = true;
    group.data.objects = 0;  // nothing is prepared
    options.timeout.connect_ns = options.timeout.operation_ns = 20'000'000'000;
    options.timeout.idle_ns = 20'000'000'000;
    name_run("run-1");
    options.data_seed = 42;
}

void s3_rig::name_run(const std::string& id) {
    options.run_id = id;
    options.run_prefix = "test/" + id + "/";
    options.bucket_stem = s3::made_bucket_stem("rig", id, 0);
}

s3_rig::~s3_rig() {
    if (!thread_.joinable()) return;
    ask([this] {
        sessions_.clear();
        steps_.clear();
        core_.reset();
    });
    loop_->request_stop();
    thread_.join();
}

void s3_rig::start() {
    if (driver_) return;
    options.config = &config;
    options.group = &group;
    driver_ = driver_under_test()(options);
    content_ = std::make_unique<load::content>(options.data_seed, 1.0);
    loop_ = std::make_unique<runtime::reactor>(0, -1, runtime::idle_mode::sleep);
    thread_ = std::thread([this] { loop_->run(); });
    ask([this] { core_ = driver_->make_core(*loop_, 0); });
}

void s3_rig::ask(const std::function<void()>& f) {
    std::promise<void> done;
    std::future<void> end = done.get_future();
    loop_->post([&] {
        f();
        done.set_value();
    });
    wait_for(end);
}

engine::driver& s3_rig::driver() {
    start();
    return *driver_;
}

engine::session& s3_rig::session() {
    start();
    ask([this] { sessions_.push_back(core_->make_session()); });
    return *sessions_.back();
}

void s3_rig::close(engine::session& s) {
    ask([&] { std::erase_if(sessions_, [&](const auto& mine) { return mine.get() == &s; }); });
}

std::unique_ptr<s3_rig::pending> s3_rig::begin(engine::session& on, const engine::operation& op) {
    auto p = std::make_unique<pending>();
    bind(op);
    p->op = op;
    p->op.step = steps_.of(op.step);
    loop_->post([&on, to = p.get()] {
        runtime::start_detached([](engine::session& s, pending& mine) -> runtime::task<void> {
            co_await s.execute(mine.op, mine.out);
            mine.ended.set_value();
        }(on, *to));
    });
    return p;
}

engine::outcome s3_rig::finish(pending& p) {
    wait_for(p.end);
    return p.out;
}

engine::driver_counters s3_rig::counters() {
    engine::driver_counters c;
    start();
    ask([&] { c = core_->counters(); });
    return c;
}

stats::driver_values s3_rig::figures() {
    start();
    stats::driver_values out;
    for (const engine::driver_figure& one : driver_->figures())
        out.emplace_back(one);
    ask([&] { core_->meters()->take(out.data(), out.size()); });
    return out;
}

template <typename T>
T s3_rig::ask_core(runtime::task<T> (engine::core_driver::*what)()) {
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

template engine::target_state s3_rig::ask_core(
    runtime::task<engine::target_state> (engine::core_driver::*)());
template std::string s3_rig::ask_core(runtime::task<std::string> (engine::core_driver::*)());

std::string s3_rig::content(std::uint64_t object, std::uint32_t version, std::uint64_t size,
                            std::uint64_t offset) {
    start();
    std::string bytes(size, '\0');
    content_->fill(load::content_key{object, version}, offset, bytes);
    return bytes;
}

engine::operation s3_rig::put(std::uint64_t object, std::uint64_t size, std::uint32_t version) {
    engine::operation op = operation_on("put", object);
    op.size = size;
    op.version = version;
    return op;
}

engine::operation s3_rig::get(std::uint64_t object, std::uint64_t size, std::uint32_t version) {
    engine::operation op = operation_on("get", object);
    op.size = size;
    op.version = version;
    return op;
}

engine::operation s3_rig::get_range(std::uint64_t object, std::uint64_t size, std::uint64_t offset,
                                    std::uint64_t length) {
    engine::operation op = get(object, size);
    op.offset = offset;
    op.length = length;
    return op;
}

engine::operation s3_rig::head(std::uint64_t object, std::uint64_t size, std::uint32_t version) {
    engine::operation op = operation_on("head", object);
    op.size = size;
    op.version = version;
    return op;
}

engine::operation s3_rig::remove(std::uint64_t object) {
    return operation_on("delete", object);
}

engine::operation s3_rig::list(std::uint32_t max_keys, std::uint32_t pages, bool directory) {
    scenario::step what = step_with("s3", "list");
    what.set("max_keys", std::uint64_t{max_keys});
    what.set("pages", std::uint64_t{pages});
    what.set("directory", directory);
    engine::operation op;
    op.step = keep_step(std::move(what));
    return op;
}

engine::operation s3_rig::bucket(std::string_view name, std::uint64_t number) {
    return operation_on(name, number);
}

engine::operation s3_rig::on_object(std::string_view name, std::uint64_t object, std::uint64_t size,
                                    std::uint32_t version) {
    return with_step(step_with("s3", name), object, size, version);
}

engine::operation s3_rig::with_step(scenario::step what, std::uint64_t object, std::uint64_t size,
                                    std::uint32_t version) {
    engine::operation op;
    op.step = keep_step(std::move(what));
    op.object = object;
    op.size = size;
    op.version = version;
    return op;
}

std::string describe(const engine::outcome& out) {
    if (out.status == op_status::ok) return "ok";
    return std::string(name(out.status)) + " " + out.code + ": " + out.example;
}

scratch_directory::scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "chopsticks-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) give_up("no scratch directory");
    path = name;
}

scratch_directory::~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

}  // namespace chopsticks::test
