#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cmath>

#include "reader.hpp"

namespace chopsticks::trace {

namespace {

/// Files up to this are read whole; of larger ones this much at each end.
constexpr std::uint64_t whole_bytes = 64 << 20;
constexpr std::uint64_t end_bytes = 8 << 20;

/// Adds what the reader finds up to a place in the file.
struct tally {
    recording_survey& out;
    std::int64_t first_ns = INT64_MAX;
    std::int64_t last_ns = INT64_MIN;

    void read(recording_reader& file, std::uint64_t until) {
        recorded_operation op;
        while (file.position() <= until && file.next(op)) {
            if (op.kind == not_replayed) {
                ++out.unmapped;
                continue;
            }
            if (op.refused) {
                ++out.refused;
                continue;
            }
            ++out.operations;
            ++out.by_kind[op.kind];
            first_ns = std::min(first_ns, op.time_ns);
            last_ns = std::max(last_ns, op.time_ns);
        }
    }
};

}  // namespace

recording_survey survey(const replay_options& options) {
    recording_survey out;
    out.by_kind.resize(options.kinds.size());
    recording_reader file(options);
    out.format = file.format();
    const bool blocks =
        std::any_of(options.kinds.begin(), options.kinds.end(), [](const replay_kind& k) {
            return k.dealt == dealing::by_place || k.dealt == dealing::by_extent;
        });
    if (blocks && out.format != recording_format::chopsticks) {
        throw config_error("recording " + options.file + ": is in the format " +
                           std::string(name(out.format)) +
                           ", which has no operations of block devices; replay it with a group of "
                           "`workload: s3`, or record one with `run --op-log`");
    }
    out.file_bytes = file.file_bytes();
    out.whole = out.file_bytes <= whole_bytes;
    tally sum{out};
    if (out.whole) {
        sum.read(file, UINT64_MAX);
    } else {
        sum.read(file, end_bytes);
        file.go_to(out.file_bytes - end_bytes);
        sum.read(file, UINT64_MAX);
    }
    out.read = file.figures();
    if (!file.problem().empty()) {
        throw config_error("recording " + options.file + ": " + file.problem());
    }
    if (out.operations == 0) {
        std::string why = "has no operation to replay: " + std::to_string(out.read.lines) +
                          (out.format == recording_format::chopsticks ? " records, " : " lines, ") +
                          std::to_string(out.read.malformed) + " malformed, " +
                          std::to_string(out.unmapped) + " of kinds that the tasks lack, " +
                          std::to_string(out.refused) + " that the recorded target had refused";
        throw config_error("recording " + options.file + ": " + why +
                           "; check `format`, `group` and the tasks");
    }
    double span_ns = static_cast<double>(sum.last_ns - sum.first_ns);
    // The last second's operations are spread over it.
    if (out.format == recording_format::s3_access_log) span_ns += 1e9;
    out.length_s = span_ns / options.speed / 1e9;
    if (!out.whole) {
        const double share = static_cast<double>(out.file_bytes) / (2.0 * end_bytes);
        out.operations =
            static_cast<std::uint64_t>(std::llround(static_cast<double>(out.operations) * share));
    }
    return out;
}

}  // namespace chopsticks::trace
