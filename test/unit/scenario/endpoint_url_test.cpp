#include <doctest/doctest.h>

#include <chopsticks/s3/workload/endpoint_url.hpp>

#include "messages.hpp"

using chopsticks::config_error;
using chopsticks::s3::parse_endpoint_url;

TEST_CASE("endpoint_url_valid_forms_are_taken_apart") {
    struct {
        const char* text;
        bool tls;
        const char* host;
        int port;
        const char* header;
        const char* normal;
    } const cases[] = {
        {"http://localhost:8000", false, "localhost", 8000, "localhost:8000",
         "http://localhost:8000"},
        {"http://rgw.example.com", false, "rgw.example.com", 80, "rgw.example.com",
         "http://rgw.example.com"},
        {"https://rgw.example.com/", true, "rgw.example.com", 443, "rgw.example.com",
         "https://rgw.example.com"},
        {"HTTPS://h:443", true, "h", 443, "h", "https://h"},
        {"https://h:80", true, "h", 80, "h:80", "https://h:80"},
        {"http://h:443", false, "h", 443, "h:443", "http://h:443"},
        {"http://10.0.0.1:7480", false, "10.0.0.1", 7480, "10.0.0.1:7480", "http://10.0.0.1:7480"},
        {"http://[::1]:8000", false, "::1", 8000, "[::1]:8000", "http://[::1]:8000"},
        {"https://[fd00::2]", true, "fd00::2", 443, "[fd00::2]", "https://[fd00::2]"},
        {"http://my_host-1:65535", false, "my_host-1", 65535, "my_host-1:65535",
         "http://my_host-1:65535"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const auto url = parse_endpoint_url(c.text);
        CHECK(url.tls == c.tls);
        CHECK(url.host == c.host);
        CHECK(url.port == c.port);
        CHECK(url.host_header() == c.header);
        CHECK(url.text() == c.normal);
        CHECK(parse_endpoint_url(url.text()).text() == url.text());
    }
}

TEST_CASE("endpoint_url_wrong_forms_are_refused_with_a_reason") {
    struct {
        const char* text;
        const char* reason;
    } const cases[] = {
        {"", "no scheme"},
        {"localhost:8000", "write for example http://localhost:8000"},
        {"ftp://h", "http or https"},
        {"http://", "no valid host name"},
        {"http:///bucket", "has a path"},
        {"http://h/bucket", "`bucket`"},
        {"http://h//", "has a path"},
        {"http://h?x=1", "query"},
        {"http://h#x", "fragment"},
        {"http://h:", "port"},
        {"http://h:0", "port"},
        {"http://h:65536", "port"},
        {"http://h:-1", "port"},
        {"http://h:80x", "port"},
        {"http://h o", "host name"},
        {"http://h\r\nX: y", "host name"},
        {"http://.h", "host name"},
        {"http://a..b", "host name"},
        {"http://::1", "brackets"},
        {"http://[::1", "']'"},
        {"http://[::1]x", "after ']'"},
        {"http://[nonsense]", "no IPv6 address"},
        {"http://[fe80::1%eth0]", "no IPv6 address"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        std::string message;
        try {
            parse_endpoint_url(c.text);
        } catch (const config_error& e) {
            message = e.what();
        }
        CAPTURE(message);
        CHECK(messages::contains(message, c.reason));
    }
}

TEST_CASE("endpoint_url_password_is_not_repeated") {
    try {
        parse_endpoint_url("http://user:hunter2@host");
        FAIL("accepted");
    } catch (const config_error& e) {
        CHECK_FALSE(messages::contains(e.what(), "hunter2"));
        CHECK(messages::contains(e.what(), "access_key"));
    }
}
