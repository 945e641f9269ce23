#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::scenario::catalogue {

namespace {

/// What a target answers that has not what is to be removed.
const native_code not_there = native_code::of_http(404);

std::vector<parameter> put_parameters() {
    return {{"overwrite", "true or false", "false",
             "rewrite existing objects in turn instead of adding new ones",
             flag_value{&step::overwrite, subject_use::rewrite}}};
}

std::vector<parameter> get_parameters() {
    return {{"range", "size", "the whole object",
             "read so many bytes at a random offset instead of the whole object",
             size_value{&step::range_bytes, 1}}};
}

std::vector<parameter> list_parameters() {
    return {{"max_keys", "count, 1 to 1000", "1000", "keys per page",
             count_value{&step::max_keys, 1, 1000}},
            {"pages", "count", "1", "pages to follow at most; 0 = to the end",
             count_value{&step::pages, 0, 1'000'000'000}},
            {"directory", "true or false", "false",
             "list one of the data set's 256 directories instead of all of it",
             flag_value{&step::list_directory, subject_use::unstated}}};
}

workload make_s3() {
    return {
        .name = "s3",
        .description = "an S3 object store: Ceph RGW, MinIO, AWS and others",
        .shape = subject_shape::objects,
        .drivers =
            {
                {"native",
                 "HTTP/1.1, one connection per user: a parser and an event loop of our own (the "
                 "default)"},
                {"beast", "the same on Boost.Asio and Boost.Beast, to compare with"},
                {"dummy",
                 "answers at once and sends nothing; shows what the generator itself can do"},
            },
        .operations =
            {
                {.code = s3_put,
                 .name = "put",
                 .description = "write an object",
                 .use = subject_use::make,
                 .carries = payload::sent,
                 .replay = {.kind = "put", .unasked = true},
                 .aliases = {"upload", "write", "create", "putobject"},
                 .parameters = put_parameters()},
                {.code = s3_get,
                 .name = "get",
                 .description = "read an object",
                 .use = subject_use::read,
                 .carries = payload::received,
                 .replay = {.kind = "get", .unasked = true},
                 .aliases = {"download", "read", "fetch", "getobject"},
                 .parameters = get_parameters()},
                {.code = s3_head,
                 .name = "head",
                 .description = "ask for an object's size and metadata",
                 .use = subject_use::read,
                 .carries = payload::none,
                 .replay = {.kind = "head", .unasked = true},
                 .aliases = {"stat", "info", "headobject"}},
                {.code = s3_delete,
                 .name = "delete",
                 .description = "delete the oldest object that nobody reads",
                 .use = subject_use::remove,
                 .carries = payload::none,
                 .replay = {.kind = "delete", .unasked = true},
                 .aliases = {"rm", "remove", "del", "deleteobject"},
                 .expected = {not_there}},
                {.code = s3_list,
                 .name = "list",
                 .description = "list objects (version 2 of the API)",
                 .use = subject_use::none,
                 .carries = payload::none,
                 .replay = {.kind = "list", .unasked = true},
                 .aliases = {"ls", "listobjects", "listobjectsv2"},
                 .parameters = list_parameters()},
                {.code = s3_create_bucket,
                 .name = "create_bucket",
                 .description = "make a bucket beside the configured one",
                 .use = subject_use::make_container,
                 .carries = payload::none,
                 .replay = {.kind = "create_bucket"},
                 .aliases = {"createbucket"}},
                {.code = s3_head_bucket,
                 .name = "head_bucket",
                 .description = "ask whether the configured bucket exists",
                 .use = subject_use::none,
                 .carries = payload::none,
                 .replay = {.kind = "head_bucket"},
                 .aliases = {"headbucket"}},
                {.code = s3_delete_bucket,
                 .name = "delete_bucket",
                 .description = "delete a bucket that create_bucket made",
                 .use = subject_use::remove_container,
                 .carries = payload::none,
                 .replay = {.kind = "delete_bucket"},
                 .aliases = {"deletebucket"},
                 .expected = {not_there}},
            },
        .prepare_with = "put",
        .clean_with = "delete",
        .clean_container_with = "delete_bucket",
        .container = "bucket",
    };
}

std::vector<parameter> block_parameters(bool scatters) {
    std::vector<parameter> all = {
        {"block", "size or mix", "4KiB", "bytes per I/O: a size, or {table: {4KiB: 70, 64KiB: 30}}",
         block_value{}},
        {"pattern", "sequential, sequential_shared or random", "random",
         "how the blocks of an image are gone through", pattern_value{}},
        {"offsets", "uniform, {zipf: 0.99} or {hot_set: ...}", "uniform",
         "random: which blocks are chosen more often", offsets_value{}},
        {"align", "size", "the greatest block", "random: distance between places", align_value{}}};
    if (scatters) {
        all.push_back({"pieces", "count, 1 to 1024", "1",
                       "buffers per I/O, to scatter to or gather from",
                       count_value{&step::pieces, 1, 1024}});
    }
    return all;
}

workload make_rbd() {
    return {
        .name = "rbd",
        .description = "block devices of a Ceph cluster (RBD images)",
        .shape = subject_shape::extents,
        .drivers =
            {
                {"librbd", "asynchronous block I/O through Ceph's library"},
                {"dummy",
                 "answers at once and sends nothing; shows what the generator itself can do"},
            },
        .operations =
            {
                {.code = rbd_read,
                 .name = "read",
                 .description = "read a block",
                 .use = subject_use::read_extent,
                 .carries = payload::received,
                 .replay = {.kind = "read", .unasked = true},
                 .aliases = {"get"},
                 .parameters = block_parameters(true)},
                {.code = rbd_write,
                 .name = "write",
                 .description = "write a block",
                 .use = subject_use::change_extent,
                 .carries = payload::sent,
                 .replay = {.kind = "write", .unasked = true},
                 .aliases = {"put"},
                 .parameters = block_parameters(true)},
                {.code = rbd_flush,
                 .name = "flush",
                 .description = "wait until what was written to an image is safe",
                 .use = subject_use::whole_extent,
                 .carries = payload::none,
                 .replay = {.kind = "flush", .unasked = true},
                 .aliases = {"sync", "fsync"}},
                {.code = rbd_discard,
                 .name = "discard",
                 .description = "give a block's space back",
                 .use = subject_use::change_extent,
                 .carries = payload::none,
                 .replay = {.kind = "discard", .unasked = true},
                 .aliases = {"trim", "unmap"},
                 .parameters = block_parameters(false)},
                {.code = rbd_write_zeroes,
                 .name = "write_zeroes",
                 .description = "make a block read as zeroes",
                 .use = subject_use::change_extent,
                 .carries = payload::none,
                 .replay = {.kind = "write_zeroes", .unasked = true},
                 .aliases = {"zero"},
                 .parameters = block_parameters(false)},
                {.code = rbd_writesame,
                 .name = "writesame",
                 .description = "fill a block with one repeated pattern",
                 .use = subject_use::change_extent,
                 .carries = payload::none,
                 .replay = {.kind = "writesame", .unasked = true},
                 .aliases = {},
                 .parameters = block_parameters(false),
                 .place = {.unverifiable = "the same bytes everywhere do not say where"}},
                {.code = rbd_compare_and_write,
                 .name = "compare_and_write",
                 .description = "write a block if it holds what is expected, as one step",
                 .use = subject_use::change_extent,
                 .carries = payload::sent,
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
    };
}

template <typename List>
auto find_by_name(const List& list, std::string_view name) -> decltype(list.data()) {
    for (const auto& item : list) {
        if (item.name == name) return &item;
    }
    return nullptr;
}

}  // namespace

const std::vector<workload>& workloads() {
    static const std::vector<workload> all = {make_s3(), make_rbd()};
    return all;
}

const workload* find_workload(std::string_view name) {
    return find_by_name(workloads(), name);
}

const operation* find_operation(const workload& in, std::string_view name) {
    return find_by_name(in.operations, name);
}

const driver* find_driver(const workload& in, std::string_view name) {
    return find_by_name(in.drivers, name);
}

const operation* workload::that_does(subject_use use) const {
    const auto sets = [use](const parameter& p) {
        const auto* const flag = std::get_if<flag_value>(&p.value);
        return flag != nullptr && flag->when_set == use;
    };
    for (const operation& row : operations) {
        if (row.use == use) return &row;
        if (std::any_of(row.parameters.begin(), row.parameters.end(), sets)) return &row;
    }
    return nullptr;
}

const workload& workload_of(const group& g) {
    const workload* const found = find_workload(g.workload);
    CHOPSTICKS_ASSERT(found != nullptr);
    return *found;
}

const operation& operation_of(const group& g, const step& s) {
    const workload& in = workload_of(g);
    CHOPSTICKS_ASSERT(s.code < in.operations.size());
    return in.operations[s.code];
}

step plain_step(const operation& op) {
    step s;
    s.op = op.name;
    s.code = op.code;
    s.use = op.use;
    s.parts = op.parts;
    s.align_bytes = s.block.max();
    return s;
}

std::string_view operation_name(std::string_view workload_name, std::uint16_t code) {
    const workload* w = find_workload(workload_name);
    return w != nullptr && code < w->operations.size() ? w->operations[code].name : "?";
}

}  // namespace chopsticks::scenario::catalogue
