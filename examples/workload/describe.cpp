// What the workload is: its rows and its settings. No I/O.

#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/reader.hpp>

#include "settings.hpp"

namespace redis_example {

using namespace chopsticks;

namespace {

/// Of DEL: there was no such key.
constexpr native_code not_there = native_code::of_errno(ENOENT);

/// "host", "host:port", "[::1]", "[::1]:port". What it cannot be leaves the host empty.
void split_address(const std::string& text, settings& out) {
    const bool bracketed = text.starts_with('[');
    const std::size_t end = bracketed ? text.find(']') : text.find(':');
    out.host =
        bracketed ? text.substr(1, end == std::string::npos ? 0 : end - 1) : text.substr(0, end);
    const std::string rest =
        end == std::string::npos ? std::string() : text.substr(bracketed ? end + 1 : end);
    if (rest.empty()) return;
    out.port = rest.starts_with(':') ? rest.substr(1) : std::string();
}

std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from) {
    auto out = std::make_unique<settings>();
    if (const auto f = from.keys.find("address")) {
        split_address(f->text(), *out);
        // getaddrinfo takes what is beyond a port for another one.
        const bool digits = !out->port.empty() && out->port.size() <= 5 &&
                            out->port.find_first_not_of("0123456789") == std::string::npos;
        const int port = digits ? std::stoi(out->port) : 0;
        if (out->host.empty() || port < 1 || port > 65535) {
            f->refuse("is no address: " + f->raw().found(), "write 127.0.0.1:6379 or [::1]:6379");
        }
    }
    if (const auto f = from.keys.find("database")) out->database = f->count32(0, 1'000'000);
    if (const auto f = from.keys.find("driver")) {
        std::vector<std::string_view> names;
        for (const auto& d : scenario::catalogue::find_workload("redis")->drivers)
            names.push_back(d.name);
        out->driver = names[f->word(names)];
    }
    return out;
}

std::vector<std::string> complete(scenario::workload_settings& of) {
    if (!static_cast<const settings&>(of).host.empty()) return {};
    throw config_error(
        "redis: no server is named; write `redis: {address: 127.0.0.1:6379}` to the workload "
        "config, or --set workload.redis.address=127.0.0.1:6379");
}

bool is_named(const scenario::workload_settings& of) {
    return !static_cast<const settings&>(of).host.empty();
}

scenario::catalogue::workload make() {
    using scenario::payload;
    using scenario::subject_use;
    return {
        .name = "redis",
        .description = "a key-value store that speaks the protocol of Redis",
        .shape = scenario::subject_shape::objects,
        .drivers = {{.name = "resp", .description = "RESP 2, one connection per user"},
                    {.name = "dummy", .description = "answers at once and sends nothing"}},
        .operations =
            {{.name = "set",
              .description = "write a value",
              .use = subject_use::make,
              .carries = payload::sent,
              .replay = {.kind = "put", .unasked = true},
              .aliases = {"put", "write"},
              .parameters = {{"overwrite", "true or false", "false",
                              "rewrite existing values in turn instead of adding new ones",
                              scenario::catalogue::flag_value{.when_set = subject_use::rewrite}}}},
             {.name = "get",
              .description = "read a value",
              .use = subject_use::read,
              .carries = payload::received,
              .replay = {.kind = "get", .unasked = true},
              .aliases = {"read"}},
             {.name = "exists",
              .description = "ask whether a key is there",
              .use = subject_use::read,
              .carries = payload::none,
              .replay = {.kind = "head", .unasked = true},
              .aliases = {"head"}},
             {.name = "del",
              .description = "remove the oldest key that nobody reads",
              .use = subject_use::remove,
              .carries = payload::none,
              .replay = {.kind = "delete", .unasked = true},
              .aliases = {"delete", "remove"},
              .expected = {not_there}},
             {.name = "incr",
              .description = "count up one key that all users share",
              .use = subject_use::none,
              .carries = payload::none,
              .replay = {.why_not = "no recording has it"},
              .aliases = {"increment"}}},
        .prepare_with = "set",
        .clean_with = "del",
        .clean_container_with = {},
        .container = {},
        .settings = {.read = read_settings,
                     .example = "its part begins like this: `redis: {address: 127.0.0.1:6379}`"},
    };
}

}  // namespace

const scenario::catalogue::workload& describe() {
    static const scenario::catalogue::workload described = make();
    return described;
}

const scenario::target_rule& target() {
    static constexpr scenario::target_rule rule{.complete = complete, .is_named = is_named};
    return rule;
}

scenario::echo_fields settings::echo() const {
    return {{"address", address()}, {"database", std::uint64_t{database}}};
}

void settings::find_again(const scenario::echo_fields& echoed) {
    if (const auto* const text = scenario::find_echoed<std::string>(echoed, "address"))
        split_address(*text, *this);
    if (const auto* const number = scenario::find_echoed<std::uint64_t>(echoed, "database"))
        database = static_cast<std::uint32_t>(*number);
}

void settings::check(scenario::group& of, std::vector<std::string>&) const {
    if (!of.data.reuse.empty()) {
        throw config_error("group " + of.name +
                           ": data.reuse: this workload keeps no data sets; leave it out");
    }
    if (of.data.size.max() > object_most) {
        throw config_error("group " + of.name +
                           ": data.size: values of up to 64 MiB are possible here; make them "
                           "smaller");
    }
}

std::string settings::target(bool dummy) const {
    return dummy ? "the dummy driver" : "redis://" + address() + "/" + std::to_string(database);
}

std::vector<std::pair<std::string, std::string>> settings::planned_target(bool dummy) const {
    if (!dummy && host.empty()) return {{"server", "none yet; a run needs redis.address"}};
    return {{"server", target(dummy)}};
}

std::string settings::place(const std::string& prefix) const {
    return target(false) + ", keys " + prefix + "*";
}

// Neither host nor prefix can hold what a shell would read as something else, unless somebody
// means it to: then there is no command.
std::string settings::cleanup_command(const std::string& run_id, const std::string& prefix) const {
    const std::string words = host + prefix;
    if (words.find_first_of(" '\"\\$`;&|<>()*?[]!#~\n") != std::string::npos) return {};
    const std::string client =
        "redis-cli -h " + host + " -p " + port + " -n " + std::to_string(database);
    return client + " --scan --pattern '" + prefix + run_id + "/*' | xargs -r " + client + " del";
}

}  // namespace redis_example
