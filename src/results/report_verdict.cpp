#include "report_verdict.hpp"

#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <vector>

namespace chopsticks::results {

namespace {

const char* paint_of(statement::tone as) noexcept {
    switch (as) {
        case statement::tone::good:
            return green;
        case statement::tone::alarm:
        case statement::tone::bad:
            return red;
        case statement::tone::note:
            break;
    }
    return nullptr;
}

/// How to remove what is left, each command once.
std::string commands_of(const std::vector<statement>& all, std::size_t indent, std::size_t width) {
    std::string out;
    std::string last;
    for (const statement& one : all) {
        if (one.command.empty() || one.command == last) continue;
        if (last.empty()) out += paragraph("", indent, "to remove it:", width);
        // Never wrapped: it is there to be copied.
        out += std::string(indent, ' ') + one.command + "\n";
        last = one.command;
    }
    return out;
}

}  // namespace

std::string verdict_lines(const json& document, std::size_t indent, std::size_t width,
                          const terminal_options& options) {
    const std::vector<statement> all = statements_of(document);
    std::string out;
    const statement* before = nullptr;
    for (const statement& one : all) {
        // Several reasons or things that are left have one label.
        const bool goes_on =
            before != nullptr && before->about == one.about && before->label == one.label &&
            (one.about == statement::of::generator || one.about == statement::of::left);
        const std::string label = goes_on ? std::string() : one.label;
        std::string lines = paragraph(label, indent, one.words, width);
        const char* const paint = paint_of(one.as);
        // Behind the wrapping: an escape sequence takes no columns.
        if (options.color && paint != nullptr)
            lines.replace(0, label.size(), paint + label + plain);
        out += lines;
        before = &one;
    }
    return out + commands_of(all, indent, width);
}

}  // namespace chopsticks::results
