// By what way requests get to an endpoint, and which driver then has to carry them.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <variant>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;
using messages::contains;
using messages::of_workload;

namespace {

workload_config read(const std::string& text, const messages::overrides& sets = {}) {
    return parse_workload_config(text, "w.yaml", sets);
}

std::string refusal_of_check(const std::string& text) {
    const workload_config config = read(text);
    group g;
    g.name = "s3";
    g.workload = "s3";
    std::vector<std::string> warnings;
    try {
        s3::settings_of(config).check(g, warnings);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("way_that_the_default_driver_lacks_is_that_of_another_which_is_said") {
    const std::pair<std::string, std::string> cases[] = {
        {"http_version: 2", "http_version"},
        {"http_version: h2c", "http_version"},
        {"proxy: {url: 'http://p:3128'}", "proxy"},
        {"s3: {proxy: {url: 'socks5://p:1080'}}", "s3.proxy"},
    };
    for (const auto& [text, name] : cases) {
        CAPTURE(text);
        const auto w = read(text);
        CHECK(driver_of(w, "s3") == "curl");
        REQUIRE(w.warnings.size() == 1);
        CHECK(w.warnings[0] == "driver curl is taken: native, the default, has no " + name);
        CHECK(s3::settings_of(w).needs_libcurl());
        CHECK_FALSE(s3::settings_of(w).discard_in_kernel);
        CHECK_FALSE(s3::settings_of(w).as_calibrated());
    }
    const auto both = read("{http_version: 2, proxy: {url: 'http://p:1'}}");
    REQUIRE(both.warnings.size() == 1);
    CHECK(contains(both.warnings[0], "http_version and proxy"));
}

TEST_CASE("way_that_every_driver_knows_changes_nothing") {
    for (const char* text : {"", "http_version: 1.1", "{http_version: 1.1, driver: native}"}) {
        CAPTURE(text);
        const auto w = read(text);
        CHECK(driver_of(w, "s3") == "native");
        CHECK(w.warnings.empty());
        CHECK_FALSE(s3::settings_of(w).needs_libcurl());
    }
}

TEST_CASE("way_of_a_driver_that_was_named_is_its_own_or_refused") {
    for (const char* text : {"{driver: curl, http_version: 2}", "{driver: curl, discard: copy}",
                             "{driver: dummy, proxy: {url: 'http://p:1'}}"}) {
        CAPTURE(text);
        CHECK(read(text).warnings.empty());
    }
    for (const char* driver : {"native", "beast"}) {
        const std::string named = "driver: " + std::string(driver) + "\n";
        const std::string refused = "is not done by the driver " + std::string(driver);
        for (const char* text : {"http_version: 2", "proxy: {url: 'http://p:1'}"}) {
            const std::string message = of_workload(named + text);
            CAPTURE(message);
            CHECK(message.rfind("w.yaml:2:", 0) == 0);
            CHECK(contains(message, refused));
            CHECK(contains(message, "`driver: curl`"));
        }
    }
    CHECK(contains(of_workload("{driver: curl, discard: kernel}"), "`driver: native`"));
    CHECK(contains(of_workload("{http_version: h2c, discard: kernel}"), "by the driver curl"));
}

TEST_CASE("way_through_a_proxy_is_read_and_its_mistakes_are_told") {
    const auto w = read("proxy: {url: 'socks5h://[::1]:1080', user: smith, password: 'a:b c'}\n");
    const s3::proxy_settings& proxy = s3::settings_of(w).proxy;
    CHECK(proxy.kind == s3::proxy_kind::socks5h);
    CHECK(proxy.url == "socks5h://[::1]:1080");
    CHECK(proxy.host == "::1");
    CHECK(proxy.port == 1080);
    CHECK(proxy.user == "smith");
    CHECK(proxy.password == "a:b c");
    CHECK(proxy.resolves());
    CHECK(s3::settings_of(w).hold_secret());
    CHECK_FALSE(s3::settings_of(read("proxy: {url: 'socks5://p:1'}")).proxy.resolves());
    const std::pair<std::string, std::string> cases[] = {
        {"proxy: {user: a}", "url"},
        {"proxy: {url: 'p:3128'}", "http, socks5 or socks5h"},
        {"proxy: {url: 'https://p:3128'}", "http, socks5 or socks5h"},
        {"proxy: {url: 'http://p'}", "has no port"},
        {"proxy: {url: 'http://[::1]'}", "has no port"},
        {"proxy: {url: 'http://p:0'}", "no valid port"},
        {"proxy: {url: 'http://p:1/x'}", "path"},
        {"proxy: {url: 'http://p:1', pasword: a}", "did you mean \"password\"?"},
        {"proxy: {url: 'http://p:1', password: a}", "stands without `user`"},
        {"proxy: {url: 'http://p:1', user: 'a:b'}", "cannot be part of it"},
        {"proxy: {url: 'http://p:1', user: " + std::string(256, 'a') + "}", "255"},
        {"http_version: 3", "1.1, 2 or h2c"},
    };
    for (const auto& [text, reason] : cases) {
        CAPTURE(text);
        const std::string message = of_workload(text);
        CAPTURE(message);
        CHECK(message.rfind("w.yaml:1:", 0) == 0);
        CHECK(contains(message, reason));
    }
    const std::string secret = of_workload("proxy: {url: 'http://smith:hunter2@p:1'}");
    CHECK(contains(secret, "proxy.password"));
    CHECK_FALSE(contains(secret, "hunter2"));
}

TEST_CASE("way_is_in_the_echo_without_its_secrets_and_found_again") {
    const auto w =
        read("{http_version: h2c, proxy: {url: 'http://p:3128', user: smith, password: hunter2}}");
    const auto echoed = s3::settings_of(w).echo();
    const auto* const proxy = find_echoed<std::string>(echoed, "proxy");
    REQUIRE(proxy != nullptr);
    CHECK(*proxy == "http://p:3128");
    for (const auto& [key, value] : echoed) {
        const auto* const text = std::get_if<std::string>(&value);
        CHECK_FALSE((text != nullptr && contains(*text, "hunter2")));
    }
    s3::settings again;
    again.find_again(echoed);
    CHECK(again.http == s3::http_version::two_plain);
    CHECK(again.proxy.host == "p");
    CHECK(again.proxy.port == 3128);
    again.find_again({{"proxy", std::string("rubbish")}, {"http_version", std::string("9")}});
    CHECK_FALSE(again.proxy.is_given());
    const auto plain = s3::settings_of(read("")).echo();
    CHECK(find_echoed<std::string>(plain, "http_version") == nullptr);
    CHECK(find_echoed<std::string>(plain, "proxy") == nullptr);
}

TEST_CASE("way_of_http2_has_to_go_with_the_scheme") {
    CHECK(refusal_of_check("{endpoint: 'https://a', http_version: 2}").empty());
    CHECK(refusal_of_check("{endpoint: 'http://a', http_version: h2c}").empty());
    CHECK(refusal_of_check("{endpoint: 'http://a', http_version: 1.1}").empty());
    CHECK(contains(refusal_of_check("{endpoint: 'http://a', http_version: 2}"),
                   "`http_version: h2c`"));
    CHECK(contains(refusal_of_check("{endpoint: 'https://a', http_version: h2c}"),
                   "`http_version: 2`"));
    CHECK(contains(
        refusal_of_check("{endpoint: 'http://a', http_version: h2c, proxy: {url: 'http://p:1'}}"),
        "socks5"));
    CHECK(
        refusal_of_check("{endpoint: 'http://a', http_version: h2c, proxy: {url: 'socks5://p:1'}}")
            .empty());
}
