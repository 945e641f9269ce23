#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/descriptor.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/s3/driver/program.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "command.hpp"
#include "driver_talk.hpp"

namespace chopsticks::cli {

namespace {

struct check_arguments {
    std::vector<std::string> command;
    std::string start = "60s";
    std::string operation = "30s";
};

constexpr struct {
    const char* name;
    const char* what;
} rules_in_order[] = {
    {"start", "its first line says what it is and does, and nothing comes before"},
    {"arguments", "no secret stands in the arguments of its processes"},
    {"line", "each line is one JSON object of the protocol, of less than 64 KiB"},
    {"id", "each operation is answered once, under its own id"},
    {"body", "as many bytes follow an answer as it says"},
    {"answered", "each operation is answered within twice the time-out that it was told"},
    {"put_get", "what was put is what a get brings"},
    {"empty", "an object without a byte is put and got"},
    {"large", "an object of 5 MiB and one byte is put and got"},
    {"range", "a get of a range brings that range"},
    {"head", "head says the object's size"},
    {"missing", "a get of what is not there fails, with status 404"},
    {"list", "list counts the objects below a prefix"},
    {"delete", "what was deleted is gone"},
    {"multipart_put", "an object that is put in parts is what a get brings"},
    {"parallel", "many operations at a time do not come into each other's way"},
    {"unknown_operation", "an operation that it does not know fails, and nothing else happens"},
    {"unknown_member", "members of a request that it does not know do not disturb it"},
    {"figures", "it counts what its first line declares, and counters do not fall"},
    {"read_length", "where it was told `read: length`, a get brings no body and says its length"},
    {"dead_target", "where nobody is at the endpoint, operations fail"},
    {"end", "it ends with status 0 once its input has"},
    {"errors", "no secret stands in what it writes to its standard error"},
};

constexpr const char* secret = "chopsticks-check-secret-4f1d";
constexpr const char* bucket = "driver-check";
constexpr std::uint32_t at_a_time = 64;

/// The bucket that the program works in.
void make_bucket(std::uint16_t port) {
    s3::request_options options;
    options.who = {"chopsticks", secret, ""};
    options.host = "127.0.0.1:" + std::to_string(port);
    options.bucket = bucket;
    s3::request_writer writer(options);
    const std::string_view head =
        writer.request("PUT", writer.bucket_path(bucket), {}, {}, 0, {}, std::time(nullptr));
    const descriptor to(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char answer[256];
    if (::connect(to.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(to.get(), head.data(), head.size(), MSG_NOSIGNAL) < 0 ||
        ::recv(to.get(), answer, sizeof answer, 0) < 12 ||
        std::string_view(answer, 12) != "HTTP/1.1 200") {
        throw config_error("driver-check: the embedded endpoint did not make a bucket");
    }
}

/// A port that refuses connections, for as long as this is there.
struct closed_port {
    closed_port() : held(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(held.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::getsockname(held.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw config_error("driver-check: no port of the loopback address is free");
        }
        number = ntohs(address.sin_port);
    }
    descriptor held;
    std::uint16_t number = 0;
};

/// What stands in a file of /proc; empty: the process is gone, or not ours.
std::string proc_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Whether a process of that group has the text among its arguments, which everybody can read.
bool group_shows(pid_t group, std::string_view text) {
    std::error_code failed;
    for (const auto& one : std::filesystem::directory_iterator("/proc", failed)) {
        const std::string folder = one.path().string();
        const std::string stat = proc_text(folder + "/stat");
        // "pid (name) state parent group ..."
        std::istringstream behind(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
        std::string state;
        pid_t parent = 0;
        pid_t in_group = 0;
        if (!(behind >> state >> parent >> in_group) || in_group != group) continue;
        if (proc_text(folder + "/cmdline").find(text) != std::string::npos) return true;
    }
    return false;
}

class checker {
  public:
    checker(const check_arguments& a, rule_book& rules) : rules_(rules) {
        plan_.command = a.command;
        s3::give_credentials(plan_, "chopsticks", secret, "");
        within_.start_ns = duration_of(a.start, "--start");
        within_.operation_ns = duration_of(a.operation, "--operation");
        endpoint::endpoint_options options;
        options.secret_key = secret;
        server_ = std::make_unique<endpoint::server>(options);
        server_->start();
        make_bucket(server_->port());
    }

    void check_all() {
        check_operations();
        // Of a program that cannot be talked to the other starts would say the same.
        for (const char* const rule : {"start", "line", "id", "body", "answered"}) {
            if (rules_.is_broken(rule)) return;
        }
        if (!rules_.is_broken("put_get")) check_read_length();
        check_dead_target();
    }

  private:
    static std::int64_t duration_of(const std::string& text, const char* option) {
        const auto ns = parse_duration(text);
        if (!ns || *ns < 1'000'000) {
            throw config_error(std::string(option) + ": \"" + text + "\" is no time; write 30s");
        }
        return *ns;
    }

    driver_talk start(const std::string& endpoint, bool reads_bytes) {
        s3::program_hello hello;
        hello.endpoint = endpoint;
        hello.bucket = bucket;
        hello.region = "us-east-1";
        hello.connect_ns = within_.operation_ns;
        hello.operation_ns = within_.operation_ns;
        hello.reads_bytes = reads_bytes;
        hello.in_flight = at_a_time;
        return driver_talk(plan_, hello.line(), within_, secret, rules_);
    }

    /// Bytes that are not those of another key.
    std::string bytes_of(std::uint64_t key, std::size_t size) const {
        std::string out(size, '\0');
        content_.fill({key, 1}, 0, out);
        return out;
    }

    static driver_question question(std::string_view op, const std::string& key, std::size_t size,
                                    const std::string& more = {}) {
        driver_question out;
        out.members = "\"op\":\"" + std::string(op) + "\",\"bucket\":\"" + bucket + "\",\"key\":";
        process::append_json_text(out.members, key);
        out.members += ",\"size\":" + std::to_string(size) + more;
        return out;
    }
    static driver_question put_of(const std::string& key, std::string body,
                                  std::string_view op = "put", const std::string& more = {}) {
        driver_question out = question(op, key, body.size(), more);
        out.has_body = true;
        out.body = std::move(body);
        return out;
    }

    static std::string told(const process::answer& said) {
        std::string out = said.ok ? "it was done" : "it failed";
        if (said.status > 0) out += ", status " + std::to_string(said.status);
        if (said.code[0] != '\0') out += ", " + std::string(said.code);
        if (said.message[0] != '\0') out += ": " + std::string(said.message);
        return out;
    }

    /// Puts and gets; what is wrong is told of the rule. False: the conversation is over.
    bool put_and_get(driver_talk& with, const char* rule, const driver_question& put,
                     const std::string& key) {
        driver_reply reply;
        if (!with.ask(put, reply)) return false;
        if (!reply.said.ok) {
            rules_.broke(rule, "put: " + told(reply.said));
            return true;
        }
        if (!with.ask(question("get", key, put.body.size()), reply)) return false;
        if (!reply.said.ok) {
            rules_.broke(rule, "get: " + told(reply.said));
        } else if (reply.body != put.body) {
            rules_.broke(rule, "get brought " + std::to_string(reply.body.size()) +
                                   " bytes, which are not the " + std::to_string(put.body.size()) +
                                   " that were put");
        }
        rules_.kept(rule);
        return true;
    }

    void check_operations() {
        driver_talk with = start(server_->url(), true);
        if (with.begin()) {
            if (group_shows(with.pid(), secret)) {
                rules_.broke("arguments",
                             "the secret key is there for all to see; it is in the "
                             "environment, as AWS_SECRET_ACCESS_KEY");
            }
            rules_.kept("arguments");
            if (!with.said().has("put") || !with.said().has("get")) {
                rules_.broke("start", "it does not have both `put` and `get`");
            } else {
                ask_all(with);
            }
        }
        with.end();
        if (!rules_.was_looked_at("start") || rules_.is_broken("start")) return;
        for (const char* const rule : {"line", "id", "body", "answered"})
            rules_.kept(rule);
    }

    void ask_all(driver_talk& with) {
        const std::string first = "check/ \"quoted\" \\ \xc3\xa4+%/1";
        if (!put_and_get(with, "put_get", put_of(first, bytes_of(1, 10000)), first)) return;
        if (rules_.is_broken("put_get")) return;
        using step = bool (checker::*)(driver_talk&, const std::string&);
        constexpr step steps[] = {
            &checker::check_sizes,   &checker::check_range,    &checker::check_head,
            &checker::check_missing, &checker::check_list,     &checker::check_delete,
            &checker::check_parts,   &checker::check_parallel, &checker::check_unknown};
        for (const step one : steps) {
            if (!(this->*one)(with, first)) return;
        }
    }

    bool check_sizes(driver_talk& with, const std::string&) {
        return put_and_get(with, "empty", put_of("check/empty", ""), "check/empty") &&
               put_and_get(with, "large", put_of("check/large", bytes_of(2, (5U << 20) + 1)),
                           "check/large");
    }

    bool check_range(driver_talk& with, const std::string& first) {
        driver_reply reply;
        const driver_question ask =
            question("get", first, 10000, ",\"offset\":4097,\"length\":1001");
        if (!with.ask(ask, reply)) return false;
        if (!reply.said.ok) {
            rules_.broke("range", told(reply.said));
        } else if (reply.body != bytes_of(1, 10000).substr(4097, 1001)) {
            rules_.broke("range", "it brought " + std::to_string(reply.body.size()) +
                                      " bytes, which are not the 1001 from byte 4097 on");
        }
        rules_.kept("range");
        return true;
    }

    bool check_head(driver_talk& with, const std::string& first) {
        if (!with.said().has("head")) return true;
        driver_reply reply;
        if (!with.ask(question("head", first, 10000), reply)) return false;
        if (!reply.said.ok) {
            rules_.broke("head", told(reply.said));
        } else if (reply.said.bytes != 10000) {
            rules_.broke("head", "`bytes` is not the 10000 of the object");
        }
        rules_.kept("head");
        return true;
    }

    bool check_missing(driver_talk& with, const std::string&) {
        driver_reply reply;
        if (!with.ask(question("get", "check/missing", 1), reply)) return false;
        if (reply.said.ok || reply.said.status != 404) rules_.broke("missing", told(reply.said));
        rules_.kept("missing");
        return true;
    }

    bool check_list(driver_talk& with, const std::string&) {
        if (!with.said().has("list")) return true;
        std::vector<driver_question> puts;
        for (int i = 0; i < 7; ++i)
            puts.push_back(put_of("listed/" + std::to_string(i), "x"));
        if (with.ask(puts).empty()) return false;
        driver_question ask;
        ask.members = "\"op\":\"list\",\"bucket\":\"" + std::string(bucket) +
                      "\",\"prefix\":\"listed/\",\"max_keys\":1000,\"pages\":1";
        driver_reply reply;
        if (!with.ask(ask, reply)) return false;
        if (!reply.said.ok) {
            rules_.broke("list", told(reply.said));
        } else if (reply.said.entries != 7) {
            rules_.broke("list", "`entries` is not the 7 that are there");
        }
        rules_.kept("list");
        return true;
    }

    bool check_delete(driver_talk& with, const std::string& first) {
        // Without it nothing shows that one is gone.
        if (!with.said().has("delete") || rules_.is_broken("missing")) return true;
        driver_reply reply;
        if (!with.ask(question("delete", first, 10000), reply)) return false;
        if (!reply.said.ok) rules_.broke("delete", told(reply.said));
        if (!with.ask(question("get", first, 10000), reply)) return false;
        if (reply.said.ok) rules_.broke("delete", "a get brings it still");
        rules_.kept("delete");
        return true;
    }

    bool check_parts(driver_talk& with, const std::string&) {
        if (!with.said().has("multipart_put")) return true;
        const std::string key = "check/parts";
        return put_and_get(with, "multipart_put",
                           put_of(key, bytes_of(3, 11U << 20), "multipart_put",
                                  ",\"part_size\":5242880,\"concurrency\":3"),
                           key);
    }

    bool check_parallel(driver_talk& with, const std::string&) {
        std::vector<driver_question> puts;
        std::vector<driver_question> gets;
        for (std::uint64_t i = 0; i < at_a_time; ++i) {
            const std::string key = "many/" + std::to_string(i);
            puts.push_back(put_of(key, bytes_of(100 + i, 1000 + i)));
            gets.push_back(question("get", key, 1000 + i));
        }
        if (with.ask(puts).empty()) return false;
        const std::vector<driver_reply> got = with.ask(gets);
        if (got.empty()) return false;
        for (std::size_t i = 0; i < got.size(); ++i) {
            if (got[i].said.ok && got[i].body == puts[i].body) continue;
            rules_.broke("parallel", "of " + std::to_string(at_a_time) +
                                         " objects at a time one is another than it was put: " +
                                         told(got[i].said));
        }
        rules_.kept("parallel");
        return true;
    }

    bool check_unknown(driver_talk& with, const std::string&) {
        driver_reply reply;
        if (!with.ask(question("no_such_operation", "check/large", 1), reply)) return false;
        if (reply.said.ok) rules_.broke("unknown_operation", "it says that it was done");
        rules_.kept("unknown_operation");
        const driver_question ask =
            question("get", "many/0", 1000, ",\"chopsticks_ignored\":{\"a\":[1,{\"b\":null}]}");
        if (!with.ask(ask, reply)) return false;
        if (!reply.said.ok) rules_.broke("unknown_member", told(reply.said));
        rules_.kept("unknown_member");
        return true;
    }

    void check_read_length() {
        driver_talk with = start(server_->url(), false);
        driver_reply reply;
        if (with.begin() && with.ask(put_of("length/1", bytes_of(4, 3000)), reply) &&
            with.ask(question("get", "length/1", 3000), reply)) {
            if (!reply.said.ok) {
                rules_.broke("read_length", told(reply.said));
            } else if (reply.said.body > 0 || reply.said.bytes != 3000) {
                rules_.broke("read_length", reply.said.body > 0
                                                ? "it sent a body nevertheless"
                                                : "`bytes` is not the 3000 of the object");
            }
            rules_.kept("read_length");
        }
        with.end();
    }

    void check_dead_target() {
        const closed_port nobody;
        driver_talk with = start("http://127.0.0.1:" + std::to_string(nobody.number), true);
        driver_reply reply;
        if (with.begin() && with.ask(put_of("dead/1", "x"), reply)) {
            if (reply.said.ok) rules_.broke("dead_target", "it says that a put was done");
            rules_.kept("dead_target");
        }
        with.end();
    }

    rule_book& rules_;
    process::child_plan plan_;
    driver_talk::limits within_;
    std::unique_ptr<endpoint::server> server_;
    load::content content_{1, 1};
};

int check(const check_arguments& a) {
    rule_book rules;
    if (process::find_program(a.command.front()).empty()) {
        throw config_error("driver-check: there is no program " + a.command.front() +
                           ", or it must not be run");
    }
    checker(a, rules).check_all();
    unsigned broken = 0;
    unsigned kept = 0;
    for (const auto& rule : rules_in_order) {
        if (!rules.was_looked_at(rule.name)) {
            std::printf("-       %-18s %s: not looked at\n", rule.name, rule.what);
        } else if (rules.is_broken(rule.name)) {
            ++broken;
            std::printf("BROKEN  %-18s %s\n          %s\n", rule.name, rule.what,
                        rules.what(rule.name).c_str());
        } else {
            ++kept;
            std::printf("kept    %-18s %s\n", rule.name, rule.what);
        }
    }
    std::printf("%u rules kept, %u broken\n", kept, broken);
    return broken == 0 ? exit_ok : exit_errors;
}

}  // namespace

void add_driver_check_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("driver-check",
                                       "Runs every rule of the driver protocol against a program");
    auto arguments = std::make_shared<check_arguments>();
    command->add_option("COMMAND", arguments->command, "The program and its arguments, behind --")
        ->required()
        ->type_name("WORD");
    command->add_option("--start", arguments->start, "The time in which it has to be ready")
        ->type_name("TIME")
        ->capture_default_str();
    command
        ->add_option("--operation", arguments->operation,
                     "The time-out of an operation that it is told")
        ->type_name("TIME")
        ->capture_default_str();
    command->footer(
        "Ends with 0 if no rule is broken, 1 if one is, 2 if there is no such program.\n\n"
        "Example:\n  chopsticks driver-check -- python3 integrations/drivers/boto3_driver.py");
    command->callback([arguments, &result] { result = check(*arguments); });
}

}  // namespace chopsticks::cli
