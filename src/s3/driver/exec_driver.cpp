#include "exec_driver.hpp"

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/driver/program.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>

#include "beside_native.hpp"

namespace chopsticks::s3 {

namespace {

std::string& value_of(exec_values& values, exec_word word) {
    return values[static_cast<std::size_t>(word)];
}

std::string word_of(bool flag) {
    return flag ? "true" : "false";
}

std::unique_ptr<const exec_target::at_endpoint> make_exec_endpoint(const exec_target& target,
                                                                   const std::string& endpoint) {
    const settings& config = *target.options.config;
    const endpoint_url url = parse_endpoint_url(endpoint);
    auto out = std::make_unique<exec_target::at_endpoint>();
    exec_values& v = out->values;
    value_of(v, exec_word::endpoint) = url.text();
    value_of(v, exec_word::scheme) = url.tls ? "https" : "http";
    value_of(v, exec_word::host) = url.host_header();
    value_of(v, exec_word::bucket) = config.bucket;
    value_of(v, exec_word::region) = config.region;
    value_of(v, exec_word::retries) = std::to_string(config.retries);
    value_of(v, exec_word::attempts) = std::to_string(config.retries + 1);
    value_of(v, exec_word::tls) = word_of(url.tls);
    value_of(v, exec_word::verify) = word_of(!config.tls_insecure);
    value_of(v, exec_word::ca_file) = config.tls_ca_file;
    if (target.how.has_config) {
        value_of(v, exec_word::config) =
            "/dev/fd/" + std::to_string(process::child_plan::script_descriptor);
    }
    exec_values with_secrets = v;
    value_of(with_secrets, exec_word::access_key) = config.access_key;
    value_of(with_secrets, exec_word::secret_key) = config.secret_key;
    value_of(with_secrets, exec_word::session_token) = config.session_token;

    process::child_plan& plan = out->plan;
    give_credentials(plan, config.access_key, config.secret_key, config.session_token);
    plan.environment.emplace_back("AWS_REGION", config.region);
    plan.environment.emplace_back("AWS_DEFAULT_REGION", config.region);
    plan.without.emplace_back("AWS_CA_BUNDLE");
    if (!config.tls_ca_file.empty()) {
        plan.environment.emplace_back("AWS_CA_BUNDLE", config.tls_ca_file);
    }
    for (const auto& [name, text] : target.how.environment) {
        std::string value;
        text.append(value, with_secrets);
        // What is not said is as if nobody had set it: empty is a value to some.
        plan.without.push_back(name);
        if (!value.empty()) plan.environment.emplace_back(name, value);
    }
    if (target.how.has_config) {
        target.how.config.append(out->config, with_secrets);
        plan.script = out->config;
    }
    return out;
}

class exec_driver final : public driver_beside_native {
  public:
    exec_driver(const driver_options& options, std::string_view name)
        : driver_beside_native(options, name),
          content_(options.data_seed, options.group->data.content.compression_ratio) {
        const settings& config = *options.config;
        target_.options = options;
        target_.how = read_exec_options(config, name);
        target_.content = &content_;
        target_.verifies = options.group->data.verify;
        target_.group.options = &target_.options;
        target_.group.floor =
            listing_floor(*options.group, options.prepares || !options.kept_prefix.empty());
        target_.secrets = {config.secret_key, config.session_token};
        check_tasks(name);
        if (target_.how.is_tool && config.virtual_host) {
            throw config_error("the commands that are known of " + target_.how.name +
                               " address buckets by path: write `addressing: path`, or commands "
                               "of your own (`put`, `get`, ...)");
        }
        if (target_.how.is_tool && config.tls_insecure) {
            for (const exec_tool& one : exec_tools()) {
                if (one.name != target_.how.name || one.unverified.empty()) continue;
                target_.how.beginning.insert(target_.how.beginning.begin() + 1,
                                             std::string(one.unverified));
            }
        }
        target_.note = check_exec_programs(target_.how);
        for (const std::string& endpoint : inner_->endpoints())
            target_.endpoints.push_back(make_exec_endpoint(target_, endpoint));
    }

    /// Three pipes, the process, and a text that it reads.
    std::uint64_t descriptors_per_session() const noexcept override { return 6; }
    const std::vector<engine::driver_figure>& figures() const noexcept override { return figures_; }
    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return make_exec_core(loop, core, target_, inner_->make_core(loop, core));
    }

  private:
    void check_tasks(std::string_view name) const {
        for (const scenario::task& task : target_.options.group->tasks) {
            for (const scenario::step& step : task.steps)
                check_exec_step(step, target_.how, name);
        }
        if (target_.options.prepares && target_.options.group->data.objects > 0 &&
            !target_.how.has(exec_operation::put)) {
            throw config_error("the driver " + std::string(name) +
                               " has no command for `put`, which the run makes its objects with");
        }
    }

    load::content content_;
    exec_target target_;
    std::vector<engine::driver_figure> figures_ = process::execution_figures::declared();
};

}  // namespace

bool runs_for_each(std::string_view driver) noexcept {
    return driver == "exec" || driver == "s5cmd";
}

std::unique_ptr<engine::driver> make_exec_driver(const driver_options& options,
                                                 std::string_view name) {
    return std::make_unique<exec_driver>(options, name);
}

}  // namespace chopsticks::s3
