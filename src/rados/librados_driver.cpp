#include <chopsticks/ceph/control_thread.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/rados/driver.hpp>
#include <functional>
#include <utility>

#include "names.hpp"
#include "session.hpp"

namespace chopsticks::rados {

namespace {

using ceph::control_calls;
using ceph::control_thread;

class librados_core final : public engine::core_driver {
  public:
    librados_core(runtime::reactor& loop, unsigned core, std::shared_ptr<world> shared,
                  const load::content& content, control_thread& control)
        : shared_(std::move(shared)), calls_(loop, control, shared_->give_up) {
        const std::size_t slot = core % shared_->channels.size();
        state_.loop = &loop;
        state_.home = shared_->channels[slot].get();
        state_.account = shared_->accounts[slot].get();
        state_.shared = shared_;
        state_.content = &content;
        state_.timeout_ns = shared_->operation_timeout_ns;
        state_.core = core;
        state_.draws = std::uint64_t{core} << 40;
        state_.home->attach(loop, &figures_);
    }
    ~librados_core() override { state_.home->detach(); }

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<librados_session>(state_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<rados_step>(what, shared_->data.verify);
    }
    engine::driver_counters counters() const noexcept override { return state_.counters; }
    engine::driver_meters* meters() noexcept override { return &figures_.meters; }
    std::string waiting() const override { return shared_->waits.text(); }
    std::uint64_t control_steps() const noexcept override { return shared_->waits.steps(); }
    std::vector<engine::leftover> left_behind() const override { return shared_->made.all(); }
    engine::wrong_data found_wrong() const override { return found_; }

    runtime::task<engine::target_state> open_target() override {
        engine::target_state state;
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] {
            *problem = connect_all(*w);
            if (problem->empty()) *problem = rados::open_target(*w);
        };
        const bool ended = co_await calls_.run(job);
        if (!ended) {
            state.problem = control_calls::given_up;
            co_return state;
        }
        opened_ = true;
        state.problem = *problem;
        state.notes = shared_->notes;
        state.data_ready = shared_->set_found;
        co_return state;
    }

    runtime::task<std::string> join_target(const engine::target_state&) override {
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] { *problem = connect_all(*w); };
        const bool ended = co_await calls_.run(job);
        co_return ended ? *problem : std::string(control_calls::given_up);
    }

    runtime::task<std::string> seal_data() override {
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] { *problem = seal_set(*w); };
        const bool ended = co_await calls_.run(job);
        co_return ended ? *problem : std::string(control_calls::given_up);
    }

    runtime::task<std::string> check_data() override {
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        const auto found = std::make_shared<engine::wrong_data>();
        std::function<void()> job = [w = shared_, problem, found] {
            *problem = check_logs(*w, *found);
        };
        const bool ended = co_await calls_.run(job);
        if (!ended) co_return "not all that was appended was looked at: interrupted";
        found_ = *found;
        co_return *problem;
    }

    /// The run's mark is watched for as long as it lives.
    bool holds_open() const noexcept override { return true; }
    runtime::task<std::string> close_target() override {
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] { *problem = close_all(*w); };
        const bool ended = co_await calls_.run(job);
        // Where opening did not end and nothing was made, nothing can be left.
        const bool owes = opened_ || !shared_->made.all().empty();
        if (!ended) *problem = owes ? control_calls::given_up : "";
        co_return *problem;
    }

    void cancel_control() noexcept override { calls_.cancel(); }

  private:
    core_state state_;
    ceph::channel_figures figures_;
    std::shared_ptr<world> shared_;
    control_calls calls_;
    engine::wrong_data found_;
    bool opened_ = false;  ///< open_target ended
};

class librados_driver final : public engine::driver {
  public:
    explicit librados_driver(const engine::driver_request& wanted)
        : content_(wanted.data_seed, wanted.group->data.content.compression_ratio),
          shared_(std::make_shared<world>()) {
        const scenario::group& g = *wanted.group;
        world& w = *shared_;
        w.config = static_cast<const settings&>(*wanted.settings);
        w.data = g.data;
        w.group = g.name;
        w.run_id = wanted.run_id;
        w.run_prefix = wanted.run_prefix;
        if (!g.data.reuse.empty()) w.kept = kept_prefix(g.data.prefix, g.data.reuse);
        w.needs = demands_of(wanted);
        w.in_flight = g.open ? g.open->max_in_flight : g.closed.users;
        w.cores = wanted.cores;
        w.prepares = wanted.prepares;
        w.cleans = wanted.cleans;
        w.operation_timeout_ns = wanted.timeout.operation_ns;
        for (unsigned core = 0; core < wanted.cores; ++core) {
            w.channels.push_back(std::make_unique<channel>());
            w.accounts.push_back(std::make_unique<object_account>());
        }
    }

    ~librados_driver() override {
        // What was given up once is not waited for again: the report has been printed.
        const bool given_up_before = shared_->give_up.exchange(true);
        const bool idle = control_.wait_idle(given_up_before ? 0 : 1);
        const bool open =
            !shared_->connections.empty() && shared_->connections[0].cluster != nullptr;
        if (!idle || shared_->outstanding() > 0 || open) ceph::leave_running(shared_);
    }

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    bool shares_target() const noexcept override { return true; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return ceph::channel_figures::declared();
    }

    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<librados_core>(loop, core, shared_, content_, control_);
    }

  private:
    load::content content_;
    std::shared_ptr<world> shared_;
    std::vector<std::string> endpoints_{"librados"};
    control_thread control_;
};

}  // namespace

std::string librados_version() {
    int major = 0;
    int minor = 0;
    int extra = 0;
    ::rados_version(&major, &minor, &extra);
    return "librados " + std::to_string(major) + "." + std::to_string(minor) + "." +
           std::to_string(extra);
}

std::unique_ptr<engine::driver> make_librados_driver(const engine::driver_request& wanted) {
    CHOPSTICKS_ASSERT(wanted.settings != nullptr && wanted.group != nullptr);
    return std::make_unique<librados_driver>(wanted);
}

}  // namespace chopsticks::rados
