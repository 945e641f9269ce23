#include "report_slo.hpp"

#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/results/text.hpp>

namespace chopsticks::results {

std::string slo_lines(const json& document, std::size_t indent, std::size_t width,
                      const terminal_options& options, bool show_met) {
    const json& slo = member(document, "slo");
    std::string out;
    const auto say = [&](const std::string& label, const char* color, const std::string& words) {
        std::string lines = paragraph(label, indent, words, width);
        if (options.color) lines.replace(0, label.size(), color + label + plain);
        out += lines;
    };
    for (const json& one : member(slo, "objectives")) {
        const bool met = flag(one, "met");
        if (met && !show_met) continue;
        std::string words = text(one, "text") + ": ";
        if (flag(one, "at_least")) words += "at least ";
        words += member(one, "value").is_number()
                     ? format_slo_value(text(one, "unit"), number(one, "value"))
                     : std::string("nothing of the kind was measured");
        say(met ? "SLO met" : "SLO MISSED", met ? green : red, words);
    }
    if (flag(slo, "aborted")) {
        say("ABORTED", red, "an objective was missed after the time of grace (abort_on_fail)");
    }
    return out;
}

}  // namespace chopsticks::results
