#include "report_verdict.hpp"

#include <algorithm>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <string_view>
#include <vector>

#include "report_errors.hpp"
#include "report_load.hpp"
#include "report_slo.hpp"

namespace chopsticks::results {

namespace {

/// Lines of words behind a label, which is painted after wrapping: an escape sequence takes no
/// columns.
class labelled_lines {
  public:
    labelled_lines(std::size_t indent, std::size_t width, bool color)
        : indent_(indent), width_(width), color_(color) {}

    /// \param paint null: as it is
    void say(const std::string& label, const char* paint, const std::string& words) {
        std::string lines = paragraph(label, indent_, words, width_);
        if (color_ && paint != nullptr) lines.replace(0, label.size(), paint + label + plain);
        out_ += lines;
    }
    void add(const std::string& lines) { out_ += lines; }
    /// Never wrapped: it is there to be copied.
    void add_command(const std::string& line) { out_ += std::string(indent_, ' ') + line + "\n"; }
    const std::string& text() const noexcept { return out_; }

  private:
    std::size_t indent_;
    std::size_t width_;
    bool color_;
    std::string out_;
};

std::uint64_t corrupt_operations(const json& doc) {
    std::uint64_t corrupt = 0;
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        if (!text(operation, "part_of").empty()) continue;
        for (const json& error : member(operation, "errors")) {
            if (text(error, "class") == "corrupt") corrupt += count(error, "count");
        }
    }
    return corrupt;
}

}  // namespace

std::string fine_target_words(const json& doc) {
    const json& total = member(doc, "total");
    if (count(total, "ok") + count(total, "failed") == 0)
        return "nothing was measured, and nothing is held against it";
    const bool objectives = !member(member(doc, "slo"), "objectives").empty();
    return objectives ? "errors within the limit, every objective met" : "errors within the limit";
}

namespace {

void say_target(const json& doc, const std::string& slos, labelled_lines& out) {
    const json& run = member(doc, "run");
    const json& total = member(doc, "total");
    const auto failed = static_cast<double>(count(total, "failed"));
    const double ended = failed + static_cast<double>(count(total, "ok"));
    const std::uint64_t corrupt = corrupt_operations(doc);
    if (corrupt > 0) {
        out.say("CORRUPT", red,
                of_these(corrupt, "operation", "operations") +
                    " returned other data than was written; no limit allows that");
    } else if (const std::uint64_t places = count(member(member(doc, "data"), "wrong"), "places");
               places > 0) {
        out.say("CORRUPT", red,
                of_these(places, "place holds", "places hold") +
                    " other data than was written; no limit allows that");
    }
    const double limit = number(member(doc, "scenario"), "error_limit");
    if (failed > limit * ended) {
        out.say("FAILED", red,
                percent(failed / ended, 2) + " of the operations failed; the scenario allows " +
                    percent(limit, 2));
    }
    for (const std::string& sentence : never_served_sentences(doc))
        out.say("UNSUPPORTED", red, sentence);
    if (failed > 0 && failed <= limit * ended && count(total, "ok") == 0 &&
        unsupported_operations(doc) > 0) {
        out.say("FAILED", red,
                "the target served nothing that was asked of it; no limit allows "
                "that");
    }
    for (const std::string& outage : outage_sentences(doc))
        out.say("OUTAGE", red, outage);
    out.add(slos);
    if (!text(run, "problem").empty()) out.say("Problem", red, text(run, "problem"));
    if (text(member(run, "verdicts"), "target") != name(target_verdict::fine)) return;
    out.say("TARGET OK", green, fine_target_words(doc));
}

void say_generator(const json& doc, labelled_lines& out) {
    const json& validity = member(doc, "validity");
    if (flag(validity, "valid")) {
        out.say("VALID", green, kept_up_words);
        return;
    }
    const json& reasons = member(validity, "reasons");
    if (reasons.empty()) out.say("INVALID", red, "no reason was recorded");
    bool first = true;
    for (const json& reason : reasons) {
        if (!reason.is_string()) continue;
        out.say(first ? "INVALID" : "", first ? red : nullptr,
                printable(reason.get<std::string>()));
        first = false;
    }
}

/// Data sets and images that the scenario keeps for later runs are not left behind.
bool keeps_something(const json& doc) {
    for (const json& group : member(member(doc, "scenario"), "groups")) {
        if (!text(member(group, "data"), "reuse").empty()) return true;
    }
    for (const auto& [name, settings] : member(member(doc, "workload"), "other").items()) {
        if (text(settings, "keep") == "true") return true;
    }
    return false;
}

void say_left(const json& doc, labelled_lines& out) {
    const json& data = member(doc, "data");
    const std::string verdict = text(member(member(doc, "run"), "verdicts"), "left_behind");
    const bool kept = verdict == name(left_verdict::kept);
    const char* label = kept ? "Kept" : "LEFT BEHIND";
    const char* paint = kept ? nullptr : red;
    const json& items = member(data, "left");
    std::string last_command;
    bool first = true;
    for (const json& item : items) {
        out.say(first ? label : "", first ? paint : nullptr, describe_left(item));
        first = false;
    }
    for (const json& item : items) {
        const std::string command = text(item, "remove_with");
        if (command.empty() || command == last_command) continue;
        if (last_command.empty()) out.say("", nullptr, "to remove it:");
        out.add_command(command);
        last_command = command;
    }
    if (!items.empty()) return;
    // A result from before what is left was named.
    if (const std::uint64_t left = count(data, "left_behind"); left > 0) {
        out.say(label, paint,
                of_these(left, "object", "objects") + " of this run may still be there");
    } else if (verdict == name(left_verdict::something)) {
        out.say(label, paint, "see the warning of cleanup above");
    } else if (!verdict.empty()) {
        const std::string seen = "nothing of this run was found on the target at its end";
        out.say("CLEAN", green, keeps_something(doc) ? seen + " but what it was to keep" : seen);
    }
}

}  // namespace

std::string describe_left(const json& item) {
    const std::uint64_t n = count(item, "count");
    const std::string kind = text(item, "kind");
    const std::string name = text(item, "name");
    std::string out = flag(item, "exact") ? "" : "at most ";
    if (n == 1 && flag(item, "exact")) return kind + " " + name;
    out += of_these(n, kind, kind.ends_with("y") ? kind : kind + "s");
    if (name.empty()) return out;
    // These are called so themselves; objects lie below.
    return out + (kind == "image" || kind == "snapshot" ? ": " : " below ") + name;
}

std::string verdict_lines(const json& doc, std::size_t indent, std::size_t width,
                          const terminal_options& options) {
    labelled_lines out(indent, width, options.color);
    const json& run = member(doc, "run");
    for (const json& warning : member(run, "warnings")) {
        if (warning.is_string()) out.say("Warning", nullptr, printable(warning.get<std::string>()));
    }
    if (flag(run, "interrupted")) {
        out.say("INTERRUPTED", red, "the figures are of the time before");
    }
    say_target(doc, slo_lines(doc, indent, width, options, true), out);
    say_generator(doc, out);
    say_left(doc, out);
    return out.text();
}

std::vector<std::string> verdict_problems(const json& doc) {
    std::vector<std::string> out;
    for (const json& reason : member(member(doc, "validity"), "reasons")) {
        if (reason.is_string()) out.push_back("invalid: " + printable(reason.get<std::string>()));
    }
    const json& verdicts = member(member(doc, "run"), "verdicts");
    if (text(verdicts, "target") != name(target_verdict::fine)) {
        const std::size_t wide = 4096;
        labelled_lines target(0, wide, false);
        say_target(doc, slo_lines(doc, 0, wide, terminal_options(), false), target);
        std::string_view lines = target.text();
        while (!lines.empty()) {
            const std::size_t end = std::min(lines.find('\n'), lines.size());
            out.push_back("target: " + std::string(lines.substr(0, end)));
            lines.remove_prefix(std::min(end + 1, lines.size()));
        }
    }
    for (std::string& line : left_behind_problems(doc))
        out.push_back(std::move(line));
    return out;
}

std::vector<std::string> left_behind_problems(const json& doc) {
    std::vector<std::string> out;
    const json& verdicts = member(member(doc, "run"), "verdicts");
    if (text(verdicts, "left_behind") != name(left_verdict::something)) return out;
    const json& items = member(member(doc, "data"), "left");
    for (const json& item : items) {
        const std::string command = text(item, "remove_with");
        out.push_back("left behind: " + describe_left(item) +
                      (command.empty() ? "" : "; to remove it: " + command));
    }
    if (items.empty()) out.push_back("left behind: see the warnings of cleanup in the result");
    return out;
}

}  // namespace chopsticks::results
