#include "process_request.hpp"

#include <algorithm>
#include <charconv>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <cstdio>

namespace chopsticks::s3 {

namespace {

using way = program_step::way;

/// Operations that the protocol has words for, and those of their parameters.
struct told_operation {
    std::string_view op;
    way how;
    bool by_key;
    std::string_view parameters[5] = {};
};
constexpr told_operation told_operations[] = {
    {"put", way::put, true, {"overwrite", "storage_class"}},
    {"multipart_put", way::put, true, {"part_size", "concurrency", "storage_class"}},
    {"get", way::get, true},
    {"head", way::head, true},
    {"delete", way::other, true},
    {"list", way::list, false, {"max_keys", "pages", "directory", "delimiter", "start_after"}},
    {"head_bucket", way::other, false},
};

const told_operation* find_told(std::string_view op) {
    const auto* const found = std::find_if(std::begin(told_operations), std::end(told_operations),
                                           [&](const auto& one) { return one.op == op; });
    return found == std::end(told_operations) ? nullptr : found;
}

bool has_parameter(const told_operation& of, std::string_view name) {
    return std::find(std::begin(of.parameters), std::end(of.parameters), name) !=
           std::end(of.parameters);
}

void append_number(std::string& out, std::string_view name, std::uint64_t number) {
    char digits[24];
    const auto written = std::to_chars(digits, digits + sizeof digits, number);
    out.append(",\"").append(name).append("\":").append(digits, written.ptr);
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
    out.append(",\"").append(name).append("\":");
    process::append_json_text(out, text);
}

/// Both as one text; the second needs no escapes.
void append_behind(std::string& out, std::string_view prefix, std::string_view rest) {
    process::append_json_text(out, prefix);
    out.insert(out.size() - 1, rest);
}

/// What of a step is the same in each of its requests. How a listing is narrowed is not.
void append_parameter(std::string& out, const scenario::driver_parameter& p) {
    if (p.name == "overwrite" || p.name == "directory" || p.name == "start_after") return;
    if (const auto* const number = std::get_if<std::uint64_t>(&p.value)) {
        append_number(out, p.name, *number);
    } else if (const auto* const word = std::get_if<std::string>(&p.value)) {
        if (*word != "none") append_text(out, p.name, *word);
    } else if (p.name == "delimiter" && std::get<bool>(p.value)) {
        append_text(out, p.name, "/");
    }
}

std::string names_of(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& one : all) {
        if (find_told(one) != nullptr) out += (out.empty() ? "" : ", ") + one;
    }
    return out;
}

/// Of a listing of one directory, what its names begin with behind the prefix.
void write_directory(const asked& what, char (&out)[8]) {
    if (const auto one = what.directory()) std::snprintf(out, sizeof out, "%02x/", *one);
}

void set_wrong_size(engine::outcome& out, std::uint64_t is, std::uint64_t right) {
    char text[120];
    std::snprintf(text, sizeof text, "%llu bytes where %llu were written",
                  static_cast<unsigned long long>(is), static_cast<unsigned long long>(right));
    out.fail(op_status::corrupt, "WrongSize", text);
}

void judge_list(const program_step& step, const engine::operation& op, const process::answer& said,
                const program_group& group, engine::outcome& out) {
    if (!said.entries) {
        out.fail(op_status::bad_response, "NoEntries",
                 "the driver program does not say how many entries the listing has");
        return;
    }
    // One that may go on says nothing of what it does not show.
    if (said.truncated && step.listed.pages != 0) return;
    asked what = step.listed;
    what.object = op.object;
    const bool at_least = what.one_directory || what.delimited;
    const failure why = judge_whole(*said.entries, group.floor.least_entries(what), at_least);
    if (why) out.fail(why.status, why.code, why.text);
}

}  // namespace

program_step::program_step(const scenario::step& what, const std::string& bucket) {
    const auto* const told = find_told(what.op);
    if (told == nullptr) return;
    how = told->how;
    by_key = told->by_key;
    writes = how == way::put || what.use == scenario::subject_use::remove;
    beginning = "\"op\":\"" + what.op + "\"";
    append_text(beginning, "bucket", bucket);
    for (const scenario::driver_parameter& p : what.values) {
        if (has_parameter(*told, p.name)) append_parameter(beginning, p);
    }
    if (how != way::list) return;
    listed.pages = static_cast<std::uint32_t>(what.number("pages"));
    listed.one_directory = what.flag("directory");
    listed.delimited = what.flag("delimiter");
    listed.behind_a_key = what.flag("start_after");
}

void check_program_step(const scenario::step& what, const process::greeting& said,
                        std::string_view driver) {
    const auto* const told = find_told(what.op);
    if (told == nullptr || !said.has(what.op)) {
        throw config_error("the driver " + std::string(driver) + " does not do `" + what.op +
                           "`; it does " + names_of(said.operations));
    }
    for (const scenario::driver_parameter& p : what.values) {
        if (p.value == p.standard || has_parameter(*told, p.name)) continue;
        throw config_error("the driver " + std::string(driver) + " does not do `" + what.op +
                           "` with `" + std::string(p.name) +
                           "`: its protocol has no word for that; leave it out, or take "
                           "`driver: native`");
    }
}

const std::string& program_group::prefix_of(std::uint64_t object) const noexcept {
    const bool kept = !options->kept_prefix.empty() && object < options->group->data.objects;
    return kept ? options->kept_prefix : options->run_prefix;
}

void program_group::append_key(std::string& out, std::uint64_t object) const {
    char suffix[key_suffix_size];
    write_key_suffix(object, suffix);
    append_behind(out, prefix_of(object), {suffix, sizeof suffix});
}

std::string program_group::key_of(std::uint64_t object) const {
    char suffix[key_suffix_size];
    write_key_suffix(object, suffix);
    return prefix_of(object) + std::string(suffix, sizeof suffix);
}

std::string program_group::listed_prefix(const asked& what) const {
    char directory[8] = "";
    write_directory(what, directory);
    return prefix_of(0) + directory;
}

void write_request(std::string& out, const program_step& step, const engine::operation& op,
                   const program_group& group) {
    out += step.beginning;
    if (step.by_key) {
        out += ",\"key\":";
        group.append_key(out, op.object);
        append_number(out, "size", op.size);
        if (step.how == way::get && op.length > 0) {
            append_number(out, "offset", op.offset);
            append_number(out, "length", op.length);
        }
    }
    if (step.how != way::list) return;
    asked what = step.listed;
    what.object = op.object;
    char directory[8] = "";
    write_directory(what, directory);
    out += ",\"prefix\":";
    append_behind(out, group.prefix_of(0), directory);
    if (!what.behind_a_key) return;
    char suffix[key_suffix_size];
    write_key_suffix(op.object, suffix);
    out += ",\"start_after\":";
    append_behind(out, group.prefix_of(0), {suffix, sizeof suffix});
}

void body_check::begin(const load::content* content, const engine::operation& op) noexcept {
    content_ = content;
    key_ = {op.object, op.version};
    offset_ = op.offset;
    received = 0;
    mismatch = load::content::npos;
}

void body_check::take(std::span<const char> piece) noexcept {
    if (content_ != nullptr && mismatch == load::content::npos) {
        const std::uint64_t at = offset_ + received;
        const std::size_t bad = content_->mismatch(key_, at, piece);
        if (bad != load::content::npos) mismatch = at + bad;
    }
    received += piece.size();
}

void judge_success(const program_step& step, const engine::operation& op,
                   const process::answer& said, const body_check* check, const program_group& group,
                   engine::outcome& out) {
    const std::uint64_t right = op.length > 0 ? op.length : op.size;
    switch (step.how) {
        case way::put:
            if (said.bytes.value_or(op.size) != op.size) {
                set_wrong_size(out, *said.bytes, op.size);
            } else {
                out.bytes = op.size;
            }
            break;
        case way::get:
            if (check == nullptr && !said.bytes) {
                out.fail(op_status::bad_response, "NoBytes",
                         "the driver program does not say how many bytes it has read");
                break;
            }
            out.bytes = check != nullptr ? check->received : *said.bytes;
            if (out.bytes != right) {
                set_wrong_size(out, out.bytes, right);
            } else if (check != nullptr && check->mismatch != load::content::npos) {
                char text[120];
                std::snprintf(text, sizeof text, "object %llu version %u: wrong byte at offset %zu",
                              static_cast<unsigned long long>(op.object), op.version,
                              check->mismatch);
                out.fail(op_status::corrupt, "WrongContent", text);
            }
            break;
        case way::head:
            if (!said.bytes) {
                out.fail(op_status::bad_response, "NoBytes",
                         "the driver program does not say how many bytes the object has");
            } else if (*said.bytes != op.size) {
                set_wrong_size(out, *said.bytes, op.size);
            }
            break;
        case way::list:
            judge_list(step, op, said, group, out);
            break;
        case way::other:
            break;
    }
}

void judge_failure(const process::answer& said, engine::outcome& out) {
    op_status status = said.failure;
    if (status == op_status::ok && said.status > 0) status = classify(said.status, said.code);
    // It said that it is no success, whatever the number beside that.
    if (status == op_status::ok) {
        status = said.status > 0 ? op_status::bad_response : op_status::server_error;
    }
    char number[16] = "Failed";
    if (said.status > 0) std::snprintf(number, sizeof number, "HTTP%d", said.status);
    out.fail(status, said.code[0] != '\0' ? said.code : number, said.message);
}

}  // namespace chopsticks::s3
