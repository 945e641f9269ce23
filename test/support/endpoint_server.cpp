// The embedded endpoint as a program for tests: serves until it is killed or its standard input
// ends.

#include <signal.h>

#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/endpoint/certificate.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace chopsticks;

constexpr const char* usage =
    "endpoint_server [--address A] [--port N] [--threads N] [--access-key K] [--secret-key K]\n"
    "                [--region R] [--memory SIZE] [--etag md5|fast] [--no-bodies]\n"
    "                [--dialect aws|ceph]\n"
    "                [--tls DIRECTORY] [--faults TEXT] [--user KEY:SECRET] [--frozen-clock]\n"
    "Prints \"listening on URL\" and serves until standard input ends.\n"
    "--tls makes a self-signed certificate in DIRECTORY.\n"
    "--frozen-clock: time stands still, but for lines \"skip SECONDS\" of standard input.\n";

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "endpoint_server: %s\n%s", what.c_str(), usage);
    std::exit(2);
}

template <typename Number>
Number number(std::string_view text) {
    Number out{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        refuse("not a number: " + std::string(text));
    }
    return out;
}

struct arguments {
    endpoint::endpoint_options options;
    bool frozen = false;
};

arguments parse(int argc, char** argv) {
    arguments out;
    endpoint::endpoint_options& o = out.options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--no-bodies") {
            o.keep_bodies = false;
            continue;
        }
        if (option == "--frozen-clock") {
            out.frozen = true;
            continue;
        }
        if (i + 1 == argc) refuse("no value for " + std::string(option));
        const std::string value = argv[++i];
        if (option == "--address") {
            o.address = value;
        } else if (option == "--port") {
            o.port = number<std::uint16_t>(value);
        } else if (option == "--threads") {
            o.threads = number<unsigned>(value);
        } else if (option == "--access-key") {
            o.access_key = value;
        } else if (option == "--secret-key") {
            o.secret_key = value;
        } else if (option == "--user") {
            const std::size_t colon = value.find(':');
            if (colon == std::string::npos) refuse("--user is KEY:SECRET");
            o.more_users.push_back({value.substr(0, colon), value.substr(colon + 1)});
        } else if (option == "--dialect") {
            if (value != "aws" && value != "ceph") refuse("--dialect is aws or ceph");
            o.answers = value == "ceph" ? endpoint::dialect::ceph : endpoint::dialect::aws;
        } else if (option == "--region") {
            o.region = value;
        } else if (option == "--memory") {
            const auto size = parse_size(value);
            if (!size) refuse("not a size: " + value);
            o.memory_cap_bytes = *size;
        } else if (option == "--etag") {
            if (value != "md5" && value != "fast") refuse("--etag is md5 or fast");
            o.etag = value == "md5" ? endpoint::etag_kind::md5 : endpoint::etag_kind::fast;
        } else if (option == "--tls") {
            const auto files = endpoint::make_self_signed(value);
            o.tls_certificate_file = files.certificate;
            o.tls_key_file = files.key;
        } else if (option == "--faults") {
            o.injected = endpoint::parse_faults(value);
        } else {
            refuse("unknown option " + std::string(option));
        }
    }
    return out;
}

/// Lines of standard input, until it ends. Each is answered once it is done.
void obey(virtual_clock* clock) {
    char line[256];
    constexpr std::string_view skip = "skip ";
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
        std::string_view text = line;
        while (text.ends_with('\n'))
            text.remove_suffix(1);
        if (clock == nullptr || !text.starts_with(skip)) continue;
        clock->skip(number<std::int64_t>(text.substr(skip.size())) * 1'000'000'000);
        std::printf("skipped\n");
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    try {
        const arguments a = parse(argc, argv);
        std::optional<virtual_clock> clock;
        if (a.frozen) {
            // Signatures are made with the system's time.
            const std::int64_t now = wall_ns();
            clock.emplace();
            clock->skip(now - wall_ns());
        }
        endpoint::server server(a.options);
        server.start();
        std::printf("listening on %s\n", server.url().c_str());
        std::fflush(stdout);
        obey(clock ? &*clock : nullptr);
        server.stop();
    } catch (const config_error& wrong) {
        std::fprintf(stderr, "endpoint_server: %s\n", wrong.what());
        return 2;
    }
    return 0;
}
