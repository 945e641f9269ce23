// What the workload rados is: its rows.

#include <algorithm>
#include <cerrno>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/service_model.hpp>

#include "read_settings.hpp"

namespace chopsticks::rados {

namespace {

namespace catalogue = scenario::catalogue;
using parameters = std::vector<catalogue::parameter>;
using scenario::payload;
using scenario::subject_use;

constexpr std::uint64_t kib = 1024;

/// What answers that has not what is to be removed.
constexpr native_code not_there = native_code::of_errno(ENOENT);

bool is_call(std::string_view text) {
    const std::size_t dot = text.find('.');
    const auto is_word = [](std::string_view word) {
        return !word.empty() && word.find_first_not_of(
                                    "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_-") == std::string_view::npos;
    };
    return dot != std::string_view::npos && is_word(text.substr(0, dot)) &&
           is_word(text.substr(dot + 1));
}

bool is_hex(std::string_view text) {
    return text.size() % 2 == 0 &&
           text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

parameters range_parameters(const char* what) {
    return {{"range", "size", "the whole object", what, catalogue::range_value{}},
            {"align", "size", "1 B", "ranges begin at multiples of it",
             catalogue::size_value{.standard = 1, .least = 1}}};
}

catalogue::parameter keys_parameter(std::uint64_t least, const char* what) {
    return {"keys", least == 0 ? "count, 0 to 1000" : "count, 1 to 1000", "1", what,
            catalogue::count_value{.standard = 1, .least = least, .most = 1000}};
}

catalogue::parameter of_parameter() {
    return {"of", "count", "1000", "keys an object may have, one of which the first is",
            catalogue::count_value{.standard = 1000, .least = 1, .most = 1'000'000'000}};
}

catalogue::parameter value_parameter() {
    return {"value", "size", "128 B", "bytes of each value",
            catalogue::size_value{.standard = 128, .least = 1}};
}

catalogue::parameter bytes_parameter(const char* what) {
    return {"bytes", "size", "4 KiB", what, catalogue::size_value{.standard = 4 * kib, .least = 1}};
}

parameters joined(parameters one, parameters other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

std::vector<catalogue::operation> object_operations() {
    return {
        {.code = object_write_full,
         .name = "write_full",
         .description = "write an object as a whole",
         .use = subject_use::make,
         .carries = payload::sent,
         .replay = {.kind = "put", .unasked = true},
         .aliases = {"put", "create", "upload"},
         .parameters = {{"overwrite", "true or false", "false",
                         "rewrite existing objects in turn instead of adding new ones",
                         catalogue::flag_value{.when_set = subject_use::rewrite}}}},
        {.code = object_read,
         .name = "read",
         .description = "read an object",
         .use = subject_use::read,
         .carries = payload::received,
         .replay = {.kind = "get", .unasked = true},
         .aliases = {"get", "download"},
         .parameters = range_parameters("read so many bytes at a random offset")},
        {.code = object_stat,
         .name = "stat",
         .description = "ask for an object's size and time",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.kind = "head", .unasked = true},
         .aliases = {"head", "info"}},
        {.code = object_remove,
         .name = "remove",
         .description = "remove the oldest object that nobody reads",
         .use = subject_use::remove,
         .carries = payload::none,
         .replay = {.kind = "delete", .unasked = true},
         .aliases = {"delete", "rm", "del"},
         .expected = {not_there}},
        {.code = object_write,
         .name = "write",
         .description = "write a range of an object, with the bytes that it holds there",
         .use = subject_use::read,
         .carries = payload::sent,
         .replay = {.why_not = "recordings have no writes into objects"},
         .aliases = {},
         .parameters = range_parameters("write so many bytes at a random offset")},
        {.code = object_cmpext,
         .name = "cmpext",
         .description = "have the OSD compare a range of an object with what was written",
         .use = subject_use::read,
         .carries = payload::sent,
         .replay = {.why_not = "recordings have no comparisons"},
         .aliases = {"compare"},
         .parameters = range_parameters("compare so many bytes at a random offset")},
    };
}

/// Those on an object that each user has for itself.
std::vector<catalogue::operation> log_operations() {
    constexpr const char* why_not = "recordings have no logs";
    return {
        {.code = object_append,
         .name = "append",
         .description = "append to an object of the user's own, which is begun anew at `limit`",
         .use = subject_use::none,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {},
         .parameters = {bytes_parameter("appended"),
                        {"limit", "size", "16 MiB", "of the object",
                         catalogue::size_value{.standard = 16 * kib * kib, .least = 1}}}},
        {.code = object_truncate,
         .name = "truncate",
         .description = "cut bytes off the end of the user's own object",
         .use = subject_use::none,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {},
         .parameters = {bytes_parameter("cut off")}},
        {.code = object_zero,
         .name = "zero",
         .description = "make the last bytes of the user's own object zeros",
         .use = subject_use::none,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {},
         .parameters = {bytes_parameter("made zeros")}},
    };
}

std::vector<catalogue::operation> map_operations() {
    constexpr const char* why_not = "recordings have no keys of objects";
    return {
        {.code = object_omap_set,
         .name = "omap_set",
         .description = "set keys of an object's map",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"setomapval"},
         .parameters = {keys_parameter(1, "set at once, one after the other"), of_parameter(),
                        value_parameter()}},
        {.code = object_omap_get,
         .name = "omap_get",
         .description = "get values of an object's map by their keys; one not there is no failure",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"getomapval"},
         .parameters = {keys_parameter(1, "asked for at once"), of_parameter()}},
        {.code = object_omap_list,
         .name = "omap_list",
         .description = "list keys and values of an object's map, behind a random key",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"listomapvals"},
         .parameters = {keys_parameter(1, "at most"), of_parameter()}},
        {.code = object_xattr_set,
         .name = "xattr_set",
         .description = "set an attribute of an object",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"setxattr"},
         .parameters = {value_parameter()}},
        {.code = object_xattr_get,
         .name = "xattr_get",
         .description = "get all attributes of an object",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"getxattr"}},
    };
}

std::vector<catalogue::operation> step_operations() {
    constexpr const char* why_not = "recordings have no such steps";
    const catalogue::parameter data = {"data", "true or false", "true", "with the object's bytes",
                                       catalogue::flag_value{.standard = true}};
    return {
        {.code = object_exec,
         .name = "exec",
         .description = "call a method of an object class on an object",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {"call"},
         .parameters = {{"call", "CLASS.METHOD", "hello.say_hello", "what is called",
                         catalogue::text_value{"hello.say_hello", "CLASS.METHOD", is_call}},
                        {"input", "hex digits", "", "what it is given",
                         catalogue::text_value{"", "pairs of hex digits", is_hex}}}},
        {.code = object_compound_write,
         .name = "compound_write",
         .description = "as one atomic step: assert that the object is there, write a range, set "
                        "keys and an attribute",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {},
         .parameters =
             joined({data}, joined(range_parameters("write so many bytes at a random offset"),
                                   {keys_parameter(0, "set"),
                                    of_parameter(),
                                    value_parameter(),
                                    {"xattr", "true or false", "true", "with an attribute",
                                     catalogue::flag_value{.standard = true}}}))},
        {.code = object_compound_read,
         .name = "compound_read",
         .description = "as one atomic step: assert that the object is there, read a range, get "
                        "keys and all attributes",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = why_not},
         .aliases = {},
         .parameters =
             joined({data}, joined(range_parameters("read so many bytes at a random offset"),
                                   {keys_parameter(0, "asked for"),
                                    of_parameter(),
                                    {"xattr", "true or false", "true", "with all attributes",
                                     catalogue::flag_value{.standard = true}}}))},
    };
}

catalogue::workload make() {
    catalogue::workload w = {
        .name = "rados",
        .description = "objects in pools of a Ceph cluster (librados)",
        .shape = scenario::subject_shape::objects,
        .drivers =
            {
                {"librados", "asynchronous object I/O through Ceph's library"},
                scenario::catalogue::dummy_driver(false),
            },
        .operations = object_operations(),
        .prepare_with = "write_full",
        .clean_with = "remove",
        .clean_container_with = "",
        .container = "",
        .settings = {.read = read_settings, .example = "write {pool: mypool, namespace: bench}"},
    };
    for (const auto& more : {log_operations(), map_operations(), step_operations()})
        w.operations.insert(w.operations.end(), more.begin(), more.end());
    return w;
}

}  // namespace

const scenario::catalogue::workload& describe_workload() {
    static const catalogue::workload described = make();
    return described;
}

}  // namespace chopsticks::rados
