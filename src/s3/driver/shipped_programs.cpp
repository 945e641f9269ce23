// Drivers that are programs which come with this one.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/driver/program.hpp>

#include "driver_scripts.hpp"
#include "exec_driver.hpp"
#include "libcurl_note.hpp"
#include "process_driver.hpp"

namespace chopsticks::s3 {

namespace {

using command_words = std::vector<std::string>;

constexpr std::string_view minio_program = "chopsticks-minio";

std::string python_of(const scenario::program_options& of) {
    return of.python.empty() ? "python3" : of.python;
}

command_words boto3_command(const scenario::program_options& of) {
    return {python_of(of), "/dev/fd/" + std::to_string(process::child_plan::script_descriptor)};
}

/// An interpreter of the user's own says itself what it lacks.
std::string no_boto3() {
    constexpr std::int64_t patience_ns = 30'000'000'000;
    std::string advice =
        "install python3-boto3 (or a newer one with pip, and name its "
        "interpreter: `driver_options: {python: PATH}`)";
    if (process::find_program("python3").empty()) return advice;
    process::child asked;
    process::child_plan plan;
    plan.command = {"python3", "-c",
                    "import importlib.util,sys\n"
                    "sys.exit(0 if importlib.util.find_spec('boto3') else 3)"};
    if (!asked.start(plan).empty()) return advice;
    asked.wait(monotonic_ns() + patience_ns);
    return asked.kill() == "ended with status 3" ? advice : std::string();
}

command_words minio_command(const scenario::program_options&) {
    return {std::string(minio_program)};
}

std::string no_minio() {
    if (!process::find_program(minio_program).empty()) return {};
    return "there is no `chopsticks-minio` on PATH; build it with Go: cd "
           "integrations/drivers/minio && go build -o ~/.local/bin/chopsticks-minio .";
}

constexpr shipped_program shipped_programs[] = {
    {"boto3", scenario::program_kind::script, boto3_command, boto3_script, no_boto3},
    {"minio", scenario::program_kind::shipped, minio_command, nullptr, no_minio},
};

}  // namespace

const shipped_program* find_shipped_program(std::string_view name) {
    const auto* const found =
        std::find_if(std::begin(shipped_programs), std::end(shipped_programs),
                     [&](const shipped_program& one) { return one.name == name; });
    return found == std::end(shipped_programs) ? nullptr : found;
}

std::string driver_note(std::string_view driver) {
    if (runs_for_each(driver)) return exec_note(driver);
    if (driver == "curl") return libcurl_note();
    const shipped_program* const shipped = find_shipped_program(driver);
    if (shipped == nullptr) return {};
    const std::string missing = shipped->missing();
    return missing.empty() ? std::string() : " (not on this machine: " + missing + ")";
}

}  // namespace chopsticks::s3
