#include "http_driver.hpp"

#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <numeric>

#include "addresses.hpp"
#include "session.hpp"
#include "target.hpp"

namespace chopsticks::s3 {

namespace {

class http_core final : public engine::core_driver {
  public:
    http_core(runtime::reactor& loop, unsigned core, const driver_options& options,
              core_state::connection_maker connect, const load::content& content,
              const std::vector<target_address>& addresses, const std::vector<endpoint_url>& urls)
        : state_(loop, options), addresses_(addresses), next_session_(core), cores_(options.cores) {
        state_.connect = connect;
        state_.content = &content;
        state_.must_list =
            listing_floor(*options.group, options.prepares || !options.kept_prefix.empty());
        if (urls.front().tls)
            state_.tls = std::make_unique<tls_context>(*options.config, urls.size());
        for (const endpoint_url& url : urls) {
            state_.run_writers.emplace_back(options_of(options, url, options.run_prefix));
            if (options.kept_prefix.empty()) continue;
            state_.kept_writers.emplace_back(options_of(options, url, options.kept_prefix));
        }
    }

    std::unique_ptr<engine::session> make_session() override {
        // Session n of all is on core n % cores: in turn, all addresses get the same number of
        // them. The turn shifts by one when it comes round, or a core could have one address alone.
        const std::size_t round = std::lcm(cores_, addresses_.size());
        const std::size_t at = next_session_ + next_session_ / round;
        const target_address& a = addresses_[at % addresses_.size()];
        next_session_ += cores_;
        return std::make_unique<s3_session>(state_, a);
    }

    std::unique_ptr<engine::bound_step> bind(const scenario::step& what) override {
        auto step = std::make_unique<s3_step>(what);
        if (step->needs_etags()) state_.etag_words.keep();
        if (step->names_versions()) state_.versions.keep();
        return step;
    }

    engine::driver_counters counters() const noexcept override { return state_.counters; }
    engine::driver_meters* meters() noexcept override { return &state_.figures.meters; }

    runtime::task<engine::target_state> open_target() override {
        state_.control_cancelled = false;
        if (!target_.keeper) target_.keeper = std::make_unique<mark_keeper>(state_, addresses_);
        return open_s3_target(state_, addresses_, target_);
    }
    /// Sessions bring their own connections, and the mark of the process that opened it is that of
    /// all.
    runtime::task<std::string> join_target(const engine::target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override {
        state_.control_cancelled = false;
        return seal_s3_data(state_, addresses_, target_);
    }
    std::string removal_note() const override {
        if (!target_.marked || target_.keeper->mark.ended) return {};
        return "`chopsticks cleanup` takes this run for alive until five minutes after it wrote "
               "its "
               "mark last, and removes nothing before";
    }
    engine::write_account writes() const noexcept override { return state_.writes; }
    bool keeps_versions() const noexcept override {
        return target_.marked && (target_.rules.versioned || !target_.rules_known);
    }
    runtime::task<engine::left_count> count_left() override {
        state_.control_cancelled = false;
        return count_s3_left(state_, addresses_, target_);
    }
    std::string waiting() const override { return state_.waits.text(); }
    void cancel_control() noexcept override {
        state_.control_cancelled = true;
        for (s3_session* session : state_.controlling)
            session->cancel();
    }
    runtime::task<std::string> close_target() override {
        state_.control_cancelled = false;
        return close_s3_target(state_, addresses_, target_);
    }

    std::vector<engine::leftover> left_behind() const override { return left_of(state_, target_); }

  private:
    static request_options options_of(const driver_options& options, const endpoint_url& url,
                                      const std::string& prefix) {
        request_options r = writer_options(*options.config, url, prefix);
        r.bucket_stem = options.bucket_stem;
        return r;
    }

    core_state state_;
    const std::vector<target_address>& addresses_;
    std::size_t next_session_;
    std::size_t cores_;
    s3_target target_;
};

class http_driver final : public engine::driver {
  public:
    http_driver(const driver_options& options, core_state::connection_maker connect)
        : options_(options),
          connect_(connect),
          content_(options.data_seed, options.group->data.content.compression_ratio),
          urls_(endpoint_urls(*options.config)),
          addresses_(find_addresses(*options.config, urls_)) {
        for (const endpoint_url& url : urls_)
            endpoints_.push_back(url.text());
        // Reads the CA file once here, where a mistake can still be told as such.
        if (urls_.front().tls) tls_context(*options.config, urls_.size());
    }

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }

    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return http_figures::declared();
    }

    std::vector<std::string> peers() const override {
        std::vector<std::string> out;
        for (const target_address& a : addresses_)
            out.push_back(a.text);
        return out;
    }

    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<http_core>(loop, core, options_, connect_, content_, addresses_,
                                           urls_);
    }

  private:
    driver_options options_;
    core_state::connection_maker connect_;
    load::content content_;
    std::vector<endpoint_url> urls_;
    std::vector<std::string> endpoints_;
    std::vector<target_address> addresses_;
};

}  // namespace

std::unique_ptr<engine::driver> make_http_driver(const driver_options& options,
                                                 core_state::connection_maker connect) {
    return std::make_unique<http_driver>(options, connect);
}

}  // namespace chopsticks::s3
