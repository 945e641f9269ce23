// What the workload rbd is: its rows.

#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/service_model.hpp>

#include "read_settings.hpp"

namespace chopsticks::rbd {

namespace {

namespace catalogue = scenario::catalogue;

std::vector<catalogue::parameter> block_parameters(bool scatters) {
    std::vector<catalogue::parameter> all = {
        {"block", "size or mix", "4KiB", "bytes per I/O: a size, or {table: {4KiB: 70, 64KiB: 30}}",
         catalogue::block_value{}},
        {"pattern", "sequential, sequential_shared or random", "random",
         "how the blocks of an image are gone through", catalogue::pattern_value{}},
        {"offsets", "uniform, {zipf: 0.99} or {hot_set: ...}", "uniform",
         "random: which blocks are chosen more often", catalogue::offsets_value{}},
        {"align", "size", "the greatest block", "random: distance between places",
         catalogue::align_value{}}};
    if (scatters) {
        all.push_back({"pieces", "count, 1 to 1024", "1",
                       "buffers per I/O, to scatter to or gather from", catalogue::pieces_value{}});
    }
    return all;
}

catalogue::workload make() {
    return {
        .name = "rbd",
        .description = "block devices of a Ceph cluster (RBD images)",
        .shape = scenario::subject_shape::extents,
        .drivers =
            {
                {"librbd", "asynchronous block I/O through Ceph's library"},
                scenario::catalogue::dummy_driver(false),
            },
        .operations =
            {
                {.code = block_read,
                 .name = "read",
                 .description = "read a block",
                 .use = scenario::subject_use::read_extent,
                 .carries = scenario::payload::received,
                 .replay = {.kind = "read", .unasked = true},
                 .aliases = {"get"},
                 .parameters = block_parameters(true)},
                {.code = block_write,
                 .name = "write",
                 .description = "write a block",
                 .use = scenario::subject_use::change_extent,
                 .carries = scenario::payload::sent,
                 .replay = {.kind = "write", .unasked = true},
                 .aliases = {"put"},
                 .parameters = block_parameters(true)},
                {.code = block_flush,
                 .name = "flush",
                 .description = "wait until what was written to an image is safe",
                 .use = scenario::subject_use::whole_extent,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "flush", .unasked = true},
                 .aliases = {"sync", "fsync"}},
                {.code = block_discard,
                 .name = "discard",
                 .description = "give a block's space back",
                 .use = scenario::subject_use::change_extent,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "discard", .unasked = true},
                 .aliases = {"trim", "unmap"},
                 .parameters = block_parameters(false)},
                {.code = block_write_zeroes,
                 .name = "write_zeroes",
                 .description = "make a block read as zeroes",
                 .use = scenario::subject_use::change_extent,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "write_zeroes", .unasked = true},
                 .aliases = {"zero"},
                 .parameters = block_parameters(false)},
                {.code = block_writesame,
                 .name = "writesame",
                 .description = "fill a block with one repeated pattern",
                 .use = scenario::subject_use::change_extent,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "writesame", .unasked = true},
                 .aliases = {},
                 .parameters = block_parameters(false),
                 .place = {.unverifiable = "the same bytes everywhere do not say where"}},
                {.code = block_compare_and_write,
                 .name = "compare_and_write",
                 .description = "write a block if it holds what is expected, as one step",
                 .use = scenario::subject_use::change_extent,
                 .carries = scenario::payload::sent,
                 .replay = {.why_not = "what it is to find is known only where each core keeps to "
                                       "blocks of its own"},
                 .aliases = {},
                 .parameters = block_parameters(false),
                 // What an OSD carries out as one step is held in memory there.
                 .place = {.one_step_most = 64ULL << 10}},
            },
        .prepare_with = "write",
        .clean_with = "",
        .clean_container_with = "",
        .container = "",
        .settings = {.read = read_settings,
                     .example = "write {pool: rbd, prefix: chopsticks-, count: 4, size: 10GiB}"},
    };
}

}  // namespace

const scenario::catalogue::workload& describe_workload() {
    static const catalogue::workload described = make();
    return described;
}

}  // namespace chopsticks::rbd
