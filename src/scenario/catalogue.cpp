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

template <typename List>
auto find_by_name(const List& list, std::string_view name) -> decltype(list.data()) {
    for (const auto& item : list) {
        if (item.name == name) return &item;
    }
    return nullptr;
}

}  // namespace

const std::vector<workload>& workloads() {
    static const std::vector<workload> all = {make_s3()};
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
