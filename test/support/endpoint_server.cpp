// The embedded endpoint as a program for tests: serves until it is killed or its standard input
// ends.

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chopsticks/core/units.hpp>
#include <chopsticks/endpoint/certificate.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace chopsticks;

constexpr const char* usage =
    "endpoint_server [--address A] [--port N] [--threads N] [--access-key K] [--secret-key K]\n"
    "                [--region R] [--memory SIZE] [--etag md5|fast] [--no-bodies]\n"
    "                [--tls DIRECTORY] [--faults TEXT]\n"
    "Prints \"listening on URL\" and serves until standard input ends.\n"
    "--tls makes a self-signed certificate in DIRECTORY.\n";

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

endpoint::endpoint_options parse(int argc, char** argv) {
    endpoint::endpoint_options o;
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--no-bodies") {
            o.keep_bodies = false;
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
    return o;
}

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    try {
        endpoint::server server(parse(argc, argv));
        server.start();
        std::printf("listening on %s\n", server.url().c_str());
        std::fflush(stdout);
        char buffer[256];
        while (::read(STDIN_FILENO, buffer, sizeof buffer) > 0) {
        }
    } catch (const config_error& wrong) {
        std::fprintf(stderr, "endpoint_server: %s\n", wrong.what());
        return 2;
    }
    return 0;
}
