#include <algorithm>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <utility>

#include "report_errors.hpp"
#include "report_load.hpp"

namespace chopsticks::results {

namespace {

using about = statement::of;
using tone = statement::tone;

std::string verdict_text(const json& doc, const char* which) {
    return text(member(member(doc, "run"), "verdicts"), which);
}

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

/// Collects them; each call says one.
class teller {
  public:
    explicit teller(const json& doc) : doc_(doc) {}

    void warnings() {
        for (const json& warning : member(member(doc_, "run"), "warnings")) {
            if (warning.is_string())
                say(about::warning, tone::note, "Warning", printable(warning.get<std::string>()));
        }
    }

    void run() {
        const json& run = member(doc_, "run");
        if (flag(run, "interrupted"))
            say(about::run, tone::alarm, "INTERRUPTED", "the figures are of the time before");
    }

    void target() {
        wrong_data();
        errors();
        for (const std::string& outage : outage_sentences(doc_))
            say(about::target, tone::bad, "OUTAGE", outage);
        objectives();
        const std::string problem = text(member(doc_, "run"), "problem");
        if (!problem.empty()) say(about::target, tone::bad, "Problem", printable(problem));
        if (is_fine()) say(about::target, tone::good, "TARGET OK", fine_words());
    }

    void generator() {
        const json& validity = member(doc_, "validity");
        if (flag(validity, "valid")) {
            say(about::generator, tone::good, "VALID",
                "the generator kept up; the figures are the target's");
            return;
        }
        bool told = false;
        for (const json& reason : member(validity, "reasons")) {
            if (!reason.is_string()) continue;
            say(about::generator, tone::bad, "INVALID", printable(reason.get<std::string>()));
            told = true;
        }
        if (!told) say(about::generator, tone::bad, "INVALID", "no reason was recorded");
    }

    void left() {
        const json& data = member(doc_, "data");
        const std::string verdict = verdict_text(doc_, "left_behind");
        const bool kept = verdict == name(left_verdict::kept);
        const tone as = kept ? tone::note : tone::bad;
        const char* label = kept ? "Kept" : "LEFT BEHIND";
        const json& items = member(data, "left");
        for (const json& item : items)
            say(about::left, as, label, describe_left(item), text(item, "remove_with"));
        if (!items.empty()) return;
        // A result from before what is left was named.
        if (const std::uint64_t n = count(data, "left_behind"); n > 0) {
            say(about::left, as, label,
                of_these(n, "object", "objects") + " of this run may still be there");
        } else if (verdict == name(left_verdict::something)) {
            say(about::left, as, label, "see the warnings of cleanup");
        } else if (!verdict.empty()) {
            const std::string seen = "nothing of this run was found on the target at its end";
            say(about::left, tone::good, "CLEAN",
                keeps_something() ? seen + " but what it was to keep" : seen);
        }
    }

    std::vector<statement> all;

  private:
    void say(about what, tone as, const char* label, std::string words, std::string command = {}) {
        all.push_back({what, as, label, std::move(words), std::move(command)});
    }

    bool is_fine() const { return verdict_text(doc_, "target") == name(target_verdict::fine); }

    void wrong_data() {
        if (const std::uint64_t corrupt = corrupt_operations(doc_); corrupt > 0) {
            say(about::target, tone::bad, "CORRUPT",
                of_these(corrupt, "operation", "operations") +
                    " returned other data than was written; no limit allows that");
            return;
        }
        const std::uint64_t places = count(member(member(doc_, "data"), "wrong"), "places");
        if (places > 0) {
            say(about::target, tone::bad, "CORRUPT",
                of_these(places, "place holds", "places hold") +
                    " other data than was written; no limit allows that");
        }
    }

    void errors() {
        const json& total = member(doc_, "total");
        const auto failed = static_cast<double>(count(total, "failed"));
        const double ended = failed + static_cast<double>(count(total, "ok"));
        const double limit = number(member(doc_, "scenario"), "error_limit");
        if (failed > limit * ended) {
            say(about::target, tone::bad, "FAILED",
                percent(failed / ended, 2) + " of the operations failed; the scenario allows " +
                    percent(limit, 2));
        }
        for (const std::string& sentence : never_served_sentences(doc_))
            say(about::target, is_fine() ? tone::alarm : tone::bad, "UNSUPPORTED", sentence);
        if (failed > 0 && failed <= limit * ended && count(total, "ok") == 0 &&
            unsupported_operations(doc_) > 0) {
            say(about::target, tone::bad, "FAILED",
                "the target served nothing that was asked of it; no limit allows that");
        }
    }

    void objectives() {
        const json& slo = member(doc_, "slo");
        for (const json& one : member(slo, "objectives")) {
            const bool met = flag(one, "met");
            std::string words = text(one, "text") + ": ";
            if (flag(one, "at_least")) words += "at least ";
            words += member(one, "value").is_number()
                         ? format_slo_value(text(one, "unit"), number(one, "value"))
                         : std::string("nothing of the kind was measured");
            say(about::target, met ? tone::good : tone::bad, met ? "SLO met" : "SLO MISSED", words);
        }
        if (flag(slo, "aborted")) {
            say(about::target, tone::bad, "ABORTED",
                "an objective was missed after the time of grace (abort_on_fail)");
        }
    }

    std::string fine_words() const {
        const json& total = member(doc_, "total");
        if (count(total, "ok") + count(total, "failed") == 0)
            return "nothing was measured, and nothing is held against it";
        const bool objectives = !member(member(doc_, "slo"), "objectives").empty();
        return objectives ? "errors within the limit, every objective met"
                          : "errors within the limit";
    }

    /// Data sets and images that the scenario keeps for later runs are not left behind.
    bool keeps_something() const {
        for (const json& group : member(member(doc_, "scenario"), "groups")) {
            if (!text(member(group, "data"), "reuse").empty()) return true;
        }
        for (const auto& [name, settings] : member(member(doc_, "workload"), "other").items()) {
            if (text(settings, "keep") == "true") return true;
        }
        return false;
    }

    const json& doc_;
};

}  // namespace

std::vector<statement> statements_of(const json& document) {
    teller said(document);
    said.warnings();
    said.run();
    said.target();
    said.generator();
    said.left();
    return std::move(said.all);
}

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

std::vector<std::string> verdict_problems(const json& document) {
    teller said(document);
    said.generator();
    said.target();
    std::vector<std::string> out;
    const bool fine = verdict_text(document, "target") == name(target_verdict::fine);
    for (const statement& one : said.all) {
        if (one.as == tone::good || one.as == tone::note) continue;
        // The problem of a run whose target was fine is not the target's.
        if (fine && one.about == about::target && one.as != tone::alarm) continue;
        out.push_back(one.about == about::generator ? "invalid: " + one.words
                                                    : "target: " + one.label + " " + one.words);
    }
    for (std::string& line : left_behind_problems(document))
        out.push_back(std::move(line));
    return out;
}

std::vector<std::string> left_behind_problems(const json& document) {
    std::vector<std::string> out;
    if (verdict_text(document, "left_behind") != name(left_verdict::something)) return out;
    teller said(document);
    said.left();
    for (const statement& one : said.all) {
        out.push_back("left behind: " + one.words +
                      (one.command.empty() ? "" : "; to remove it: " + one.command));
    }
    return out;
}

}  // namespace chopsticks::results
