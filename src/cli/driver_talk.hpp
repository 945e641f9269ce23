#pragma once
/// \file
/// A conversation with a driver program, one that looks at each rule of the protocol
/// (docs/reference/driver-protocol.md). Blocks; one thread.

#include <chopsticks/process/child.hpp>
#include <chopsticks/process/messages.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::cli {

/// What became of each rule that was looked at: an empty text where it was kept, else what was
/// done. What was not looked at is not there.
class rule_book {
  public:
    void kept(std::string_view rule) { found_.try_emplace(std::string(rule)); }
    /// The first time counts.
    void broke(std::string_view rule, std::string what);
    bool is_broken(std::string_view rule) const;
    bool was_looked_at(std::string_view rule) const { return found_.contains(rule); }
    const std::string& what(std::string_view rule) const { return found_.find(rule)->second; }

  private:
    std::map<std::string, std::string, std::less<>> found_;
};

struct driver_question {
    std::string members;  ///< of the request's object, but for its id and body
    bool has_body = false;
    std::string body;
};

struct driver_reply {
    process::answer said;
    std::string body;
};

/// One start of the program, from its first line to its end.
class driver_talk {
  public:
    struct limits {
        std::int64_t start_ns = 0;
        std::int64_t operation_ns = 0;
    };

    driver_talk(process::child_plan plan, std::string hello, limits within, std::string secret,
                rule_book& rules);

    /// Starts it and reads its first line. False: it is over already. Throws config_error where
    /// there is no such program.
    bool begin();
    const process::greeting& said() const noexcept { return said_; }
    pid_t pid() const noexcept { return child_.pid(); }

    /// Asks all of them at once and waits for all answers, which are in the order of the questions.
    /// Empty: the conversation is over, and the rule is told that ended it.
    std::vector<driver_reply> ask(const std::vector<driver_question>& all);
    /// One of them; nothing: as above.
    bool ask(const driver_question& one, driver_reply& reply);
    bool is_over() const noexcept { return over_; }

    /// Closes its input and waits for its end.
    void end();

  private:
    bool over(std::string_view rule, std::string what);
    bool exchange(std::string_view out, std::size_t answers);
    bool read_more();
    bool take_what_came();
    bool take_line(std::string_view line);
    void look_at_figures(const process::json_value& told);
    std::string how_it_ended();

    process::child_plan plan_;
    std::string hello_;
    limits within_;
    std::string secret_;
    rule_book& rules_;
    process::child child_;
    process::error_tail errors_;
    process::greeting said_;
    std::string came_;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, driver_reply> replies_;
    std::map<std::uint64_t, bool> asked_;  // by id: answered
    std::size_t answered_ = 0;             // of those that are asked now
    std::uint64_t body_of_ = 0;
    std::uint64_t body_left_ = 0;
    std::vector<double> told_;
    bool ended_output_ = false;
    bool over_ = false;
};

}  // namespace chopsticks::cli
