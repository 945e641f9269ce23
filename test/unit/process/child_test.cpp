#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/child.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace chopsticks;
using namespace chopsticks::process;

namespace {

constexpr std::int64_t child_patience_ns = 120'000'000'000;

child_plan plan_of(std::vector<std::string> command) {
    child_plan out;
    out.command = std::move(command);
    return out;
}

void run_to_its_end(child& of, std::vector<std::string> command) {
    child_plan plan = plan_of(std::move(command));
    plan.counts_unread = true;
    REQUIRE(of.start(plan) == "");
    REQUIRE(::write(of.input(), "12345", 5) == 5);
    of.close_input();
    of.wait(monotonic_ns() + child_patience_ns);
    REQUIRE(of.has_ended());
}

}  // namespace

TEST_CASE("child_tells_what_of_its_input_nobody_read") {
    child one;
    run_to_its_end(one, {"true"});
    CHECK(one.unread() == 5);
    CHECK(one.kill() == "ended with status 0");
    run_to_its_end(one, {"cat"});
    CHECK(one.unread() == 0);
    CHECK(one.kill() == "ended with status 0");
}

TEST_CASE("child_tells_how_it_ended_and_what_it_took") {
    child one;
    run_to_its_end(one, {"sh", "-c", "cat; exit 3"});
    CHECK(one.kill() == "ended with status 3");
    CHECK(WEXITSTATUS(one.wait_status()) == 3);
    CHECK(one.spent_ns() > 0);
    CHECK_FALSE(one.is_started());
    CHECK(one.unread() == 0);
}

TEST_CASE("child_signals_reach_the_group") {
    child one;
    REQUIRE(one.start(plan_of({"sh", "-c", "sleep 1000; exit 0"})) == "");
    one.signal(SIGTERM);
    one.wait(monotonic_ns() + child_patience_ns);
    CHECK(one.has_ended());
    CHECK(one.kill() == "was ended by signal 15 (Terminated)");
}

TEST_CASE("child_programs_are_files_that_may_be_run") {
    CHECK_FALSE(find_program("sh").empty());
    CHECK(find_program("/bin/sh") == "/bin/sh");
    CHECK(find_program("/usr").empty());
    CHECK(find_program("").empty());
}
