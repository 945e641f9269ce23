#include <algorithm>
#include <chopsticks/ceph/access.hpp>
#include <chopsticks/ceph/beside/rgw_admin.hpp>
#include <chopsticks/scenario/reader.hpp>
#include <string_view>

#include "http_get.hpp"

namespace chopsticks::ceph::beside {

namespace {

std::vector<std::string> buckets_of(const scenario::echo_fields& echoed) {
    const auto* const several = scenario::find_echoed<std::vector<std::string>>(echoed, "buckets");
    if (several != nullptr) return *several;
    const auto* const one = scenario::find_echoed<std::string>(echoed, "bucket");
    return one == nullptr ? std::vector<std::string>() : std::vector<std::string>{*one};
}

/// A text that goes into a request as it is. It may be a secret, so it is not repeated.
std::string key_text(const scenario::field& f, std::string_view forbidden) {
    std::string text = f.text();
    const auto is_odd = [&](char c) {
        return c <= ' ' || c == 0x7f || forbidden.find(c) != forbidden.npos;
    };
    if (text.size() > 200 || std::any_of(text.begin(), text.end(), is_odd)) {
        f.refuse("contains a character that cannot be part of it (a space, perhaps?)",
                 "compare it with what you were given");
    }
    return text;
}

/// Where RGW itself is: nothing here encrypts.
std::string admin_endpoint(const scenario::field& section,
                           const std::optional<scenario::field>& given,
                           const scenario::echo_fields& of_load) {
    std::string out;
    if (given) {
        out = given->text();
    } else if (const auto* const all =
                   scenario::find_echoed<std::vector<std::string>>(of_load, "endpoints")) {
        if (!all->empty()) out = all->front();
    }
    const std::optional<http_place> place = parse_http_place(out);
    if (!place || place->path != "/") {
        const char* const mend =
            "write http://rgw1:7480: the address of an RGW itself, not of what encrypts before it";
        if (given) given->refuse("is no such URL", mend);
        section.refuse("has no `endpoint`, and the load's is " + (out.empty() ? "not known" : out),
                       mend);
    }
    while (out.ends_with('/'))
        out.pop_back();
    return out;
}

rgw_admin read_admin(const scenario::field& f, const scenario::echo_fields& of_load) {
    rgw_admin out;
    scenario::map_reader keys(f, "write {access_key: ADMIN, secret_key: ...}");
    const auto endpoint = keys.find("endpoint");
    const auto access = keys.find("access_key");
    const auto secret = keys.find("secret_key");
    const auto path = keys.find("path");
    const auto tenant = keys.find("tenant");
    keys.finish();
    out.buckets = buckets_of(of_load);
    if (out.buckets.empty()) {
        f.refuse("asks how full buckets are, and the load goes to none",
                 "remove it; it is for runs on S3");
    }
    out.endpoint = admin_endpoint(f, endpoint, of_load);
    if (!access) keys.require("access_key", "write that of a user with `--caps buckets=read`");
    out.access_key = key_text(*access, "/,=");
    if (secret) out.secret_key = key_text(*secret, "");
    if (path) {
        out.path = path_text(*path);
        const bool is_plain = out.path.find_first_not_of(
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/_-") == out.path.npos;
        if (!out.path.starts_with('/') || out.path.ends_with('/') || !is_plain)
            path->refuse("is no such path: " + path->raw().found(), "write /admin");
    }
    if (tenant) out.tenant = name_text(*tenant);
    return out;
}

}  // namespace

std::optional<rgw_admin> read_rgw_admin(const scenario::value& section,
                                        const scenario::echo_fields& of_load) {
    const scenario::value* const given = section.find("rgw_admin");
    if (given == nullptr || given->is_null()) return std::nullopt;
    return read_admin({*given, "cluster.rgw_admin"}, of_load);
}

}  // namespace chopsticks::ceph::beside
