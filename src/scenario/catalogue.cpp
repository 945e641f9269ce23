#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::scenario::catalogue {

namespace {

workload make_s3() {
    return {
        "s3",
        "an S3 object store: Ceph RGW, MinIO, AWS and others",
        {
            {"beast", "HTTP/1.1 over Boost.Beast and Asio, one connection per user"},
            {"dummy", "answers at once and sends nothing; shows what the generator itself can do"},
        },
        {
            {s3_put,
             "put",
             "write an object",
             {{"overwrite", "true or false", "false",
               "rewrite existing objects in turn instead of adding new ones"}}},
            {s3_get,
             "get",
             "read an object",
             {{"range", "size", "the whole object",
               "read so many bytes at a random offset instead of the whole object"}}},
            {s3_head, "head", "ask for an object's size and metadata", {}},
            {s3_delete, "delete", "delete the oldest object that nobody reads", {}},
            {s3_list,
             "list",
             "list objects (version 2 of the API)",
             {{"max_keys", "count, 1 to 1000", "1000", "keys per page"},
              {"pages", "count", "1", "pages to follow at most; 0 = to the end"},
              {"directory", "true or false", "false",
               "list one of the data set's 256 directories instead of all of it"}}},
            {s3_create_bucket, "create_bucket", "make a bucket beside the configured one", {}},
            {s3_head_bucket, "head_bucket", "ask whether the configured bucket exists", {}},
            {s3_delete_bucket, "delete_bucket", "delete a bucket that create_bucket made", {}},
        },
    };
}

std::vector<parameter> block_parameters(bool scatters) {
    std::vector<parameter> all = {
        {"block", "size or mix", "4KiB",
         "bytes per I/O: a size, or {table: {4KiB: 70, 64KiB: 30}}"},
        {"pattern", "sequential, sequential_shared or random", "random",
         "how the blocks of an image are gone through"},
        {"offsets", "uniform, {zipf: 0.99} or {hot_set: ...}", "uniform",
         "random: which blocks are chosen more often"},
        {"align", "size", "the greatest block", "random: distance between places"}};
    if (scatters) {
        all.push_back(
            {"pieces", "count, 1 to 1024", "1", "buffers per I/O, to scatter to or gather from"});
    }
    return all;
}

workload make_rbd() {
    return {
        "rbd",
        "block devices of a Ceph cluster (RBD images)",
        {
            {"librbd", "asynchronous block I/O through Ceph's library"},
            {"dummy", "answers at once and sends nothing; shows what the generator itself can do"},
        },
        {
            {rbd_read, "read", "read a block", block_parameters(true)},
            {rbd_write, "write", "write a block", block_parameters(true)},
            {rbd_flush, "flush", "wait until what was written to an image is safe", {}},
            {rbd_discard, "discard", "give a block's space back", block_parameters(false)},
            {rbd_write_zeroes, "write_zeroes", "make a block read as zeroes",
             block_parameters(false)},
            {rbd_writesame, "writesame", "fill a block with one repeated pattern",
             block_parameters(false)},
            {rbd_compare_and_write, "compare_and_write",
             "write a block if it holds what is expected, as one step", block_parameters(false)},
        },
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

std::string_view operation_name(std::string_view workload_name, std::uint16_t code) {
    const workload* w = find_workload(workload_name);
    return w != nullptr && code < w->operations.size() ? w->operations[code].name : "?";
}

}  // namespace chopsticks::scenario::catalogue
