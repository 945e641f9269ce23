// A driver of S3 that has faults of its own: every operation goes through another driver, and every
// Nth of them fails without being sent, or is late. What does the run say of that? Its options, in
// the workload config:
//
//     plugins: [./faulty.so]
//     driver: faulty
//     driver_options:
//       around: native      # whose requests these are; dummy, the default, sends none
//       fail_every: 100     # of a user's operations in the load; 0: none fails
//       delay_every: 10     # 0: none is late
//       delay: 5ms

#include <chopsticks/core/clock.hpp>
#include <chopsticks/plugin/plugin.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/reader.hpp>

namespace {

using namespace chopsticks;

struct fault_options {
    std::string around = "dummy";
    std::uint64_t fail_every = 0;
    std::uint64_t delay_every = 0;
    std::int64_t delay_ns = 0;
};

// A mistake is told with its place in the file: field and map_reader do that.
fault_options read_options(const scenario::workload_settings& settings) {
    fault_options out;
    scenario::map_reader options(&settings.driver_options, "driver_options", "");
    if (const auto f = options.find("around")) {
        out.around = f->word({"dummy", "native", "beast"}) == 0 ? "dummy" : f->text();
    }
    if (const auto f = options.find("fail_every")) out.fail_every = f->count();
    if (const auto f = options.find("delay_every")) out.delay_every = f->count();
    if (const auto f = options.find("delay")) out.delay_ns = f->duration();
    options.finish();
    return out;
}

// One user's. Everything but its faults is another session's business.
class faulty_session final : public engine::session {
  public:
    faulty_session(runtime::reactor& loop, const fault_options& options,
                   std::unique_ptr<engine::session> inner)
        : loop_(loop), options_(options), inner_(std::move(inner)) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override {
        // What cleanup does is to work.
        if (op.cleaning) {
            co_await inner_->execute(op, out);
            co_return;
        }
        ++count_;
        if (options_.fail_every > 0 && count_ % options_.fail_every == 0) {
            out.sent_ns = monotonic_ns();
            out.done_ns = out.sent_ns;
            out.fail(op_status::server_error, "Faulty", "this driver was told to fail");
            co_return;
        }
        co_await inner_->execute(op, out);
        // Behind the request, so that it is the target's time and not one that the generator lost.
        if (options_.delay_every > 0 && count_ % options_.delay_every == 0) {
            co_await loop_.sleep_until(monotonic_ns() + options_.delay_ns);
            out.done_ns = monotonic_ns();
        }
    }

    void cancel() noexcept override { inner_->cancel(); }
    std::size_t endpoint() const noexcept override { return inner_->endpoint(); }

  private:
    runtime::reactor& loop_;
    const fault_options& options_;
    std::unique_ptr<engine::session> inner_;
    std::uint64_t count_ = 0;
};

class faulty_core final : public engine::core_driver {
  public:
    faulty_core(runtime::reactor& loop, const fault_options& options,
                std::unique_ptr<engine::core_driver> inner)
        : loop_(loop), options_(options), inner_(std::move(inner)) {}

    std::unique_ptr<engine::session> make_session() override {
        return std::make_unique<faulty_session>(loop_, options_, inner_->make_session());
    }

    // The other driver's own: its sessions get it back as it is.
    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        return inner_->bind(what);
    }

    runtime::task<engine::target_state> open_target() override { return inner_->open_target(); }
    runtime::task<std::string> join_target(const engine::target_state& found) override {
        return inner_->join_target(found);
    }
    runtime::task<std::string> seal_data() override { return inner_->seal_data(); }
    runtime::task<std::string> close_target() override { return inner_->close_target(); }
    runtime::task<std::string> check_data() override { return inner_->check_data(); }
    runtime::task<engine::left_count> count_left() override { return inner_->count_left(); }
    engine::driver_counters counters() const noexcept override { return inner_->counters(); }
    engine::driver_meters* meters() noexcept override { return inner_->meters(); }
    bool holds_open() const noexcept override { return inner_->holds_open(); }
    void cancel_control() noexcept override { inner_->cancel_control(); }
    std::string waiting() const override { return inner_->waiting(); }
    std::uint64_t control_steps() const noexcept override { return inner_->control_steps(); }
    std::vector<engine::leftover> left_behind() const override { return inner_->left_behind(); }
    std::string removal_note() const override { return inner_->removal_note(); }
    engine::write_account writes() const noexcept override { return inner_->writes(); }
    bool keeps_versions() const noexcept override { return inner_->keeps_versions(); }
    engine::wrong_data found_wrong() const override { return inner_->found_wrong(); }

  private:
    runtime::reactor& loop_;
    const fault_options& options_;
    std::unique_ptr<engine::core_driver> inner_;
};

class faulty_driver final : public engine::driver {
  public:
    faulty_driver(fault_options options, std::unique_ptr<engine::driver> inner)
        : options_(std::move(options)), inner_(std::move(inner)) {}

    const std::vector<std::string>& endpoints() const noexcept override {
        return inner_->endpoints();
    }
    std::vector<std::string> peers() const override { return inner_->peers(); }
    std::uint64_t descriptors_per_session() const noexcept override {
        return inner_->descriptors_per_session();
    }
    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return inner_->figures();
    }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<faulty_core>(loop, options_, inner_->make_core(loop, core));
    }

  private:
    fault_options options_;
    std::unique_ptr<engine::driver> inner_;
};

std::unique_ptr<engine::driver> make_faulty(const engine::driver_request& wanted) {
    fault_options options = read_options(*wanted.settings);
    engine::driver_request other = wanted;
    other.driver = options.around;
    auto inner = s3::make_driver(other);
    return std::make_unique<faulty_driver>(std::move(options), std::move(inner));
}

// `validate` finds mistakes without a run, too.
void check_options(const scenario::workload_settings& settings) {
    read_options(settings);
}

constexpr plugin::provided_driver drivers[] = {{
    .workload = "s3",
    .row = {.name = "faulty",
            .description = "another driver's requests, of which every Nth fails or is late",
            .takes_options = true,
            .check = check_options},
    .make = make_faulty,
}};

}  // namespace

const plugin::declaration chopsticks_plugin = {
    .name = "faulty", .version = FAULTY_VERSION, .drivers = drivers};
