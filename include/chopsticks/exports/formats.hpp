#pragma once
/// \file
/// A result in the formats of other tools. docs/reference/export.md has their columns.

#include <chopsticks/results/result_file.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::exports {

/// Where a log's records come from: calls its argument for each of them, in the log's order.
using record_visitor =
    std::function<void(const trace::op_log_header& header, const trace::op_record& record)>;
using record_source = std::function<void(const record_visitor& visit)>;

/// Takes the text of an export, piece by piece.
using text_sink = std::function<void(std::string_view text)>;

enum class log_need : std::uint8_t {
    none,      ///< the format is of figures
    optional,  ///< operations are in it if there is a log
    required,  ///< the format is of operations
};

struct format {
    std::string_view name;
    std::string_view description;
    log_need log;
    void (*write)(const results::result_file& result, const record_source& log,
                  const text_sink& out);
};

/// All formats, in the order of the help. Constant; any thread.
///
/// `write` throws config_error for a result that the format cannot show, and lets through what the
/// source and the sink throw; an empty source is a log that there is not. Figures are those of the
/// document; what is summed here is summed by bucket.
const std::vector<format>& formats();

/// Null if there is none of that name.
const format* find_format(std::string_view name);

}  // namespace chopsticks::exports
