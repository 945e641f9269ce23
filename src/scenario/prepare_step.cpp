#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/prepare_step.hpp>
#include <string>
#include <variant>

namespace chopsticks::scenario {

namespace {

/// Whether a parameter of the operation can have that word.
bool takes_word(const catalogue::operation& op, std::string_view name, const std::string& word) {
    return std::any_of(op.parameters.begin(), op.parameters.end(), [&](const auto& p) {
        const auto* const words = std::get_if<catalogue::word_value>(&p.value);
        return p.name == name && words != nullptr &&
               std::find(words->words.begin(), words->words.end(), word) != words->words.end();
    });
}

/// Has `making` say what the read says and it says nothing of.
void take_words(step& making, const catalogue::operation& op, const step& read) {
    for (const driver_parameter& said : read.values) {
        const auto* const word = std::get_if<std::string>(&said.value);
        if (word == nullptr || said.value == said.standard) continue;
        if (!takes_word(op, said.name, *word)) continue;
        for (driver_parameter& mine : making.values) {
            if (mine.name == said.name && mine.value == mine.standard) mine.value = said.value;
        }
    }
}

}  // namespace

step prepare_step(const group& of) {
    const catalogue::workload& workload = catalogue::workload_of(of);
    const auto* const op = catalogue::find_operation(workload, workload.prepare_with);
    CHOPSTICKS_ASSERT(op != nullptr);
    step making = catalogue::plain_step(*op);
    for (const task& t : of.tasks) {
        for (const step& s : t.steps) {
            if (s.use == subject_use::make || s.use == subject_use::rewrite) break;
            if (s.use == subject_use::read) take_words(making, *op, s);
        }
    }
    return making;
}

}  // namespace chopsticks::scenario
