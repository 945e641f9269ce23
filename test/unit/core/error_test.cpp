#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/unsupported.hpp>
#include <csignal>
#include <set>
#include <string>

namespace chopsticks {

TEST_CASE("name_every_status_has_its_own_word") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < op_status_count; ++i) {
        const std::string_view word = name(static_cast<op_status>(i));
        CHECK(word != "unknown");
        names.insert(word);
    }
    CHECK(names.size() == op_status_count);
    CHECK(name(op_status::connection_lost) == "connection_lost");
    CHECK(name(static_cast<op_status>(op_status_count)) == "unknown");
}

TEST_CASE("means_unsupported_reads_no_number_without_its_kind") {
    CHECK(means_unsupported(native_code::of_http(501), {}));
    CHECK(means_unsupported(native_code::of_http(405), "MethodNotAllowed"));
    CHECK(means_unsupported(native_code::of_http(400), "UnsupportedOperation"));
    CHECK(means_unsupported(native_code::of_errno(EOPNOTSUPP), "EOPNOTSUPP"));
    CHECK(means_unsupported(native_code::of_errno(ENOSYS), {}));
    CHECK_FALSE(means_unsupported(native_code::of_http(EOPNOTSUPP), {}));
    CHECK_FALSE(means_unsupported(native_code::of_errno(501), {}));
    CHECK_FALSE(means_unsupported(native_code::of_http(503), "SlowDown"));
    CHECK_FALSE(means_unsupported(native_code::of_http(403), "AccessDenied"));
    CHECK_FALSE(means_unsupported({}, "NotImplemented"));
}

TEST_CASE("settled_makes_unsupported_of_refusals_alone") {
    const auto http = native_code::of_http(501);
    CHECK(settled(op_status::server_error, http, "NotImplemented") == op_status::unsupported);
    CHECK(settled(op_status::client_error, native_code::of_http(405), {}) ==
          op_status::unsupported);
    CHECK(settled(op_status::io_error, native_code::of_errno(EOPNOTSUPP), "EOPNOTSUPP") ==
          op_status::unsupported);
    CHECK(settled(op_status::server_error, native_code::of_http(500), "InternalError") ==
          op_status::server_error);
    // What was as expected, was cut off or is wrong data stays what it is, whatever the number.
    for (const op_status kept : {op_status::ok, op_status::cancelled, op_status::timeout,
                                 op_status::connection_lost, op_status::corrupt}) {
        CHECK(settled(kept, http, "NotImplemented") == kept);
    }
}

TEST_CASE("config_error_keeps_the_message_for_the_user") {
    const std::string message = "s.yaml:3:5: unknown key `rat`; did you mean `rate`?";
    CHECK(config_error(message).what() == message);
}

TEST_CASE("assert_true_condition_is_evaluated_once_and_goes_on") {
    int evaluated = 0;
    CHOPSTICKS_ASSERT(++evaluated == 1);
    CHECK(evaluated == 1);
}

TEST_CASE("assert_false_condition_aborts_and_names_the_condition_and_place") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(ends[1], 2);
        ::signal(SIGABRT, SIG_DFL);
        const int answer = 41;
        CHOPSTICKS_ASSERT(answer == 42);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string said;
    char buffer[512];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(said.find("answer == 42") != std::string::npos);
    CHECK(said.find("error_test.cpp:") != std::string::npos);
}

}  // namespace chopsticks
