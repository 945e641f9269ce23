#include "read_way.hpp"

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::s3 {

namespace {

using scenario::field;
using scenario::map_reader;

/// What does all that is asked for here.
constexpr std::string_view able_driver = "curl";

constexpr std::pair<std::string_view, http_version> versions[] = {
    {"1.1", http_version::one},
    {"2", http_version::two},
    {"h2c", http_version::two_plain},
};

struct proxy_scheme {
    std::string_view name;
    proxy_kind kind;
};
constexpr proxy_scheme proxy_schemes[] = {
    {"http", proxy_kind::http},
    {"socks5", proxy_kind::socks5},
    {"socks5h", proxy_kind::socks5h},
};

/// What is sent in front of every request as it is, where a colon ends the name.
std::string proxy_word(const field& f, bool may_have_colon) {
    const std::string text = f.text();
    const auto bad = [&](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (c == ':' && !may_have_colon);
    };
    // It may be a secret: it is not repeated.
    if (std::any_of(text.begin(), text.end(), bad)) {
        f.refuse("contains a character that cannot be part of it",
                 "compare it with what you were given");
    }
    if (text.size() > 255) f.refuse("has more than 255 characters", "SOCKS takes no more");
    return text;
}

void read_proxy(const field& f, settings& s3) {
    constexpr const char* example =
        "write {url: \"http://proxy:3128\", user: NAME, password: WORD}";
    map_reader m(f, example);
    const field url = m.require("url", example);
    try {
        s3.proxy = parse_proxy_url(url.text());
    } catch (const config_error& e) {
        throw config_error(url.where().text() + e.what());
    }
    const auto user = m.find("user");
    const auto password = m.find("password");
    if (user) s3.proxy.user = proxy_word(*user, false);
    if (password) {
        if (password->raw().overridden) {
            password->refuse(
                "must not be given on the command line, where every user of this machine can see "
                "it",
                "put it into the workload config");
        }
        s3.proxy.password = proxy_word(*password, true);
    }
    if (password && !user) password->refuse("stands without `user`", "add it");
    m.finish();
}

}  // namespace

std::string_view name(http_version version) noexcept {
    for (const auto& [word, is] : versions) {
        if (is == version) return word;
    }
    return "?";
}

bool find_http_version(std::string_view name, http_version& out) noexcept {
    const auto* const found = std::find_if(std::begin(versions), std::end(versions),
                                           [&](const auto& one) { return one.first == name; });
    if (found == std::end(versions)) return false;
    out = found->second;
    return true;
}

proxy_settings parse_proxy_url(std::string_view text) {
    // A URL with a user name may hold a password: it is not repeated.
    if (text.find('@') != std::string_view::npos) {
        throw config_error(
            "proxy: a URL must not contain a user name or password; use `proxy.user` and "
            "`proxy.password`");
    }
    const std::size_t colon = text.find("://");
    const std::string_view scheme = text.substr(0, colon);
    const auto* const found =
        std::find_if(std::begin(proxy_schemes), std::end(proxy_schemes),
                     [&](const proxy_scheme& one) { return one.name == scheme; });
    if (colon == std::string_view::npos || found == std::end(proxy_schemes)) {
        throw config_error("proxy \"" + std::string(text.substr(0, 200)) +
                           "\": a URL of http, socks5 or socks5h is wanted; write for example "
                           "http://proxy:3128 or socks5h://proxy:1080");
    }
    proxy_settings out;
    out.kind = found->kind;
    const std::string_view rest = text.substr(colon + 3);
    // Host and port are those of any URL; which port is meant without one differs by program.
    const bool has_port =
        rest.find(':', rest.starts_with('[') ? rest.find(']') : 0) != std::string_view::npos;
    if (!has_port) {
        throw config_error("proxy \"" + std::string(text.substr(0, 200)) +
                           "\": has no port; write for example " + std::string(scheme) +
                           "://proxy:3128");
    }
    try {
        const endpoint_url at = parse_endpoint_url("http://" + std::string(rest));
        out.host = at.host;
        out.port = at.port;
        out.url = std::string(scheme) + "://" + (at.ipv6 ? "[" + at.host + "]" : at.host) + ":" +
                  std::to_string(at.port);
    } catch (const config_error& e) {
        throw config_error(std::string("proxy: ") + e.what());
    }
    return out;
}

void read_way(map_reader& keys, settings& s3, scenario::workload_config& out) {
    std::vector<field> asked;
    if (const auto f = keys.find("http_version")) {
        std::vector<std::string_view> words;
        for (const auto& [word, is] : versions)
            words.push_back(word);
        s3.http = versions[f->word(words)].second;
        if (s3.http != http_version::one) asked.push_back(*f);
    }
    if (const auto f = keys.find("proxy")) {
        read_proxy(*f, s3);
        asked.push_back(*f);
    }
    // The driver dummy sends nothing, by whatever way.
    if (asked.empty() || s3.driver == able_driver || s3.driver == "dummy") return;
    if (!s3.driver.empty()) {
        asked.front().refuse("is not done by the driver " + s3.driver,
                             "write `driver: curl`, or name no driver");
    }
    s3.driver = able_driver;
    std::string names;
    for (const field& one : asked)
        names += (names.empty() ? "" : " and ") + one.name();
    out.warnings.push_back("driver curl is taken: native, the default, has no " + names);
}

void check_way(const settings& s3) {
    if (s3.http == http_version::one) return;
    if (s3.http == http_version::two_plain && s3.proxy.is_given() &&
        s3.proxy.kind == proxy_kind::http) {
        throw config_error(
            "http_version: h2c does not get through a proxy that forwards HTTP; write "
            "`http_version: 1.1`, or name a proxy of socks5 or socks5h");
    }
    for (const std::string& text : s3.endpoints) {
        if (text == nothing_sent_to) continue;
        const bool tls = parse_endpoint_url(text).tls;
        if (tls == (s3.http == http_version::two)) continue;
        throw config_error(
            tls ? "http_version: h2c is HTTP/2 without TLS, and " + text +
                      " is https; write `http_version: 2`"
                : "http_version: 2 is agreed on over TLS, and " + text +
                      " is plain http; write `http_version: h2c` if the server speaks HTTP/2 "
                      "there without being asked, or 1.1");
    }
}

}  // namespace chopsticks::s3
