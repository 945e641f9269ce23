#include "http_driver.hpp"

#include <algorithm>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <numeric>
#include <utility>

#include "addresses.hpp"
#include "explain.hpp"
#include "session.hpp"
#include "target.hpp"

namespace chopsticks::s3 {

namespace {

/// All that the cores of a driver have in common. Constant.
struct http_target {
    std::vector<settings> buckets;  ///< that objects are spread over, each with its owner's keys
    std::vector<driver_options> options;  ///< by bucket; of the first are the load's
    core_state::connection_maker connect = nullptr;
    std::vector<endpoint_url> urls;
    std::vector<target_address> addresses;
    std::size_t users = 1;  ///< a bucket is of the user of its number modulo this
    std::vector<engine::driver_figure> figures;
};

request_options writer_options_in(const http_target& of, std::size_t bucket,
                                  const endpoint_url& url, const std::string& prefix) {
    request_options r = writer_options(of.buckets[bucket], url, prefix);
    r.bucket_stem = of.options[bucket].bucket_stem;
    return r;
}

/// What is done once per run with one of the buckets beside the first: it is opened, marked and
/// cleaned for itself, by its owner. On core 0.
struct further_bucket {
    /// Answers to control requests come in few pieces.
    static constexpr std::size_t scratch_bytes = 16 * 1024;

    further_bucket(core_state& first, const http_target& of, std::size_t number)
        : state(first.loop, of.options[number], http_figures::declared({}), scratch_bytes) {
        state.connect = first.connect;
        state.tls = first.tls;
        for (const endpoint_url& url : of.urls) {
            state.run_writers.emplace_back(
                writer_options_in(of, number, url, state.options.run_prefix));
        }
        target.keeper = std::make_unique<mark_keeper>(state, of.addresses);
    }

    core_state state;
    s3_target target;  // goes before its state
};

class http_core final : public engine::core_driver {
  public:
    http_core(runtime::reactor& loop, unsigned core, const http_target& of,
              const load::content& content)
        : of_(of), state_(loop, of.options.front(), of.figures), next_session_(core) {
        const driver_options& options = of.options.front();
        state_.connect = of.connect;
        state_.content = &content;
        state_.buckets_in_all = of.buckets.size();
        state_.users = of.users;
        state_.must_list = listing_floor(
            *options.group, options.prepares || !options.kept_prefix.empty(), of.buckets.size());
        if (of.urls.front().tls)
            state_.tls = std::make_shared<tls_context>(*options.config, of.urls.size());
        for (std::size_t bucket = 0; bucket < of.buckets.size(); ++bucket) {
            for (const endpoint_url& url : of.urls) {
                state_.run_writers.emplace_back(
                    writer_options_in(of, bucket, url, options.run_prefix));
            }
        }
        if (options.kept_prefix.empty()) return;
        for (const endpoint_url& url : of.urls) {
            state_.kept_writers.emplace_back(writer_options_in(of, 0, url, options.kept_prefix));
        }
    }

    std::unique_ptr<engine::session> make_session() override {
        // Session n of all is on core n % cores: in turn, all addresses get the same number of
        // them. The turn shifts by one when it comes round, or a core could have one address alone.
        const std::size_t cores = state_.options.cores;
        const std::size_t round = std::lcm(cores, of_.addresses.size());
        const std::size_t at = next_session_ + next_session_ / round;
        const target_address& a = of_.addresses[at % of_.addresses.size()];
        next_session_ += cores;
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
        begin_control();
        if (!target_.keeper) target_.keeper = std::make_unique<mark_keeper>(state_, of_.addresses);
        while (further_.size() + 1 < of_.buckets.size()) {
            further_.push_back(std::make_unique<further_bucket>(state_, of_, further_.size() + 1));
        }
        return open_all();
    }
    /// Sessions bring their own connections, and the mark of the process that opened it is that of
    /// all.
    runtime::task<std::string> join_target(const engine::target_state&) override {
        co_return std::string();
    }
    runtime::task<std::string> seal_data() override {
        begin_control();
        return seal_s3_data(state_, of_.addresses, target_);
    }
    std::string removal_note() const override {
        const auto seems_alive = [](const s3_target& target) {
            return target.marked && !target.keeper->mark.ended;
        };
        if (!any(seems_alive)) return {};
        return "`chopsticks cleanup` takes this run for alive until five minutes after it wrote "
               "its "
               "mark last, and removes nothing before";
    }
    engine::write_account writes() const noexcept override { return state_.writes; }
    bool keeps_versions() const noexcept override {
        return any([](const s3_target& target) {
            return target.marked && (target.rules.versioned || !target.rules_known);
        });
    }
    runtime::task<engine::left_count> count_left() override {
        begin_control();
        return count_all();
    }
    std::string waiting() const override {
        std::string text = state_.waits.text();
        for (const auto& one : further_) {
            if (text.empty()) text = one->state.waits.text();
        }
        return text;
    }
    std::uint64_t control_steps() const noexcept override {
        std::uint64_t steps = state_.waits.steps();
        for (const auto& one : further_)
            steps += one->state.waits.steps();
        return steps;
    }
    void cancel_control() noexcept override {
        cancel_control_of(state_);
        for (const auto& one : further_)
            cancel_control_of(one->state);
    }
    runtime::task<std::string> close_target() override {
        begin_control();
        return close_all();
    }

    std::vector<engine::leftover> left_behind() const override {
        std::vector<engine::leftover> out = left_of(state_, target_);
        for (const auto& one : further_) {
            for (engine::leftover& left : left_of(one->state, one->target))
                out.push_back(std::move(left));
        }
        return out;
    }

  private:
    void begin_control() noexcept {
        state_.control_cancelled = false;
        for (const auto& one : further_)
            one->state.control_cancelled = false;
    }
    static void cancel_control_of(core_state& state) noexcept {
        state.control_cancelled = true;
        for (s3_session* session : state.controlling)
            session->cancel();
    }
    template <typename F>
    bool any(F what) const noexcept {
        return what(target_) || std::any_of(further_.begin(), further_.end(),
                                            [&](const auto& one) { return what(one->target); });
    }

    runtime::task<engine::target_state> open_all() {
        engine::target_state all = co_await open_s3_target(state_, of_.addresses, target_);
        for (const auto& one : further_) {
            if (!all.problem.empty()) break;
            engine::target_state next =
                co_await open_s3_target(one->state, of_.addresses, one->target);
            all.problem = std::move(next.problem);
            for (std::string& note : next.notes)
                all.notes.push_back(std::move(note));
        }
        co_return all;
    }
    runtime::task<std::string> close_all() {
        std::string stays;
        for (std::size_t i = further_.size(); i-- > 0;) {
            const std::string one =
                co_await close_s3_target(further_[i]->state, of_.addresses, further_[i]->target);
            if (stays.empty()) stays = one;
        }
        const std::string first = co_await close_s3_target(state_, of_.addresses, target_);
        co_return stays.empty() ? first : stays;
    }
    runtime::task<engine::left_count> count_all() {
        engine::left_count all = co_await count_s3_left(state_, of_.addresses, target_);
        for (const auto& one : further_) {
            engine::left_count next =
                co_await count_s3_left(one->state, of_.addresses, one->target);
            all.known = all.known && next.known;
            for (engine::leftover& left : next.items)
                all.items.push_back(std::move(left));
        }
        co_return all;
    }

    const http_target& of_;
    core_state state_;
    std::size_t next_session_;
    s3_target target_;
    std::vector<std::unique_ptr<further_bucket>> further_;  // of core 0
};

class http_driver final : public engine::driver {
  public:
    http_driver(const driver_options& options, core_state::connection_maker connect)
        : content_(options.data_seed, options.group->data.content.compression_ratio) {
        for (std::size_t i = 0; i < options.config->bucket_count(); ++i)
            of_.buckets.push_back(options.config->at_bucket(i));
        for (const settings& bucket : of_.buckets) {
            of_.options.push_back(options);
            of_.options.back().config = &bucket;
        }
        std::vector<std::string> users;
        for (const key_pair& one : options.config->credentials)
            users.push_back(one.access_key);
        of_.users = std::max<std::size_t>(1, users.size());
        if (users.size() == 1) users.clear();
        of_.figures = http_figures::declared(users);
        const settings& first = of_.buckets.front();
        of_.connect = connect;
        of_.urls = endpoint_urls(first);
        of_.addresses = find_addresses(first, of_.urls);
        for (const endpoint_url& url : of_.urls)
            endpoints_.push_back(url.text());
        // Reads the CA file once here, where a mistake can still be told as such.
        if (of_.urls.front().tls) tls_context(first, of_.urls.size());
    }

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }
    bool shares_target() const noexcept override { return true; }

    const std::vector<engine::driver_figure>& figures() const noexcept override {
        return of_.figures;
    }

    std::vector<std::string> peers() const override {
        std::vector<std::string> out;
        for (const target_address& a : of_.addresses)
            out.push_back(a.text);
        return out;
    }

    engine::support support_of(const engine::outcome& out) const noexcept override {
        if (out.status == op_status::ok) return engine::support::has_it;
        return support_said_by(out.native.as(code_kind::http_status), out.code);
    }

    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<http_core>(loop, core, of_, content_);
    }

  private:
    load::content content_;
    http_target of_;
    std::vector<std::string> endpoints_;
};

}  // namespace

std::unique_ptr<engine::driver> make_http_driver(const driver_options& options,
                                                 core_state::connection_maker connect) {
    return std::make_unique<http_driver>(options, connect);
}

}  // namespace chopsticks::s3
