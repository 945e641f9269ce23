#include "process_driver.hpp"

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/driver/program.hpp>

namespace chopsticks::s3 {

namespace {

std::string hello_for(const program_target& target, const std::string& endpoint) {
    const settings& config = *target.options.config;
    program_hello hello;
    hello.endpoint = endpoint;
    hello.bucket = config.bucket;
    hello.region = config.region;
    hello.virtual_host = config.virtual_host;
    hello.tls_verify = !config.tls_insecure;
    hello.ca_file = config.tls_ca_file;
    hello.retries = config.retries;
    hello.connect_ns = target.options.timeout.connect_ns;
    hello.operation_ns = target.options.timeout.operation_ns;
    hello.reads_bytes = target.verifies;
    hello.in_flight = target.how.in_flight;
    return hello.line();
}

process::child_plan child_for(const program_target& target, const shipped_program* shipped) {
    const settings& config = *target.options.config;
    process::child_plan plan;
    plan.command = target.how.command;
    if (shipped != nullptr && plan.command.empty()) {
        plan.command = shipped->command(target.how);
        if (shipped->script != nullptr) plan.script = shipped->script();
    }
    give_credentials(plan, config.access_key, config.secret_key, config.session_token);
    return plan;
}

void check_settings(const settings& config, std::string_view driver) {
    const bool many = !config.bucket_list.empty() || config.buckets_made_of_name > 0;
    if (!many && config.credentials.empty()) return;
    throw config_error("the driver " + std::string(driver) +
                       " has one user and one bucket: leave `buckets`, `credentials` and "
                       "`credentials_file` out, or take `driver: native`");
}

class program_driver final : public engine::driver {
  public:
    program_driver(const driver_options& options, std::string_view name)
        : content_(options.data_seed, options.group->data.content.compression_ratio) {
        const shipped_program* const shipped = find_shipped_program(name);
        check_settings(*options.config, name);
        target_.options = options;
        target_.how = scenario::read_program_options(
            *options.config, shipped != nullptr ? shipped->kind : scenario::program_kind::any);
        target_.content = &content_;
        target_.verifies = options.group->data.verify;
        target_.group.options = &target_.options;
        target_.group.floor =
            listing_floor(*options.group, options.prepares || !options.kept_prefix.empty());
        inner_ = make_native_driver(options);
        if (shipped != nullptr && target_.how.command.empty()) {
            const std::string missing = shipped->missing();
            if (!missing.empty()) {
                throw config_error("the driver " + std::string(name) +
                                   " cannot run here: " + missing);
            }
        }
        make_plans(shipped, name);
    }

    const std::vector<std::string>& endpoints() const noexcept override {
        return inner_->endpoints();
    }
    std::vector<std::string> peers() const override { return inner_->peers(); }
    bool shares_target() const noexcept override { return inner_->shares_target(); }
    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return target_.figures;
    }
    engine::support support_of(const engine::outcome& out) const noexcept override {
        return inner_->support_of(out);
    }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return make_program_core(loop, core, target_, inner_->make_core(loop, core));
    }

  private:
    void make_plans(const shipped_program* shipped, std::string_view name) {
        process::program_plan plan;
        plan.child = child_for(target_, shipped);
        plan.in_flight = target_.how.in_flight;
        plan.start_ns = target_.how.start_ns;
        plan.restarts = target_.how.restarts;
        plan.operation_ns = target_.options.timeout.operation_ns;
        plan.secrets = {target_.options.config->secret_key, target_.options.config->session_token};
        for (const std::string& endpoint : inner_->endpoints()) {
            plan.hello = hello_for(target_, endpoint);
            // What it can do it says once; a mistake is told before anything is made.
            if (target_.plans.empty()) plan.expected = process::ask_greeting(plan);
            target_.plans.push_back(plan);
        }
        const process::greeting& said = target_.plans.front().expected;
        for (const scenario::task& task : target_.options.group->tasks) {
            for (const scenario::step& step : task.steps)
                check_program_step(step, said, name);
        }
        if (target_.options.prepares && target_.options.group->data.objects > 0 &&
            !said.has("put")) {
            throw config_error("the driver " + std::string(name) +
                               " does not do `put`, which the run makes its objects with");
        }
        target_.figures = process::program_figures::declared(said);
        const std::string problem = stats::problem_with(target_.figures);
        if (!problem.empty()) {
            throw config_error("the driver program's figures: " + problem);
        }
    }

    load::content content_;
    program_target target_;
    std::unique_ptr<engine::driver> inner_;
};

}  // namespace

std::unique_ptr<engine::driver> make_program_driver(const driver_options& options,
                                                    std::string_view name) {
    return std::make_unique<program_driver>(options, name);
}

}  // namespace chopsticks::s3
