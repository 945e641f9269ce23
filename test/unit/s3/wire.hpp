#pragma once
// Takes a rendered request apart, as a server would, and verifies it with the plain signature code.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <string>
#include <string_view>
#include <vector>

struct parsed_request {
    std::string method;
    std::string target;
    std::vector<chopsticks::s3::name_value> headers;

    const std::string* find(std::string_view name) const {
        for (const auto& header : headers) {
            if (header.name == name) return &header.value;
        }
        return nullptr;
    }
};

inline parsed_request parse_request(std::string_view head) {
    parsed_request out;
    REQUIRE(head.ends_with("\r\n\r\n"));
    const std::size_t first = head.find(' ');
    const std::size_t second = head.find(' ', first + 1);
    REQUIRE(second != std::string_view::npos);
    out.method = head.substr(0, first);
    out.target = head.substr(first + 1, second - first - 1);
    head.remove_prefix(second);
    REQUIRE(head.starts_with(" HTTP/1.1\r\n"));
    head.remove_prefix(11);
    while (head != "\r\n") {
        const std::size_t end = head.find("\r\n");
        const std::size_t colon = head.find(": ");
        REQUIRE(end != std::string_view::npos);
        REQUIRE(colon < end);
        out.headers.push_back({std::string(head.substr(0, colon)),
                               std::string(head.substr(colon + 2, end - colon - 2))});
        head.remove_prefix(end + 2);
    }
    return out;
}

inline chopsticks::s3::verification verify_wire(const parsed_request& request,
                                                const chopsticks::s3::credentials& who,
                                                std::string_view region, std::int64_t now_s) {
    using namespace chopsticks::s3;
    const received_request received{request.method, request.target, request.headers};
    return verify(received, region, now_s,
                  [&](const authorization& claims) -> std::optional<sha256_digest> {
                      if (claims.access_key != who.access_key) return std::nullopt;
                      return signing_key(who.secret_key, claims.date, claims.region);
                  });
}
