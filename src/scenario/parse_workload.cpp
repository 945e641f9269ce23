#include <algorithm>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "parse_parts.hpp"
#include "text.hpp"

namespace chopsticks::scenario {

namespace {

constexpr std::string_view s3_keys[] = {
    "endpoint", "endpoints",       "access_key",    "secret_key", "session_token",
    "profile",  "bucket",          "create_bucket", "region",     "addressing",
    "payload",  "expect_continue", "retries",       "discard",    "tls",
};

bool is_s3_key(std::string_view key) {
    return std::find(std::begin(s3_keys), std::end(s3_keys), key) != std::end(s3_keys);
}

std::string read_endpoint(const field& f) {
    const std::string url = f.text();
    try {
        return parse_endpoint_url(url).text();
    } catch (const config_error& e) {
        throw config_error(f.where().text() + e.what());
    }
}

void read_endpoints(map_reader& m, s3_config& out) {
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
    const std::string name = f.text();
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

void read_tls(const field& f, s3_config& out) {
    map_reader m(f, "write {verify: true, ca_file: /path/ca.pem}");
    if (const auto verify = m.find("verify")) out.tls_insecure = !verify->boolean();
    if (const auto file = m.find("ca_file")) out.tls_ca_file = file->text();
    if (const auto resumption = m.find("resumption")) out.tls_resumption = resumption->boolean();
    m.finish();
}

void check_virtual_host(const s3_config& s3, const field& addressing, workload_config& out) {
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

/// Reads the S3 part out of a map, which is the whole file or its `s3`.
void read_s3(map_reader& m, workload_config& out) {
    s3_config& s3 = out.s3;
    read_endpoints(m, s3);
    if (const auto f = m.find("access_key")) s3.access_key = header_text(*f, "/,=");
    if (const auto f = m.find("secret_key")) s3.secret_key = secret_text(*f);
    if (const auto f = m.find("session_token")) s3.session_token = secret_text(*f);
    if (const auto f = m.find("profile")) s3.profile = f->text();
    if (const auto f = m.find("bucket")) s3.bucket = read_bucket(*f);
    if (const auto f = m.find("create_bucket")) s3.create_bucket = f->boolean();
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
    if (const auto f = m.find("discard")) {
        s3.discard_in_kernel = f->word({"kernel", "copy"}) == 0;
        if (s3.discard_in_kernel && out.driver == "beast") {
            f->refuse("is not done by the driver beast, which copies every body",
                      "write `discard: copy`, or `driver: native`");
        }
    }
    if (out.driver == "beast") s3.discard_in_kernel = false;
    if (const auto f = m.find("tls")) read_tls(*f, s3);
    if (addressing && s3.virtual_host) check_virtual_host(s3, *addressing, out);
}

void ignore_leaves(const value& v, const std::string& path, const std::string& why,
                   workload_config& out) {
    if (!v.is_map()) {
        out.ignored[path] = why;
        return;
    }
    for (const auto& e : v.entries)
        ignore_leaves(e.content, path + "." + e.key, why, out);
}

/// Keys of the Python program's workload config. Its files are read as they are; what has no
/// meaning here is listed with what to use instead.
void read_python_keys(map_reader& m, workload_config& out) {
    if (const auto config = m.find("driver_config")) {
        map_reader d(*config);
        if (d.find("s5cmd_path")) {
            out.ignored["driver_config.s5cmd_path"] = "requests are made in this program itself";
        }
        if (d.find("timeout")) {
            out.ignored["driver_config.timeout"] = "set `timeouts.operation` in the scenario";
        }
        if (d.find("fail_mode")) {
            out.ignored["driver_config.fail_mode"] = "the dummy driver does not fail";
        }
        d.finish();
    }
    if (const auto metrics = m.find("metrics")) {
        ignore_leaves(metrics->raw(), "metrics",
                      "every run measures; output is chosen on the command line", out);
    }
}

void read_driver(const field& f, workload_config& out) {
    const std::string name = f.text();
    if (name == "s5cmd") {
        out.ignored["driver"] =
            "s5cmd: one process per request; the default driver is used instead";
        return;
    }
    std::vector<std::string_view> names;
    const auto& s3 = *catalogue::find_workload("s3");
    if (catalogue::find_driver(s3, name) != nullptr) {
        out.driver = name;
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
    for (const auto& d : s3.drivers)
        names.push_back(d.name);
    f.refuse("names no driver: \"" + name + "\"", suggestion(name, names));
}

/// Files may be nested (`s3: {endpoint: ...}`) or flat; an override means the same in both.
std::string path_in(const value& root, std::string_view path) {
    const bool nested = root.find("s3") != nullptr;
    const std::string_view first = path.substr(0, path.find('.'));
    if (nested && is_s3_key(first)) return "s3." + std::string(path);
    if (!nested && path.rfind("s3.", 0) == 0) return std::string(path.substr(3));
    return std::string(path);
}

/// A key from the command line must not meet the secret of another key in the file.
void part_other_credentials(value& keys, const std::string& file_access_key) {
    const value* access = keys.find("access_key");
    if (access == nullptr || !access->overridden || access->text == file_access_key) return;
    for (const char* name : {"secret_key", "session_token"}) {
        const value* v = keys.find(name);
        if (v != nullptr && !v->overridden) keys.erase(name);
    }
}

}  // namespace

workload_config parse_workload_config(std::string text, std::string file,
                                      const std::vector<override_value>& overrides) {
    check_text(text, file);
    value root = parse_document(text, file);
    value* keys = root.find("s3");
    const value* in_file = (keys == nullptr ? root : *keys).find("access_key");
    const std::string file_access_key = in_file == nullptr ? "" : in_file->text;
    for (const override_value& o : overrides) {
        constexpr std::string_view mark = "workload.";
        if (o.path.rfind(mark, 0) != 0) continue;
        check_text(o.value, "--set " + o.path);
        apply_override(root, o, path_in(root, std::string_view(o.path).substr(mark.size())));
    }
    keys = root.find("s3");
    part_other_credentials(keys == nullptr ? root : *keys, file_access_key);

    workload_config out;
    out.file = file;
    map_reader m(&root, "",
                 "a workload config begins like this: `endpoint: http://localhost:8000`");
    if (const auto driver = m.find("driver")) read_driver(*driver, out);
    if (const auto rbd = m.find("rbd")) {
        out.rbd = read_rbd_config(*rbd);
        out.has_rbd = true;
    }
    if (const auto nested = m.find("s3")) {
        for (const auto& e : root.entries) {
            if (!is_s3_key(e.key)) continue;
            fail(e.where, "\"" + e.key + "\" stands beside `s3`", "move it into `s3`");
        }
        map_reader s3(*nested);
        read_s3(s3, out);
        s3.finish();
        read_python_keys(m, out);
    } else {
        read_s3(m, out);
        read_python_keys(m, out);
    }
    m.finish();
    return out;
}

workload_config load_workload_config(const std::string& path,
                                     const std::vector<override_value>& overrides) {
    if (path.empty()) return parse_workload_config("", "", overrides);
    workload_config out =
        parse_workload_config(read_text(path, "workload config"), path, overrides);
    if ((!out.s3.secret_key.empty() || !out.s3.session_token.empty()) && readable_by_others(path)) {
        out.warnings.push_back(warning_of_readable_secret(path));
    }
    return out;
}

void require_endpoint(const workload_config& config) {
    if (!config.s3.endpoints.empty()) return;
    throw config_error((config.file.empty() ? "" : config.file + ": ") +
                       "no endpoint is given; write `endpoint: http://host:port` into the workload "
                       "config or use --set workload.endpoint=http://host:port");
}

}  // namespace chopsticks::scenario
