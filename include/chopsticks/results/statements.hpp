#pragma once
/// \file
/// What a run comes to, in words: the one source of the end of the terminal's report, the head of a
/// page, and the lines of a quiet run.

#include <chopsticks/results/json.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::results {

struct statement {
    enum class of : std::uint8_t { warning, run, target, generator, left };
    enum class tone : std::uint8_t {
        good,
        note,   ///< as it was asked for, or nothing that a verdict hangs on
        alarm,  ///< no verdict hangs on it, and yet nobody should miss it
        bad,
    };

    of about = of::run;
    tone as = tone::note;
    std::string label = {};    ///< "INVALID"
    std::string words = {};    ///< one line, printable
    std::string command = {};  ///< removes what is left; may be empty
};

/// All of them, also of results that were written before they had verdicts; those about one thing
/// stand together.
std::vector<statement> statements_of(const json& document);

/// One member of `data.left`: "at most 40 objects below chopsticks/ID/".
std::string describe_left(const json& item);

/// A sentence for each operation that the target said it does not have, and never served:
/// "s3/select: not supported by the target, 120 of 120 answers (HTTP 501 NotImplemented)".
std::vector<std::string> never_served_sentences(const json& document);

/// One line for each thing that makes one of the three verdicts a bad one, and for what the target
/// does not have, for a run that says nothing else: "invalid: ...", "target: ...", "left behind:
/// ...".
std::vector<std::string> verdict_problems(const json& document);
/// Those of them about what was left behind: what, how much of it, and how to remove it.
std::vector<std::string> left_behind_problems(const json& document);

}  // namespace chopsticks::results
