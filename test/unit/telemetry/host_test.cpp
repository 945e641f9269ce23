#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chopsticks/telemetry/host.hpp>
#include <string>

using namespace chopsticks::telemetry;

namespace {

/// Runs `body` in a child, because limits cannot be taken back; gives its exit status.
template <typename Body>
int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool lower_limit(rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

TEST_CASE("host_description_of_this_machine_is_filled") {
    const host_description host = describe_host();
    CHECK(host.kernel.starts_with("Linux "));
    CHECK_FALSE(host.host.empty());
    CHECK(host.cpus_online >= 1);
    CHECK(host.cpus_usable >= 1);
    CHECK(host.memory_bytes > (64 << 20));
    CHECK(host.port_last >= host.port_first);
}

TEST_CASE("host_description_without_proc_and_sys_says_unknown") {
    const host_description host = describe_host("/nowhere", "/nowhere");
    CHECK(host.cpu_model.empty());
    CHECK(host.memory_bytes == 0);
    CHECK(host.clock_source.empty());
    CHECK(host.port_last == 0);
    CHECK(host.kernel.starts_with("Linux "));
}

TEST_CASE("descriptor_limit_within_the_soft_limit_is_left_alone") {
    const descriptor_limit before = current_descriptor_limit();
    CHECK(raise_descriptor_limit(3).empty());
    CHECK(current_descriptor_limit().soft == before.soft);
}

TEST_CASE("descriptor_limit_below_the_need_is_raised_to_it") {
    CHECK(in_child([] {
              if (!lower_limit(50, 200)) return 1;
              if (!raise_descriptor_limit(150).empty()) return 2;
              return current_descriptor_limit().soft == 150 ? 0 : 3;
          }) == 0);
}

TEST_CASE("descriptor_limit_that_cannot_be_met_is_raised_as_far_as_it_goes_and_said") {
    // Above fs.nr_open not even root may go; as another user the hard limit is the end.
    CHECK(in_child([] {
              if (!lower_limit(50, 200)) return 1;
              const std::string message = raise_descriptor_limit(1ULL << 40);
              if (message.find("1099511627776") == std::string::npos) return 2;
              if (message.find("the limit is 200") == std::string::npos) return 3;
              return current_descriptor_limit().soft == 200 ? 0 : 4;
          }) == 0);
}

TEST_CASE("build_description_names_what_was_linked") {
    const build_description build = describe_build();
    CHECK(build.version == CHOPSTICKS_VERSION);
    CHECK(build.openssl.starts_with("OpenSSL "));
    CHECK(build.boost.starts_with("1."));
    CHECK((build.compiler.starts_with("gcc ") || build.compiler.starts_with("clang ")));
    CHECK(build.build_type != "unknown");
}
