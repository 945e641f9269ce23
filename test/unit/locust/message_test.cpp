// Frames of masters, right and hostile.

#include <doctest/doctest.h>

#include <chopsticks/locust/message.hpp>
#include <string>

namespace {

using namespace chopsticks::locust;
using namespace std::string_literals;

TEST_CASE("message_is_read_as_it_was_written") {
    const json data = {
        {"index", 3},      {"text", "ü"}, {"long", std::string(70000, 'x')},
        {"share", 0.25},   {"below", -5}, {"large", std::uint64_t(1) << 63},
        {"none", nullptr}, {"yes", true}, {"list", json::array({1, "two", json::object()})}};
    const decoded got = decode(encode("ack", data, "host_1"));
    REQUIRE(got.value);
    CHECK(got.value->type == "ack");
    CHECK(got.value->node == "host_1");
    CHECK(got.value->data == data);
}

// Made by Python: msgpack.dumps(("spawn", {...}, "w_1")), as Locust's protocol.py does.
TEST_CASE("message_of_the_reference_implementation_is_read") {
    const decoded got = decode(
        "\x93\xa5spawn\x84\xa9timestamp\xcb\x41\xd9\x00\x00\x00\x00\x00\x00\xb2user_classes_count"
        "\x81\xa5"
        "front\xcd\x01\x2c\xa4host\xc0\xa6parsed\x82\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\x01\x02"
        "\xd1\xff\x38\xa3w_1"s);
    REQUIRE(got.value);
    CHECK(got.value->data["timestamp"] == 1677721600.0);
    CHECK(got.value->data["user_classes_count"]["front"] == 300);
    // Keys that are numbers, as Locust has them.
    CHECK(got.value->data["parsed"]["1.5"] == 1);
    CHECK(got.value->data["parsed"]["2"] == -200);
}

TEST_CASE("message_that_is_cut_anywhere_is_none") {
    const std::string whole =
        encode("spawn", {{"a", json::array({1.5, "text", -70000})}, {"b", nullptr}}, "node");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const decoded got = decode(std::string_view(whole).substr(0, length));
        CHECK_FALSE(got.value);
        CHECK_FALSE(got.problem.empty());
    }
    CHECK_FALSE(decode(whole + "\xc0").value);
}

TEST_CASE("message_of_wrong_shape_or_type_is_none") {
    for (const std::string& frame :
         {"\xc0"s, "\x92\xa1x\xc0"s, "\x94\xa1x\xc0\xa1y\xa1z"s, "\x93\x01\xc0\xa1y"s,
          "\x93\xa1x\xc0\x05"s, "\x81\xa1x\xc0"s, "\xc1"s,
          // an extension, a text that is not UTF-8, a map whose key is a list
          "\x93\xa1x\xd4\x01\x01\xa1y"s, "\x93\xa1x\xa2\xff\xfe\xa1y"s,
          "\x93\xa1x\x81\x90\xc0\xa1y"s}) {
        CHECK_FALSE(decode(frame).value);
    }
}

TEST_CASE("message_that_claims_to_be_huge_costs_nothing") {
    for (const std::string& head : {"\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s,
                                    "\xdb\xff\xff\xff\xff"s, "\xc6\xff\xff\xff\xff"s}) {
        const decoded got = decode("\x93\xa1x"s + head + "abc");
        CHECK_FALSE(got.value);
    }
    // Deeper than anything Locust says, and more values.
    CHECK(decode("\x93\xa1x"s + std::string(100'000, '\x91')).problem == "it is nested too deep");
    const std::string many = "\xdd\x00\x0f\x42\x40"s + std::string(1'000'000, '\x01');
    CHECK(decode("\x93\xa1x"s + many + "\xa1y").problem == "it has too many values");
    CHECK(decode(std::string(frame_bytes_most + 1, '\xc0')).problem == "it is too large");
}

}  // namespace
