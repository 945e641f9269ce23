#include <netdb.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <numeric>

#include "count_left.hpp"
#include "session.hpp"
#include "target.hpp"

namespace chopsticks::s3 {

namespace {

/// All addresses of one endpoint, in the resolver's order.
void resolve(const scenario::endpoint_url& url, std::size_t endpoint,
             std::vector<target_address>& out) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = AF_UNSPEC;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(url.port);
    const int failed = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
    if (failed != 0) {
        throw config_error("endpoint " + url.text() + ": cannot resolve \"" + url.host +
                           "\": " + ::gai_strerror(failed) +
                           "; check the name in the workload config or --endpoint");
    }
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        target_address t;
        t.endpoint = endpoint;
        std::copy_n(reinterpret_cast<const char*>(a->ai_addr), a->ai_addrlen,
                    reinterpret_cast<char*>(&t.address));
        t.length = a->ai_addrlen;
        t.host = url.host;
        char host[NI_MAXHOST] = "?";
        ::getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
        const bool v6 = a->ai_family == AF_INET6;
        t.text = (v6 ? "[" : "") + std::string(host) + (v6 ? "]:" : ":") + port;
        out.push_back(std::move(t));
    }
    ::freeaddrinfo(found);
}

class beast_core final : public engine::core_driver {
  public:
    beast_core(runtime::reactor& loop, unsigned core, const driver_options& options,
               const load::content& content, const std::vector<target_address>& addresses,
               const std::vector<scenario::endpoint_url>& urls)
        : state_(loop, options), addresses_(addresses), next_session_(core), cores_(options.cores) {
        state_.content = &content;
        state_.must_list =
            listing_floor(*options.group, options.prepares || !options.kept_prefix.empty());
        if (urls.front().tls)
            state_.tls = std::make_unique<tls_context>(*options.config, urls.size());
        for (const scenario::endpoint_url& url : urls) {
            state_.run_writers.emplace_back(writer_options(options, url, options.run_prefix));
            if (options.kept_prefix.empty()) continue;
            state_.kept_writers.emplace_back(writer_options(options, url, options.kept_prefix));
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

    engine::driver_counters counters() const noexcept override { return state_.counters; }

    runtime::task<engine::target_state> open_target() override {
        state_.control_cancelled = false;
        return open_s3_target(state_, addresses_, made_bucket_);
    }
    runtime::task<std::string> seal_data() override {
        state_.control_cancelled = false;
        return seal_s3_data(state_, addresses_);
    }
    runtime::task<engine::left_count> count_left() override {
        state_.control_cancelled = false;
        return count_s3_left(state_, addresses_);
    }
    void cancel_control() noexcept override {
        state_.control_cancelled = true;
        if (state_.controlling != nullptr) state_.controlling->cancel();
    }
    runtime::task<std::string> close_target() override {
        state_.control_cancelled = false;
        return close_s3_target(state_, addresses_, made_bucket_);
    }

  private:
    static request_options writer_options(const driver_options& options,
                                          const scenario::endpoint_url& url,
                                          const std::string& prefix) {
        const scenario::s3_config& c = *options.config;
        request_options r;
        r.who = credentials{c.access_key, c.secret_key, c.session_token};
        r.region = c.region;
        r.host = url.host_header();
        r.bucket = c.bucket;
        r.style = c.virtual_host ? addressing::virtual_host : addressing::path;
        r.payload = c.payload == scenario::payload_signing::hashed ? payload_mode::hashed
                                                                   : payload_mode::unsigned_payload;
        r.key_prefix = prefix;
        return r;
    }

    core_state state_;
    const std::vector<target_address>& addresses_;
    std::size_t next_session_;
    std::size_t cores_;
    bool made_bucket_ = false;
};

class beast_driver final : public engine::driver {
  public:
    explicit beast_driver(const driver_options& options)
        : options_(options),
          content_(options.data_seed, options.group->data.content.compression_ratio) {
        for (const std::string& text : options.config->endpoints) {
            urls_.push_back(scenario::parse_endpoint_url(text));
            endpoints_.push_back(urls_.back().text());
        }
        CHOPSTICKS_ASSERT(!urls_.empty());
        for (std::size_t i = 0; i < urls_.size(); ++i) {
            if (urls_[i].tls != urls_.front().tls) {
                throw config_error("endpoints: all must be http or all https: " + endpoints_[0] +
                                   " and " + endpoints_[i]);
            }
            scenario::endpoint_url at = urls_[i];
            // The bucket's own name may have other addresses than the endpoint's.
            if (options.config->virtual_host) at.host = options.config->bucket + "." + at.host;
            try {
                resolve(at, i, addresses_);
            } catch (const config_error&) {
                if (!options.config->virtual_host) throw;
                // Test set-ups have no DNS for bucket names; the Host field is what the server
                // reads.
                resolve(urls_[i], i, addresses_);
            }
        }
        // Reads the CA file once here, where a mistake can still be told as such.
        if (urls_.front().tls) tls_context(*options.config, urls_.size());
    }

    const std::vector<std::string>& endpoints() const noexcept override { return endpoints_; }

    std::vector<std::string> peers() const override {
        std::vector<std::string> out;
        for (const target_address& a : addresses_)
            out.push_back(a.text);
        return out;
    }

    std::unique_ptr<engine::core_driver> make_core(runtime::reactor& loop, unsigned core) override {
        return std::make_unique<beast_core>(loop, core, options_, content_, addresses_, urls_);
    }

  private:
    driver_options options_;
    load::content content_;
    std::vector<scenario::endpoint_url> urls_;
    std::vector<std::string> endpoints_;
    std::vector<target_address> addresses_;
};

}  // namespace

std::unique_ptr<engine::driver> make_beast_driver(const driver_options& options) {
    return std::make_unique<beast_driver>(options);
}

}  // namespace chopsticks::s3
