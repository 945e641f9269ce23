#pragma once
/// \file
/// A command with placeholders, as a driver that runs a program for each operation has one for each
/// kind of them. There is no shell: a placeholder is replaced within its word, whatever the text
/// is. Values; any core.

#include <chopsticks/scenario/reader.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

/// A text with placeholders, each in braces; `{{` and `}}` are braces themselves.
class text_template {
  public:
    /// Returns it, or sets `problem` to a sentence of what is wrong with it.
    /// \param names of the placeholders that there are; a placeholder's number is its place here
    static text_template parse(std::string_view text, std::span<const std::string_view> names,
                               std::string& problem);

    /// Appends the text. \param values by the placeholders' numbers
    void append(std::string& out, std::span<const std::string> values) const;
    bool names(std::size_t placeholder) const noexcept;

  private:
    struct piece {
        std::string text;
        std::optional<std::size_t> placeholder;  // in place of the text
    };
    std::vector<piece> pieces_;
};

/// The words of a command.
class command_template {
  public:
    static command_template parse(std::string_view command, std::span<const std::string_view> names,
                                  std::string& problem);

    bool is_empty() const noexcept { return words_.empty(); }
    bool names(std::size_t placeholder) const noexcept;
    /// Its words for one operation.
    std::vector<std::string> words(std::span<const std::string> values) const;

  private:
    std::vector<text_template> words_;
};

}  // namespace chopsticks::scenario
