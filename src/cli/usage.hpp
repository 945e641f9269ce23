#pragma once
/// \file
/// Command lines that are wrong, answered with what was probably meant.

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::cli {

/// `help [COMMAND]`, `version`, a command that there is none of, options before any command: what
/// CLI11 would only call missing or unexpected. Prints the answer.
/// \return the exit status; -1: the command line is none of these
int answer_first_words(const CLI::App& app, const std::vector<std::string>& command_line);

/// Says what is wrong with the options. \return the exit status
int refuse(const CLI::App& app, const CLI::ParseError& error);

/// What to use here for an option of Locust, warp or fio, e.g. "--obj.size"; empty for others.
std::string_view foreign_option_hint(std::string_view option) noexcept;

/// Program, libraries and build, a line each.
std::string version_text();

}  // namespace chopsticks::cli
