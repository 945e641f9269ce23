#include <doctest/doctest.h>

#include <chopsticks/endpoint/faults.hpp>

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

std::string refusal(std::string_view text) {
    try {
        parse_faults(text);
    } catch (const config_error& wrong) {
        return wrong.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("faults_short_form_is_read_in_full") {
    const faults f = parse_faults(
        "seed=42; error:rate=0.05,status=500,code=Broken,op=get; latency:exponential=5ms ;"
        "queue:servers=4,mean=1ms;drip:bytes=1KiB,fixed=2ms,every=3,after=2,limit=9;"
        "latency:min=1ms,max=3ms;latency:median=2ms,sigma=0.5;length:bytes=-7;reset");
    CHECK(f.seed == 42);
    REQUIRE(f.rules.size() == 8);
    CHECK(f.rules[0].kind == fault_kind::error);
    CHECK(f.rules[0].rate == 0.05);
    CHECK(f.rules[0].status == 500);
    CHECK(f.rules[0].code == "Broken");
    CHECK(f.rules[0].operation == "get");
    CHECK(f.rules[1].delay.kind == delay_kind::exponential);
    CHECK(f.rules[1].delay.mean_ns == 5'000'000);
    CHECK(f.rules[1].rate == 1);
    CHECK(f.rules[2].kind == fault_kind::queue);
    CHECK(f.rules[2].servers == 4);
    CHECK(f.rules[2].delay.kind == delay_kind::exponential);
    CHECK(f.rules[2].delay.mean_ns == 1'000'000);
    CHECK(f.rules[3].bytes == 1024);
    CHECK(f.rules[3].delay.kind == delay_kind::fixed);
    CHECK(f.rules[3].every == 3);
    CHECK(f.rules[3].after == 2);
    CHECK(f.rules[3].limit == 9);
    CHECK(f.rules[4].delay.kind == delay_kind::uniform);
    CHECK(f.rules[4].delay.min_ns == 1'000'000);
    CHECK(f.rules[4].delay.max_ns == 3'000'000);
    CHECK(f.rules[5].delay.kind == delay_kind::lognormal);
    CHECK(f.rules[5].delay.sigma == 0.5);
    CHECK(f.rules[6].bytes == -7);
    CHECK(f.rules[7].kind == fault_kind::reset);
}

TEST_CASE("faults_json_form_round_trips_for_every_kind") {
    const faults first = parse_faults(
        "seed=7;latency:fixed=1ms;queue:servers=2,mean=1ms;error:status=404,code=X;stall;stall_"
        "head;"
        "stall_body;reset;reset_body;hang_up;truncate;corrupt;stale;length:bytes=3;garbage;"
        "close:every=5;redirect:location=http://h:1;continue_never;continue_twice;drip;"
        "stall_accept:limit=1;reset_accept:after=2;latency:min=1us,max=2us,op=delete;"
        "latency:median=3us,sigma=2");
    const std::string json = to_json(first);
    const faults second = parse_faults(json);
    CHECK(to_json(second) == json);
    CHECK(second.seed == 7);
    REQUIRE(second.rules.size() == first.rules.size());
    for (std::size_t i = 0; i < first.rules.size(); ++i) {
        CHECK(second.rules[i].kind == first.rules[i].kind);
        CHECK(second.rules[i].delay.mean_ns == first.rules[i].delay.mean_ns);
        CHECK(second.rules[i].delay.max_ns == first.rules[i].delay.max_ns);
        CHECK(second.rules[i].bytes == first.rules[i].bytes);
        CHECK(second.rules[i].location == first.rules[i].location);
    }
}

TEST_CASE("faults_empty_text_is_none") {
    CHECK(parse_faults("").rules.empty());
    CHECK(parse_faults("  \n").rules.empty());
    CHECK(parse_faults("{\"rules\": []}").rules.empty());
}

TEST_CASE("faults_mistakes_are_told_with_their_rule") {
    CHECK(refusal("explode").find("rule 1: unknown kind \"explode\"") != std::string::npos);
    CHECK(refusal("reset;stall:rate=2").find("rule 2: \"rate\" must be a number from 0") !=
          std::string::npos);
    CHECK(refusal("stall:rate=x").find("\"rate\" must be a number") != std::string::npos);
    CHECK(refusal("stall:op=fetch").find("unknown operation \"fetch\"; there are list_buckets") !=
          std::string::npos);
    CHECK(refusal("stall:status=500").find("\"status\" has no meaning") != std::string::npos);
    CHECK(refusal("latency").find("give its delay in one way") != std::string::npos);
    CHECK(refusal("latency:fixed=1ms,exponential=1ms").find("in one way") != std::string::npos);
    CHECK(refusal("latency:fixed=soon").find("must be a duration") != std::string::npos);
    CHECK(refusal("latency:fixed=2h").find("at most 1h") != std::string::npos);
    CHECK(refusal("latency:min=2ms,max=1ms").find("must not be less") != std::string::npos);
    CHECK(refusal("error:every=1.5").find("whole number") != std::string::npos);
    CHECK(refusal("error:status=99").find("from 300") != std::string::npos);
    CHECK(refusal("drip:bytes=0").find("at least 1") != std::string::npos);
    CHECK(refusal("reset:rate").find("key=value") != std::string::npos);
    CHECK(refusal("reset:rate=1,rate=1").find("given twice") != std::string::npos);
    CHECK(refusal("{\"rules\": [{}]}").find("it has no kind") != std::string::npos);
    CHECK(refusal("{\"rules\": [3]}").find("a rule is an object") != std::string::npos);
    CHECK(refusal("{\"rules\": {}}").find("must be an array") != std::string::npos);
    CHECK(refusal("{\"rule\": []}").find("unknown key \"rule\"") != std::string::npos);
    CHECK(refusal("{}").find("\"rules\" is missing") != std::string::npos);
    CHECK(refusal("{\"rules\": [").find("not valid JSON") != std::string::npos);
    CHECK(refusal("{\"seed\": -1, \"rules\": []}").find("\"seed\"") != std::string::npos);
}
