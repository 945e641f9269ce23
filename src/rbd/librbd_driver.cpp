#include <chopsticks/ceph/control_thread.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/units.hpp>
#include <mutex>

#include "session.hpp"

namespace chopsticks::rbd {

namespace {

using ceph::control_calls;
using ceph::control_thread;

/// The loops of all cores, for what must be done on each.
struct core_loops {
    std::mutex mutex;
    std::vector<runtime::reactor*> by_core;
};

class librbd_core final : public engine::core_driver {
  public:
    librbd_core(runtime::reactor& loop, unsigned core, const driver_options& options,
                std::shared_ptr<world> shared, const load::content& content,
                control_thread& control, core_loops& loops)
        : shared_(std::move(shared)),
          calls_(loop, control, shared_->give_up),
          loops_(loops),
          core_(core) {
        state_.loop = &loop;
        state_.home = shared_->channels[core].get();
        state_.shared = shared_;
        state_.content = &content;
        state_.timeout_ns = options.timeout.operation_ns;
        state_.by_callback = options.config->completion == completion_way::callback;
        state_.next_unique = static_cast<std::uint64_t>(core) << 48;
        state_.home->attach(loop, &figures_);
        const std::lock_guard lock(loops_.mutex);
        loops_.by_core[core] = &loop;
    }

    ~librbd_core() override {
        {
            const std::lock_guard lock(loops_.mutex);
            loops_.by_core[core_] = nullptr;
        }
        state_.home->detach();
        if (state_.by_callback) return;
        for (const auto& i : shared_->images) {
            if (i->home_core == core_) i->events.detach();
        }
    }

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<librbd_session>(state_);
    }
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return std::make_unique<rbd_step>(what);
    }

    engine::driver_counters counters() const noexcept override { return state_.counters; }
    engine::driver_meters* meters() noexcept override { return &figures_.meters; }

    std::string waiting() const override { return shared_->waits.text(); }
    std::uint64_t control_steps() const noexcept override { return shared_->waits.steps(); }

    std::vector<engine::leftover> left_behind() const override { return shared_->made.all(); }

    engine::wrong_data found_wrong() const override {
        engine::wrong_data found = state_.home->found_wrong();
        if (core_ != 0 || !checked_) return found;
        const engine::wrong_data& last = shared_->read_back;
        found.places += last.places;
        found.checked += last.checked;
        found.examples.insert(found.examples.end(), last.examples.begin(), last.examples.end());
        return found;
    }

    runtime::task<engine::target_state> open_target() override {
        engine::target_state state;
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] {
            *problem = connect_all(*w);
            if (problem->empty()) *problem = ready_parent(*w);
            if (problem->empty()) *problem = open_images(*w);
        };
        const bool ended = co_await calls_.run(job);
        if (!ended) {
            shared_->open_given_up = true;
            state.problem = control_calls::given_up;
            co_return state;
        }
        opened_ = true;
        state.problem = *problem;
        state.notes = shared_->notes;
        state.warnings = shared_->warnings;
        for (const auto& i : shared_->images) {
            if (i->handle == nullptr) continue;
            state.images.push_back(
                {path_of(*shared_, i->name), i->bytes, i->made, i->written_bytes, i->features});
        }
        if (!state.problem.empty()) co_return state;
        state.data_ready = true;
        for (const auto& i : shared_->images) {
            state.extents.push_back(i->bytes);
            state.data_ready = state.data_ready && i->filled;
        }
        listen();
        co_return state;
    }

    runtime::task<std::string> seal_data() override {
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] { *problem = mark_filled(*w); };
        const bool ended = co_await calls_.run(job);
        if (!ended) *problem = control_calls::given_up;
        co_return *problem;
    }

    runtime::task<std::string> check_data() override {
        shared_->give_up = false;
        const auto problem = std::make_shared<std::string>();
        std::function<void()> job = [w = shared_, problem] { *problem = read_back(*w); };
        const bool ended = co_await calls_.run(job);
        if (!ended) co_return "not all that was written was read back: interrupted";
        checked_ = true;
        co_return *problem;
    }

    /// An image would look used, and its ledger like that of a run that was killed.
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
    /// Events of an image are drained by its home core: each is told to begin.
    void listen() {
        if (state_.by_callback) return;
        const std::lock_guard lock(loops_.mutex);
        for (const auto& i : shared_->images) {
            runtime::reactor* loop = loops_.by_core[i->home_core];
            if (loop == nullptr) continue;
            channel* home = shared_->channels[i->home_core].get();
            loop->post(
                [loop, home, keep = shared_, on = i.get()] { on->events.attach(*loop, *home); });
        }
    }

    core_state state_;
    ceph::channel_figures figures_;
    std::shared_ptr<world> shared_;
    control_calls calls_;
    core_loops& loops_;
    unsigned core_;
    bool opened_ = false;   ///< open_target ended
    bool checked_ = false;  ///< check_data ended: nobody writes to what it found
};

class librbd_driver final : public engine::driver {
  public:
    explicit librbd_driver(const driver_options& options)
        : options_(options),
          content_(options.data_seed, options.group->blocks.content.compression_ratio),
          shared_(std::make_shared<world>()) {
        shared_->config = *options.config;
        shared_->blocks = options.group->blocks;
        shared_->run_id = options.run_id;
        shared_->needs = demands_of(*options.group);
        shared_->cores = options.cores;
        shared_->prepares = options.prepares;
        shared_->cleans = options.cleans;
        for (unsigned core = 0; core < options.cores; ++core)
            shared_->channels.push_back(std::make_unique<channel>());
        loops_.by_core.resize(options.cores);
        if (shared_->reads_only() && shared_->needs.writes) {
            throw config_error("group " + options.group->name +
                               ": its tasks write, and the images are opened read-only "
                               "(read_only, or source: snapshot)" +
                               (options.group->open && options.group->open->replay
                                    ? "; to replay the reads only, write `tasks: [read, flush]`"
                                    : ""));
        }
        // Found in release 16.2.15: such operations end without an event.
        if (shared_->needs.compares && options.config->completion == completion_way::eventfd) {
            throw config_error("group " + options.group->name +
                               ": librbd tells no event descriptor of compare_and_write; use "
                               "completion: callback");
        }
    }

    ~librbd_driver() override {
        // What was given up once is not waited for again: the report has been printed.
        const bool given_up_before = shared_->give_up.exchange(true);
        const int wait_s = given_up_before ? 0 : 1;
        if (shared_->ledgers != nullptr && !shared_->ledgers->stop(wait_s))
            ceph::leave_running(shared_);
        const bool idle = control_.wait_idle(wait_s);
        const bool open =
            !shared_->connections.empty() && shared_->connections[0].cluster != nullptr;
        if (!idle || shared_->outstanding() > 0 || open) ceph::leave_running(shared_);
    }

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    std::uint64_t descriptors_per_session() const noexcept override { return 0; }
    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return ceph::channel_figures::declared();
    }

    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<librbd_core>(loop, core, options_, shared_, content_, control_,
                                             loops_);
    }

  private:
    driver_options options_;
    load::content content_;
    std::shared_ptr<world> shared_;
    std::vector<std::string> endpoints_{"librbd"};
    core_loops loops_;
    control_thread control_;
};

}  // namespace

bool librbd_built_in() noexcept {
    return true;
}

std::string librbd_version() {
    int major = 0;
    int minor = 0;
    int extra = 0;
    rbd_version(&major, &minor, &extra);
    return "librbd " + std::to_string(major) + "." + std::to_string(minor) + "." +
           std::to_string(extra);
}

std::unique_ptr<engine::driver> make_librbd_driver(const driver_options& options) {
    CHOPSTICKS_ASSERT(options.config != nullptr && options.group != nullptr);
    return std::make_unique<librbd_driver>(options);
}

}  // namespace chopsticks::rbd
