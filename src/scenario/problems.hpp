#pragma once
/// \file
/// Several mistakes in one message: whoever mends a file by hand wants them all at once.

#include <chopsticks/core/error.hpp>
#include <string>
#include <vector>

namespace chopsticks::scenario {

/// One mistake and where it is. A line of 0: in no line of a file (an override, the file itself).
struct problem {
    int line = 0;
    int column = 0;
    std::string text;
};

/// What the functions that read a file throw: one mistake, or several. what() has a line for each.
class problems_error : public config_error {
  public:
    explicit problems_error(std::vector<problem> all);

    const std::vector<problem>& all() const noexcept { return all_; }

  private:
    std::vector<problem> all_;
};

/// Collects mistakes of parts that do not depend on each other.
class problem_list {
  public:
    /// Does `body`; what it throws as a config_error is kept for `raise`. False: it did.
    template <typename Body>
    bool attempt(Body&& body) {
        try {
            body();
            return true;
        } catch (const config_error& error) {
            keep(error);
            return false;
        }
    }

    bool empty() const noexcept { return found_.empty(); }

    /// Throws what was kept, if anything was, in the order of the lines: at most ten, and how many
    /// more there are. Of two at one place the first stands, since it knew more.
    void raise();

  private:
    void keep(const config_error& error);

    std::vector<problem> found_;
};

}  // namespace chopsticks::scenario
