#include "read_settings.hpp"

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/text.hpp>
#include <sstream>

#include "read_way.hpp"

namespace chopsticks::s3 {

namespace {

using scenario::field;
using scenario::map_reader;

std::string read_endpoint(const field& f) {
    const std::string url = f.text();
    try {
        return parse_endpoint_url(url).text();
    } catch (const config_error& e) {
        throw config_error(f.where().text() + e.what());
    }
}

void read_endpoints(map_reader& m, settings& out) {
    auto one = m.find("endpoint");
    auto many = m.find("endpoints");
    if (one && many) {
        // One of them may have been set over the other from the command line.
        if (one->raw().overridden == many->raw().overridden) {
            one->refuse("stands beside `endpoints`", "keep one of them");
        }
        (one->raw().overridden ? many : one).reset();
    }
    if (one) {
        // The program as it was in Python had one; a list in its place is plain enough.
        if (one->raw().is_list()) {
            many = one;
        } else {
            out.endpoints.push_back(read_endpoint(*one));
        }
    }
    if (!many) return;
    for (const field& f : many->list("write [\"http://a:8000\", \"http://b:8000\"]")) {
        const std::string url = read_endpoint(f);
        if (std::find(out.endpoints.begin(), out.endpoints.end(), url) != out.endpoints.end()) {
            f.refuse("is listed twice", "remove one");
        }
        out.endpoints.push_back(url);
    }
    if (out.endpoints.empty()) many->refuse("is empty", "");
    if (out.endpoints.size() > 1000) many->refuse("has more than 1000 items", "");
}

/// A text that goes into a header as it is.
std::string header_text(const field& f, std::string_view forbidden) {
    const std::string text = f.text();
    const auto bad = [&](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
               forbidden.find(c) != std::string_view::npos;
    };
    // The text may be a secret: it is not repeated.
    if (std::any_of(text.begin(), text.end(), bad)) {
        f.refuse("contains a character that cannot be part of it (a space, perhaps?)",
                 "compare it with what you were given");
    }
    return text;
}

/// No secret may come from the command line, which all users of a machine can see.
std::string secret_text(const field& f) {
    if (f.raw().overridden) {
        f.refuse(
            "must not be given on the command line, where every user of this machine can see it",
            "put it into the workload config or the environment (AWS_SECRET_ACCESS_KEY, "
            "AWS_SESSION_TOKEN)");
    }
    return header_text(f, "");
}

std::string read_bucket(const field& f) {
    std::string name = f.text();
    // What S3 itself allows, and the upper case and '_' that RGW may be configured to allow.
    const bool letters = name.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                         std::string::npos;
    const auto edge = [](char c) { return c == '.' || c == '-' || c == '_'; };
    if (!letters || name.size() < 3 || name.size() > 63 || edge(name.front()) ||
        edge(name.back()) || name.find("..") != std::string::npos) {
        f.refuse("is no bucket name: " + f.raw().found(),
                 "3 to 63 letters, digits, '.' and '-', a letter or digit at both ends");
    }
    return name;
}

/// A number of buckets, or their names.
void read_buckets(const field& f, settings& s3) {
    if (!f.raw().is_list()) {
        s3.buckets_made_of_name = f.count(1, settings::most_buckets);
        return;
    }
    for (const field& one : f.list("write [\"one\", \"two\"], or how many")) {
        std::string name = read_bucket(one);
        auto& all = s3.bucket_list;
        if (std::find(all.begin(), all.end(), name) != all.end()) {
            one.refuse("is listed twice", "remove one");
        }
        all.push_back(std::move(name));
    }
    if (s3.bucket_list.empty()) f.refuse("is empty", "");
    if (s3.bucket_list.size() > settings::most_buckets) {
        f.refuse("has more than " + std::to_string(settings::most_buckets) + " items", "");
    }
}

constexpr std::size_t most_credentials = 1000;

void add_credentials(settings& s3, key_pair one, const field& from) {
    for (const key_pair& other : s3.credentials) {
        if (other.access_key != one.access_key) continue;
        from.refuse("has the access key " + one.access_key + " twice", "remove one");
    }
    if (s3.credentials.size() == most_credentials) {
        from.refuse("has more than " + std::to_string(most_credentials) + " access keys", "");
    }
    s3.credentials.push_back(std::move(one));
}

void read_credentials(const field& f, settings& s3) {
    for (const field& item : f.list("write [{access_key: A, secret_key: S}, ...]")) {
        map_reader m(item, "write {access_key: A, secret_key: S}");
        key_pair one;
        if (const auto key = m.find("access_key")) one.access_key = header_text(*key, "/,=");
        if (const auto secret = m.find("secret_key")) one.secret_key = secret_text(*secret);
        if (const auto token = m.find("session_token")) one.session_token = secret_text(*token);
        m.finish();
        if (one.access_key.empty() || one.secret_key.empty()) {
            item.refuse("has no `access_key` or no `secret_key`",
                        "write {access_key: A, secret_key: S}");
        }
        add_credentials(s3, std::move(one), f);
    }
    if (s3.credentials.empty()) f.refuse("is empty", "");
    s3.secrets_listed = true;
}

/// Lines of an access key, a blank and its secret key, as `serve --users` takes them.
void read_credentials_file(const field& f, settings& s3, scenario::workload_config& out) {
    const std::string path = f.text();
    std::istringstream in(scenario::read_text(path, "file of credentials"));
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        std::istringstream words(line);
        key_pair one;
        std::string more;
        if (!(words >> one.access_key) || one.access_key.starts_with('#')) continue;
        if (!(words >> one.secret_key) || words >> more ||
            one.access_key.find_first_of("/,=") != std::string::npos ||
            scenario::has_control_characters(one.access_key + one.secret_key)) {
            throw config_error(path + ":" + std::to_string(number) +
                               ": write an access key, a blank and its secret key");
        }
        add_credentials(s3, std::move(one), f);
    }
    if (s3.credentials.empty()) f.refuse("names a file without credentials: " + path, "");
    if (scenario::readable_by_others(path)) {
        out.warnings.push_back(scenario::warning_of_readable_secret(path));
    }
}

/// Several who ask, each for what is its own.
void read_spread(map_reader& m, settings& s3, scenario::workload_config& out) {
    const auto buckets = m.find("buckets");
    if (buckets) read_buckets(*buckets, s3);
    const auto list = m.find("credentials");
    const auto file = m.find("credentials_file");
    if (list && file) file->refuse("stands beside `credentials`", "keep one of them");
    if (list) read_credentials(*list, s3);
    if (file) read_credentials_file(*file, s3, out);
    if (s3.credentials.empty()) return;
    s3.config_file = out.file;
    const field& named = list ? *list : *file;
    if (!s3.access_key.empty() || !s3.secret_key.empty() || !s3.profile.empty()) {
        named.refuse("stands beside `access_key`, `secret_key` or `profile`", "keep one of them");
    }
    if (s3.bucket_count() < s3.credentials.size()) {
        buckets->refuse("are fewer (" + std::to_string(s3.bucket_count()) + ") than the " +
                            std::to_string(s3.credentials.size()) +
                            " users, of whom each needs a bucket of its own",
                        "name more, or leave `buckets` out");
    }
    if (s3.credentials.size() > settings::most_buckets) {
        named.refuse("has more than " + std::to_string(settings::most_buckets) +
                         " users, and each has a bucket of its own",
                     "");
    }
}

void read_tls(const field& f, settings& out) {
    map_reader m(f, "write {verify: true, ca_file: /path/ca.pem}");
    if (const auto verify = m.find("verify")) out.tls_insecure = !verify->boolean();
    if (const auto file = m.find("ca_file")) out.tls_ca_file = file->text();
    if (const auto resumption = m.find("resumption")) out.tls_resumption = resumption->boolean();
    m.finish();
}

void check_virtual_host(const settings& s3, const field& addressing,
                        scenario::workload_config& out) {
    for (const std::string& url : s3.endpoints) {
        const endpoint_url e = parse_endpoint_url(url);
        if (e.is_address()) {
            addressing.refuse("is virtual, but " + url + " is an address and has no sub-domains",
                              "use `addressing: path`, or name the endpoint by its host name");
        }
        if (e.tls && s3.bucket.find('.') != std::string::npos) {
            out.warnings.push_back(
                "a bucket name with a '.' does not match a wildcard certificate; "
                "use `addressing: path` or another bucket");
        }
    }
}

void read_keys(map_reader& m, settings& s3) {
    if (const auto f = m.find("access_key")) s3.access_key = header_text(*f, "/,=");
    // A key from the command line, or none, must not meet the secret of another key in the file.
    const scenario::value* const access = m.look("access_key");
    const bool other = access != nullptr && access->overridden && access->text != access->replaced;
    const auto read_secret = [&](std::string_view key, std::string& into) {
        const auto f = m.find(key);
        if (f && (f->raw().overridden || !other)) into = secret_text(*f);
    };
    read_secret("secret_key", s3.secret_key);
    read_secret("session_token", s3.session_token);
}

void read_target(map_reader& m, settings& s3, scenario::workload_config& out) {
    read_endpoints(m, s3);
    read_keys(m, s3);
    read_way(m, s3, out);
    if (const auto f = m.find("profile")) s3.profile = f->text();
    if (const auto f = m.find("bucket")) s3.bucket = read_bucket(*f);
    read_spread(m, s3, out);
    if (const auto f = m.find("create_bucket")) s3.create_bucket = f->boolean();
    if (const auto f = m.find("versioning")) s3.versioning = f->boolean();
    if (const auto f = m.find("object_lock")) s3.object_lock = f->boolean();
    if (const auto f = m.find("plain_customer_keys")) s3.plain_customer_keys = f->boolean();
    if (const auto f = m.find("region")) {
        s3.region = header_text(*f, "/,=");
        s3.region_given = true;
    }
    const auto addressing = m.find("addressing");
    if (addressing) s3.virtual_host = addressing->word({"path", "virtual"}) == 1;
    if (const auto f = m.find("payload")) {
        s3.payload = f->word({"unsigned", "hashed"}) == 0 ? payload_signing::unsigned_payload
                                                          : payload_signing::hashed;
    }
    if (const auto f = m.find("expect_continue")) s3.expect_continue_bytes = f->size();
    if (const auto f = m.find("retries")) s3.retries = f->count32(0, 100);
    const bool copies = s3.driver == "beast" || s3.driver == "curl";
    if (const auto f = m.find("discard")) {
        s3.discard_in_kernel = f->word({"kernel", "copy"}) == 0;
        if (s3.discard_in_kernel && copies) {
            f->refuse("is not done by the driver " + s3.driver + ", which copies every body",
                      "write `discard: copy`, or `driver: native`");
        }
    }
    if (copies) s3.discard_in_kernel = false;
    if (const auto f = m.find("tls")) read_tls(*f, s3);
    if (addressing && s3.virtual_host) check_virtual_host(s3, *addressing, out);
}

void ignore_leaves(const scenario::value& v, const std::string& path, const std::string& why,
                   scenario::workload_config& out) {
    if (!v.is_map()) {
        out.ignored[path] = why;
        return;
    }
    for (const auto& e : v.entries)
        ignore_leaves(e.content, path + "." + e.key, why, out);
}

/// An option as if the file had it among `driver_options`.
void add_option(settings& s3, std::string key, const scenario::value& from, std::string text) {
    scenario::value content = from;
    content.text = std::move(text);
    s3.driver_options.what = scenario::value::kind::map;
    s3.driver_options.where = from.where;
    s3.driver_options.entries.push_back({std::move(key), from.where, std::move(content), false});
}

/// The Python program's durations have no unit.
std::string in_seconds(const field& f) {
    const std::string text = f.text();
    return text.find_first_not_of("0123456789.") == std::string::npos ? text + "s" : text;
}

/// Keys of the Python program's workload config. Its files are read as they are; what has no
/// meaning here is listed with what to use instead.
void read_python_keys(const scenario::catalogue::settings_source& from, settings& s3) {
    map_reader& m = from.file;
    scenario::workload_config& out = from.out;
    if (const auto config = m.find("driver_config")) {
        map_reader d(*config);
        const auto path = d.find("s5cmd_path");
        const auto timeout = d.find("timeout");
        if (s3.driver == "s5cmd") {
            if (from.keys.look("driver_options") != nullptr) {
                config->refuse("stands beside `driver_options`",
                               "keep one of them: `driver_options: {program: PATH, timeout: 30s}`");
            }
            if (path) add_option(s3, "program", path->raw(), path->text());
            if (timeout) add_option(s3, "timeout", timeout->raw(), in_seconds(*timeout));
        } else {
            if (path) out.ignored["driver_config.s5cmd_path"] = "is of `driver: s5cmd`";
            if (timeout) {
                out.ignored["driver_config.timeout"] = "set `timeouts.operation` in the scenario";
            }
        }
        if (d.find("fail_mode")) {
            out.ignored["driver_config.fail_mode"] =
                "driver_options.failing says what share of operations fails";
        }
        d.finish();
    }
    if (const auto metrics = m.find("metrics")) {
        ignore_leaves(metrics->raw(), "metrics",
                      "every run measures; output is chosen on the command line", out);
    }
}

void read_driver(const field& f, settings& s3, scenario::workload_config& out) {
    namespace catalogue = scenario::catalogue;
    const std::string name = f.text();
    const auto& own = catalogue::as_added(describe_workload());
    if (catalogue::find_driver(own, name) != nullptr) {
        s3.driver = name;
        if (name == "beast") {
            out.warnings.push_back(
                "driver beast: now one that is built on Boost.Beast; what "
                "earlier versions called beast is native, the default");
        }
        return;
    }
    for (const auto& w : catalogue::workloads()) {
        if (catalogue::find_driver(w, name) == nullptr) continue;
        const std::string of(w.name);
        f.refuse("is of S3 groups; " + name + " is a driver of the workload " + of,
                 "write `" + of + ": {driver: " + name + "}`");
    }
    std::vector<std::string_view> names;
    for (const auto& d : own.drivers)
        names.push_back(d.name);
    f.refuse("names no driver: \"" + name + "\"", suggestion(name, names));
}

}  // namespace

std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from) {
    auto out = std::make_unique<settings>();
    if (const auto driver = from.file.find("driver")) read_driver(*driver, *out, from.out);
    read_target(from.keys, *out, from.out);
    read_python_keys(from, *out);
    return out;
}

}  // namespace chopsticks::s3
