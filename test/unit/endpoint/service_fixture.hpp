#pragma once
// The service as a client sees it, without a wire between.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service.hpp"

namespace chopsticks::endpoint::testing {

/// Requests as a client would sign them, without a wire between.
struct fixture {
    endpoint_options options;
    service s;
    bool stale = false;  ///< ask for the version before
    bool sign = true;    ///< false: requests without a signature

    explicit fixture(endpoint_options o = {}) : options(std::move(o)), s(options) {}

    std::string region = "us-east-1";
    std::string access_key = options.access_key;
    std::string secret = options.secret_key;

    struct answer {
        int status;
        std::string fields;
        std::string text;

        std::string field(std::string_view name) const { return field_of(fields, name); }
        /// The text of the first element of that name.
        std::string element(const std::string& name) const {
            const std::size_t at = text.find('<' + name + '>');
            if (at == std::string::npos) return {};
            const std::size_t from = at + name.size() + 2;
            return text.substr(from, text.find('<', from) - from);
        }
        bool says(std::string_view what) const { return text.find(what) != std::string::npos; }
    };

    std::string etag(const std::string& target) {
        const std::string fields = ask("HEAD", target).fields;
        return field_of(fields, "ETag");
    }

    /// The value of the first field of that name; empty: there is none.
    static std::string field_of(std::string_view fields, std::string_view name) {
        const std::string begin = std::string(name) + ": ";
        std::size_t at = fields.starts_with(begin) ? 0 : fields.find("\r\n" + begin);
        if (at == std::string_view::npos) return {};
        at = fields.find(begin, at) + begin.size();
        return std::string(fields.substr(at, fields.find('\r', at) - at));
    }

    answer ask(std::string method, std::string target, std::string body = {},
               std::vector<s3::name_value> more = {}, std::int64_t announced = -2) {
        exchange x(s.objects().memory(), options.keep_bodies);
        x.head.method = method;
        x.head.target = target;
        x.head.headers = {{"host", "127.0.0.1:1"},
                          {"x-amz-date", s3::amz_date(wall_ns() / 1'000'000'000)},
                          {"x-amz-content-sha256", std::string(s3::payload_hash_unsigned)}};
        const std::size_t mark = target.find('?');
        std::vector<s3::name_value> query;
        if (mark != std::string::npos) query = s3::parse_query(target.substr(mark + 1)).value();
        for (auto& h : more) {
            if (h.name.starts_with("x-amz-")) x.head.headers.push_back(h);
        }
        const std::string path = http::percent_decode(target.substr(0, mark)).value();
        const std::string signature =
            s3::authorization_header({access_key, secret, ""}, region, method, path, query,
                                     x.head.headers, s3::payload_hash_unsigned);
        for (auto& h : more) {
            if (!h.name.starts_with("x-amz-")) x.head.headers.push_back(h);
        }
        if (sign) x.head.headers.push_back({"Authorization", signature});
        std::optional<std::uint64_t> length = body.size();
        if (announced == -1) length.reset();
        if (announced >= 0) length = static_cast<std::uint64_t>(announced);
        s.begin(x, length, false);
        std::string_view left = body;
        while (!left.empty() && !x.answered) {
            // By turns as the connection does: copied, and read in place.
            const auto to = x.room(left.size());
            const std::size_t n = std::min<std::size_t>(to.empty() ? left.size() : to.size(), 1000);
            if (to.empty()) {
                x.feed(left.substr(0, n));
            } else {
                std::memcpy(to.data(), left.data(), n);
                x.filled(n);
            }
            left.remove_prefix(n);
        }
        s.finish(x);
        if (stale) s.answer_stale(x);
        s.share(x);
        answer out{x.answer.status, x.answer.fields, x.answer.text};
        for (const slice& piece : x.answer.content.slices)
            out.text.append(piece.data, piece.size);
        if (x.answer.body_follows) CHECK(x.answer.length == out.text.size());
        return out;
    }
};

/// A service with two users; requests are the owner's until told otherwise.
struct two_users : fixture {
    two_users() : fixture(with_other()) {}

    void owner() { become(options.access_key, options.secret_key, true); }
    void other() { become("other", "other-secret", true); }
    void stranger() { become(options.access_key, options.secret_key, false); }

  private:
    static endpoint_options with_other() {
        endpoint_options o;
        o.more_users = {{"other", "other-secret"}};
        return o;
    }
    void become(std::string key, std::string its_secret, bool signs) {
        access_key = std::move(key);
        secret = std::move(its_secret);
        sign = signs;
    }
};

}  // namespace chopsticks::endpoint::testing
