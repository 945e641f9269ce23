#include <algorithm>
#include <chopsticks/process/messages.hpp>
#include <cstring>

namespace chopsticks::process {

namespace {

template <std::size_t Size>
void copy_plain(const json_value& from, char (&to)[Size]) noexcept {
    const std::size_t size = from.copy_text(std::span(to, Size - 1));
    to[size] = '\0';
    for (char* c = to; c < to + size; ++c) {
        if (static_cast<unsigned char>(*c) < 0x20) *c = ' ';
    }
}

std::string read_figure(const json_value& from, greeting& out) {
    stats::driver_figure figure;
    if (from.kind != json_kind::object) return "an item of `figures` is no object";
    json_walk members(from.raw);
    while (members.next()) {
        const std::string text = members.value().text();
        if (members.name() == "name") figure.name = text;
        if (members.name() == "unit") figure.unit = text;
        if (members.name() == "description") figure.description = text;
        if (members.name() != "kind") continue;
        if (text != "counter" && text != "gauge") {
            return "the kind of a figure is \"counter\" or \"gauge\", not \"" + text + "\"";
        }
        if (text == "gauge") figure.kind = stats::figure_kind::gauge;
    }
    std::string problem = stats::problem_with(figure);
    if (!problem.empty()) return problem;
    out.figures.push_back(std::move(figure));
    return {};
}

std::string read_figures(const json_value& from, greeting& out) {
    if (from.kind != json_kind::array) return "`figures` is no array";
    json_walk items(from.raw);
    while (items.next()) {
        std::string problem = read_figure(items.value(), out);
        if (!problem.empty()) return problem;
    }
    return stats::problem_with(out.figures);
}

std::string read_operations(const json_value& from, greeting& out) {
    if (from.kind != json_kind::array) return "`operations` is no array";
    json_walk items(from.raw);
    while (items.next()) {
        if (items.value().kind != json_kind::text) return "an item of `operations` is no text";
        out.operations.push_back(items.value().text());
    }
    return {};
}

/// The class that a program names; nothing: there is no such one for it to name.
std::optional<op_status> class_of(const json_value& text) noexcept {
    for (const op_status one :
         {op_status::redirect, op_status::client_error, op_status::server_error,
          op_status::slow_down, op_status::connect_failed, op_status::connection_lost,
          op_status::timeout, op_status::bad_response, op_status::corrupt, op_status::io_error}) {
        if (text.kind == json_kind::text && text.raw == name(one)) return one;
    }
    return {};
}

}  // namespace

bool greeting::has(std::string_view operation) const {
    return std::find(operations.begin(), operations.end(), operation) != operations.end();
}

std::string shown(std::string_view line) {
    constexpr std::size_t most = 80;
    std::string out = "`";
    for (const char c : line.substr(0, most))
        out +=
            static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f ? '.' : c;
    return out + (line.size() > most ? "...`" : "`");
}

std::string read_greeting(std::string_view line, greeting& out) {
    out = greeting();
    json_walk members(line);
    bool ready = false;
    std::string problem;
    while (problem.empty() && members.next()) {
        const json_value& value = members.value();
        if (members.name() == "ready") {
            ready = true;
            if (value.count() != protocol_version) {
                problem = "it speaks another version of the protocol: `ready` has to be 1";
            }
        }
        if (members.name() == "name") out.name = value.text();
        if (members.name() == "version") out.version = value.text();
        if (members.name() == "operations") problem = read_operations(value, out);
        if (members.name() == "figures") problem = read_figures(value, out);
    }
    if (!problem.empty()) return problem;
    if (!members.is_whole() || !ready) {
        return "its first line is not {\"ready\":1,...}, but " + shown(line);
    }
    if (out.operations.empty()) return "its first line names no `operations`";
    return {};
}

std::string_view read_answer(std::string_view line, answer& out) noexcept {
    json_walk members(line);
    bool has_ok = false;
    out = answer();
    while (members.next()) {
        const std::string_view name = members.name();
        const json_value& value = members.value();
        const auto count = value.count();
        if (name == "id") {
            if (!count) return "its `id` is no whole number";
            out.id = *count;
            out.has_id = true;
        } else if (name == "ok") {
            if (value.kind != json_kind::boolean) return "its `ok` is neither true nor false";
            out.ok = value.is_true();
            has_ok = true;
        } else if (name == "body") {
            if (!count) return "its `body` is no number of bytes";
            out.body = *count;
        } else if (name == "bytes") {
            if (!count) return "its `bytes` is no number of bytes";
            out.bytes = count;
        } else if (name == "entries") {
            if (!count) return "its `entries` is no count";
            out.entries = count;
        } else if (name == "retries") {
            if (!count || *count > UINT32_MAX) return "its `retries` is no count";
            out.retries = static_cast<std::uint32_t>(*count);
        } else if (name == "status") {
            if (!count || *count > 999) return "its `status` is no HTTP status";
            out.status = static_cast<int>(*count);
        } else if (name == "class") {
            const auto found = class_of(value);
            if (!found) return "its `class` is none of those that there are";
            out.failure = *found;
        } else if (name == "truncated") {
            out.truncated = value.is_true();
        } else if (name == "code") {
            copy_plain(value, out.code);
        } else if (name == "message") {
            copy_plain(value, out.message);
        } else if (name == "figures") {
            if (value.kind != json_kind::object) return "its `figures` are no object";
            out.figures = value;
        }
    }
    if (!members.is_whole()) return "it is not one JSON object";
    if (out.has_id && !has_ok) return "it has an `id` and no `ok`";
    if (!out.has_id && (has_ok || out.body > 0)) return "it has no `id`";
    if (!out.has_id && out.figures.kind == json_kind::null)
        return "it has neither `id` nor `figures`";
    return {};
}

}  // namespace chopsticks::process
