#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/live/service.hpp>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::live;

namespace {

listen_address parsed(const std::string& text) {
    return parse_listen_address(text, "--metrics-listen", 9464);
}

std::string refusal_of(const std::string& text) {
    try {
        parsed(text);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("listen_address_is_the_loopbacks_unless_it_says_more") {
    CHECK(parsed("") == listen_address{"127.0.0.1", 9464});
    CHECK(parsed("80") == listen_address{"127.0.0.1", 80});
    CHECK(parsed(":80") == listen_address{"127.0.0.1", 80});
    CHECK(parsed("localhost:80") == listen_address{"127.0.0.1", 80});
    CHECK(parsed("0.0.0.0:80") == listen_address{"0.0.0.0", 80});
    CHECK(parsed("10.1.2.3") == listen_address{"10.1.2.3", 9464});
    CHECK(parsed("[::1]:80") == listen_address{"::1", 80});
    CHECK(parsed("[::1]") == listen_address{"::1", 9464});
    CHECK(parsed("[::1]:80").is_loopback());
    CHECK_FALSE(parsed("0.0.0.0:80").is_loopback());
    for (const char* const bad : {"bench-1:80", "127.0.0.1:", "127.0.0.1:65536", "1:2:3", ":x",
                                  "-1", "[::1", "127.0.0.1:80x"})
        CHECK_MESSAGE(contains(refusal_of(bad), "--metrics-listen: \""), bad);
}

TEST_CASE("service_that_cannot_listen_says_so") {
    run_monitor monitor;
    const service first({listen_address{"127.0.0.1", 0}, {}, {}}, monitor);
    CHECK(first.metrics_url().starts_with("http://127.0.0.1:"));
    CHECK(first.page_url().empty());
    const std::string port = first.metrics_url().substr(17);
    const auto at = parsed(port.substr(0, port.find('/')));
    CHECK_THROWS_WITH_AS(service({at, {}, {}}, monitor), doctest::Contains("cannot listen on"),
                         config_error);
}

TEST_CASE("service_at_one_address_for_both_listens_once") {
    run_monitor monitor;
    const listen_address any{"127.0.0.1", 0};
    const service one({any, any, {}}, monitor);
    CHECK(one.metrics_url() == one.page_url() + "metrics");
}

TEST_CASE("service_beyond_the_loopback_has_a_secret_in_its_url") {
    run_monitor monitor;
    const listen_address all{"0.0.0.0", 0};
    const service one({{}, all, {}}, monitor);
    const service other({{}, all, {}}, monitor);
    const auto token_of = [](const service& s) {
        return s.page_url().substr(s.page_url().find("?token=") + 7);
    };
    CHECK(token_of(one).size() == 32);
    CHECK(token_of(one) != token_of(other));
}
