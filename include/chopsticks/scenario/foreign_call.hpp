#pragma once
/// \file
/// Calls of what a workload brought, which may be a plug-in's: what it throws is told as its
/// mistake and not as one of the program.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <string>
#include <string_view>

namespace chopsticks::scenario {

/// Runs `call`, a function of that workload. A config_error is its message for the user and passes;
/// any other exception of a plug-in's becomes one that names its file, the function and the
/// workload. One of a workload that comes with the program passes: that is a bug.
/// \param what the function, for the message: "settings.check"
template <typename Call>
decltype(auto) foreign_call(std::string_view workload, const char* what, Call&& call) {
    try {
        return call();
    } catch (const config_error&) {
        throw;
    } catch (...) {
        const catalogue::workload* const of = catalogue::find_workload(workload);
        if (of == nullptr || of->from.empty()) throw;
        throw config_error("plug-in " + std::string(of->from) + ": " + what + " of the workload " +
                           std::string(workload) + " threw an exception: " + caught_text());
    }
}

}  // namespace chopsticks::scenario
