#include <chopsticks/core/error.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/read.hpp>

#include "bounded_json.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

using type = json::value_t;

/// What every result has, and readers rely on.
constexpr struct {
    const char* pointer;
    type kind;
} required[] = {
    {"/run", type::object},
    {"/run/id", type::string},
    {"/run/started", type::string},
    {"/run/duration_s", type::number_float},
    {"/run/seed", type::number_unsigned},
    {"/run/interrupted", type::boolean},
    {"/validity", type::object},
    {"/validity/valid", type::boolean},
    {"/validity/reasons", type::array},
    {"/load", type::object},
    {"/operations", type::object},
    {"/total", type::object},
    {"/by_endpoint", type::object},
    {"/groups", type::object},
    {"/generator", type::object},
    {"/environment", type::object},
    {"/workload", type::object},
    {"/scenario", type::object},
    {"/intervals", type::array},
};

constexpr struct {
    const char* key;
    type kind;
} figures[] = {
    {"ok", type::number_unsigned},
    {"failed", type::number_unsigned},
    {"bytes", type::number_unsigned},
    {"rate_per_s", type::number_float},
    {"bytes_per_s", type::number_float},
    {"response", type::object},
    {"service", type::object},
    {"send_lag", type::object},
    {"first_byte", type::object},
    {"failed_response", type::object},
    {"errors", type::array},
};

const char* word(type kind) {
    switch (kind) {
        case type::object:
            return "an object";
        case type::array:
            return "a list";
        case type::string:
            return "a text";
        case type::boolean:
            return "true or false";
        case type::number_unsigned:
            return "a count";
        default:
            return "a number";
    }
}

bool is(const json& value, type kind) {
    // 30.0 is written "30.0", but another tool may have rewritten it as 30.
    if (kind == type::number_float) return value.is_number();
    return value.type() == kind;
}

void check_member(const json& holder, const json::json_pointer& at, type kind,
                  const std::string& shown, const std::string& name) {
    if (!holder.contains(at)) {
        throw config_error(name + ": not a whole result: " + shown + " is missing");
    }
    if (!is(holder.at(at), kind)) {
        throw config_error(name + ": " + shown + " is not " + word(kind));
    }
}

void check_figures(const json& one, const std::string& shown, const std::string& name) {
    if (!one.is_object()) throw config_error(name + ": " + shown + " is not an object");
    for (const auto& member : figures) {
        check_member(one, json::json_pointer("/" + std::string(member.key)), member.kind,
                     shown + "." + member.key, name);
    }
}

}  // namespace

bool is_known_version(const json& version) {
    return version.is_number_integer() && version >= json(1) && version <= json(schema_version);
}

void check_result(const json& document, const std::string& name) {
    if (!document.is_object() || !document.contains("schema_version")) {
        throw config_error(name + ": not a result of chopsticks (it has no schema_version)");
    }
    if (document.value("kind", json()) == json("chopsticks-intervals")) {
        throw config_error(name +
                           ": an interval stream, not a result; the result is the .json file "
                           "beside it");
    }
    const json& version = document["schema_version"];
    if (!is_known_version(version)) {
        throw config_error(name + ": result of format " + dump(version) +
                           ", this version of chopsticks reads formats up to " +
                           std::to_string(schema_version) +
                           "; use the version that wrote it, or a later one");
    }
    for (const auto& member : required) {
        std::string shown = member.pointer + 1;
        for (char& c : shown) {
            if (c == '/') c = '.';
        }
        check_member(document, json::json_pointer(member.pointer), member.kind, shown, name);
    }
    check_figures(document["total"], "total", name);
    for (const char* const table : {"operations", "by_endpoint"}) {
        for (const auto& [key, one] : document[table].items()) {
            check_figures(one, std::string(table) + "." + key, name);
        }
    }
}

json read_result(const std::string& path) {
    json document = parse_bounded(read_bounded(path, "read the result"), path);
    check_result(document, path);
    return document;
}

scenario::echo_fields echoed_settings(const json& document, std::string_view workload) {
    const std::string name(workload);
    const json& all = member(document, "workload");
    const json* shown = &member(all, name.c_str());
    if (!shown->is_object()) shown = &member(member(all, "other"), name.c_str());
    scenario::echo_fields out;
    if (!shown->is_object()) return out;
    for (const auto& [key, value] : shown->items()) {
        if (value.is_boolean()) {
            out.emplace_back(key, value.get<bool>());
        } else if (value.is_number_unsigned()) {
            out.emplace_back(key, value.get<std::uint64_t>());
        } else if (value.is_string()) {
            out.emplace_back(key, value.get<std::string>());
        } else if (value.is_array()) {
            std::vector<std::string> texts;
            for (const json& one : value) {
                if (one.is_string()) texts.push_back(one.get<std::string>());
            }
            out.emplace_back(key, std::move(texts));
        }
    }
    return out;
}

}  // namespace chopsticks::results
