#pragma once
/// \file
/// Scripts and styles of a page. They are in the program, so that a page needs nothing but itself;
/// src/report/assets and the distribution's dygraphs are what they are made from. Any thread.

#include <span>
#include <string_view>

namespace chopsticks::report {

struct asset {
    std::string_view name;    ///< "charts.js", "page.css"
    std::string_view text;    ///< nothing in it ends a script or a style
    std::string_view sha256;  ///< of the text, in base64: as a Content-Security-Policy has it
};

/// All that were there when this was built. Valid for ever.
std::span<const asset> assets() noexcept;

/// The one of this name, or null. "dygraph.min.js" and "dygraph.min.css" are null where the library
/// was not installed: charts are then drawn without script only.
const asset* find_asset(std::string_view name) noexcept;

/// Names of the scripts that draw charts over time, in the order in which a page has them.
std::span<const std::string_view> chart_scripts() noexcept;

}  // namespace chopsticks::report
