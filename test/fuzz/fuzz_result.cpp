/// \file
/// Results read back: whatever the bytes, a result or one message.

#include <chopsticks/core/error.hpp>
#include <chopsticks/exports/formats.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/report/html.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstdlib>

using namespace chopsticks;

namespace {

/// What was loaded can be shown, added up and exported.
void use(const results::result_file& loaded) {
    results::render_report(loaded.document, {}, {});
    for (const exports::format& format : exports::formats()) {
        if (format.log == exports::log_need::required) continue;
        format.write(loaded, {}, [](std::string_view) {});
    }
    std::vector<results::result_file> parts = {loaded, loaded};
    parts[1].run_id += "x";
    if (parts[1].document.contains("run")) parts[1].document["run"]["id"] = parts[1].run_id;
    const results::merged_result merged = results::merge(parts);
    if (results::parse_file(merged.text, "merged").kind != results::document_kind::run)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const results::result_file loaded =
            results::parse_file({reinterpret_cast<const char*>(data), size}, "input");
        if (report::to_html(report::describe(loaded)).empty()) std::abort();
        if (loaded.kind == results::document_kind::run) use(loaded);
    } catch (const config_error& refused) {
        const std::string_view why = refused.what();
        if (why.empty() || why.size() > 2000) std::abort();
    }
    return 0;
}
