// A workload config on its way to another machine: it says the same there, without its secrets.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/portable.hpp>
#include <string>

#include "yaml.hpp"

namespace {

using namespace chopsticks::scenario;

bool secret(std::string_view key) {
    return key.find("secret") != std::string_view::npos;
}

std::string sent(const std::string& text) {
    return portable(text, "x.yaml", secret);
}

/// What a reader finds in it, without the places.
std::string understood(const value& v) {
    std::string out;
    if (v.is_scalar()) return "<" + v.text + ">";
    for (const value& one : v.items)
        out += understood(one) + ",";
    for (const value::entry& one : v.entries)
        out += one.key + "=" + understood(one.content) + ",";
    return (v.is_list() ? "[" : v.is_map() ? "{" : "null") + out;
}

}  // namespace

TEST_CASE("portable_config_is_understood_as_the_file_was") {
    for (const char* text :
         {"endpoint: http://h:1\nretries: 3\ncreate_bucket: true\ncluster: off\n",
          "credentials:\n  - {access_key: A}\n  - access_key: 'B \"quoted\" \\ back'\n",
          "a: &x {k: v}\nb: *x\nc: {<<: *x, m: n}\n", "text: |\n  two\n  lines\nempty: ''\n",
          "umlaut: größe\ntab: \"a\\tb\"\nbell: \"\\x07\"\nnothing:\nlist: []\nmap: {}\n",
          "\"odd: key\": 1\n", "", "5", "[a, b]"}) {
        CAPTURE(text);
        CHECK(understood(parse_document(sent(text), "y.yaml")) ==
              understood(parse_document(text, "x.yaml")));
    }
}

TEST_CASE("portable_config_leaves_out_whatever_is_below_a_secret") {
    const std::string text = sent(
        "access_key: A\nsecret_key: HIDDEN\n# a comment of HIDDEN things\n"
        "x: &x {secret_key: HIDDEN, region: r}\ny: [*x, {<<: *x}]\n"
        "rgw_admin: {secret_key: HIDDEN, my_secret: [HIDDEN, {deep: HIDDEN}]}\n");
    CHECK(text.find("HIDDEN") == std::string::npos);
    CHECK(understood(parse_document(text, "y.yaml")) ==
          "{access_key=<A>,x={region=<r>,,y=[{region=<r>,,{region=<r>,,,rgw_admin={,");
    CHECK_THROWS_AS(sent("a: ["), chopsticks::config_error);
}
