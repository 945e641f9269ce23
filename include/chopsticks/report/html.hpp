#pragma once
/// \file
/// A page as one file of HTML that needs no other: tables and drawings in it, charts over time also
/// as data for the script. Pure; any thread.

#include <chopsticks/report/page.hpp>
#include <string>
#include <string_view>

namespace chopsticks::report {

std::string to_html(const page& shown);

/// `text` between tags and in attributes: escaped, without what is no UTF-8, controls and
/// characters that turn the direction of text around. Line breaks and tabs stay.
std::string escaped(std::string_view text);

}  // namespace chopsticks::report
