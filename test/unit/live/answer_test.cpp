#include <doctest/doctest.h>

#include "answer.hpp"

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks::live;

namespace {

struct asked {
    int stops = 0;
    run_monitor monitor;

    page_answer operator()(page_request request, const served& what) {
        return answer(request, what, monitor, [this] { ++stops; });
    }
};

page_request get(const std::string& target, const std::string& host = "127.0.0.1:8089") {
    page_request out;
    out.method = "GET";
    out.target = target;
    out.host = host;
    return out;
}

page_request post_stop(const std::string& origin, const std::string& host = "localhost:8089") {
    page_request out = get("/stop", host);
    out.method = "POST";
    out.origin = origin;
    out.marked = true;
    return out;
}

const served local{true, true, {}};
const served remote{false, true, "0123456789abcdef"};

}  // namespace

TEST_CASE("answer_gives_metrics_in_the_form_that_is_asked_for") {
    asked ask;
    CHECK(contains(ask(get("/metrics"), local).type, "text/plain; version=0.0.4"));
    page_request prometheus = get("/metrics");
    prometheus.accept =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
        "encoding=delimited,text/plain;version=0.0.4;q=0.3";
    const page_answer out = ask(prometheus, local);
    CHECK(contains(out.type, "application/vnd.google.protobuf"));
    CHECK(out.is_metrics);
    CHECK(ask(get("/metrics"), remote).status == 404);
}

TEST_CASE("answer_serves_the_page_of_the_loopback_to_the_loopback_only") {
    asked ask;
    for (const char* const host : {"localhost", "localhost:8089", "127.0.0.1:8089", "[::1]:8089"})
        CHECK_MESSAGE(ask(get("/state", host), local).status == 200, host);
    // A name of somebody else's that leads here.
    for (const char* const host :
         {"evil.example", "evil.example:8089", "127.0.0.1.evil.example", "localhost.evil", ""})
        CHECK_MESSAGE(ask(get("/state", host), local).status == 403, host);
}

TEST_CASE("answer_stops_the_run_for_its_own_page_only") {
    asked ask;
    CHECK(ask(post_stop("http://localhost:8089"), local).status == 200);
    CHECK(ask.stops == 1);
    CHECK(ask(post_stop("http://evil.example"), local).status == 403);
    CHECK(ask(post_stop("https://localhost:8089"), local).status == 403);
    CHECK(ask(post_stop("null"), local).status == 403);
    CHECK(ask(post_stop("http://evil.example", "evil.example"), local).status == 403);
    page_request form = post_stop("");
    form.marked = false;
    CHECK(ask(form, local).status == 403);
    page_request link = get("/stop");
    link.marked = true;
    CHECK(ask(link, local).status == 405);
    CHECK(ask.stops == 1);
    // Of a script without a browser.
    CHECK(ask(post_stop(""), local).status == 200);
    CHECK(ask.stops == 2);
}

TEST_CASE("answer_wants_the_token_where_others_can_ask") {
    asked ask;
    const std::string host = "10.0.0.1:8089";
    CHECK(ask(get("/", host), remote).status == 403);
    CHECK(ask(get("/state", host), remote).status == 403);
    CHECK(ask(get("/state", "localhost:8089"), remote).status == 403);
    CHECK(ask(post_stop("http://" + host, host), remote).status == 403);
    CHECK(ask(get("/state?from=0&token=0123456789abcdee", host), remote).status == 403);
    CHECK(ask(get("/state?from=0&token=0123456789abcdef0", host), remote).status == 403);
    CHECK(ask(get("/state?from=0&token=", host), remote).status == 403);
    CHECK(ask(get("/?token=0123456789abcdef", host), remote).status == 200);
    page_request with = get("/state?from=0", host);
    with.token = "0123456789abcdef";
    CHECK(ask(with, remote).status == 200);
    CHECK(ask.stops == 0);
    page_request stop = post_stop("http://" + host, host);
    stop.token = with.token;
    CHECK(ask(stop, remote).status == 200);
    CHECK(ask.stops == 1);
}

TEST_CASE("answer_knows_nothing_else") {
    asked ask;
    CHECK(ask(get("/../etc/passwd"), local).status == 404);
    CHECK(ask(get("/"), served{true, false, {}}).status == 200);
    page_request put = get("/state");
    put.method = "PUT";
    CHECK(ask(put, local).status == 405);
    put.target = "/metrics";
    CHECK(ask(put, local).status == 405);
}

TEST_CASE("secrets_are_compared_whole") {
    CHECK(is_same_secret("abc", "abc"));
    CHECK_FALSE(is_same_secret("abc", "abd"));
    CHECK_FALSE(is_same_secret("abc", "ab"));
    CHECK_FALSE(is_same_secret("", "a"));
}
