#include "world_plan.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/run_id.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdlib>

namespace chopsticks::cli {

namespace {

constexpr std::size_t text_bytes_most = 1U << 20;
constexpr std::size_t word_bytes_most = 200;
constexpr std::uint64_t cores_most = 1U << 20;
constexpr std::uint64_t extents_most = 100'000;

[[noreturn]] void refuse_plan(const std::string& why) {
    throw config_error("the master's plan: " + why);
}

std::string text_of(const json& data, const char* key, std::size_t most, bool optional = false) {
    if (optional && (!data.contains(key) || data[key].is_null())) return {};
    if (!data.contains(key) || !data[key].is_string())
        refuse_plan(std::string("\"") + key + "\" is not a text");
    std::string out = data[key].get<std::string>();
    if (out.size() > most) refuse_plan(std::string("\"") + key + "\" is too long");
    return out;
}

std::uint64_t count_of(const json& data, const char* key, std::uint64_t most) {
    if (!data.contains(key) || !data[key].is_number_unsigned() ||
        data[key].get<std::uint64_t>() > most)
        refuse_plan(std::string("\"") + key + "\" is not a count up to " + std::to_string(most));
    return data[key].get<std::uint64_t>();
}

std::string id_of(const json& data, const char* key) {
    std::string out = text_of(data, key, word_bytes_most);
    // It becomes part of names on the target, and of a file's.
    if (!is_run_id(out)) refuse_plan(std::string("\"") + key + "\" is no run id");
    return out;
}

std::vector<std::string> texts_of(const json& data, const char* key) {
    std::vector<std::string> out;
    if (!data.contains(key) || !data[key].is_array()) refuse_plan("it has no targets");
    for (const json& one : data[key]) {
        if (!one.is_string()) refuse_plan("a note of a target is no text");
        out.push_back(one.get<std::string>());
    }
    return out;
}

}  // namespace

world_plan read_plan(const json& data, unsigned cores) {
    if (!data.is_object()) refuse_plan("it is none");
    world_plan out;
    out.run = text_of(data, "run", word_bytes_most);
    out.world = id_of(data, "world");
    out.run_id = id_of(data, "run_id");
    out.first_core = static_cast<unsigned>(count_of(data, "first_core", cores_most));
    out.cores_in_all = static_cast<unsigned>(count_of(data, "cores_in_all", cores_most));
    if (data.contains("replaces") && !data["replaces"].is_null())
        out.replaces = id_of(data, "replaces");
    out.seed = count_of(data, "seed", 1ULL << 53);
    out.scenario = text_of(data, "scenario", text_bytes_most, true);
    out.scenario_name = text_of(data, "scenario_name", word_bytes_most, true);
    out.config = text_of(data, "config", text_bytes_most, true);
    out.config_name = text_of(data, "config_name", word_bytes_most, true);
    if (out.first_core + cores > out.cores_in_all)
        refuse_plan("this worker's " + std::to_string(cores) + " cores are not all in it");
    if (out.leads() != (out.run_id == out.world))
        refuse_plan("the run id of the first process, and of no other, is that of the world");
    if (out.replaces == out.run_id) refuse_plan("a process cannot take its own place");
    return out;
}

json targets_to_json(const std::vector<engine::target_state>& targets) {
    json out = json::array();
    for (const engine::target_state& one : targets) {
        json images = json::array();
        for (const engine::opened_image& image : one.images) {
            json i = {{"name", image.name},
                      {"bytes", image.bytes},
                      {"made", image.made},
                      {"features", image.features}};
            if (image.written_bytes) i["written_bytes"] = *image.written_bytes;
            images.push_back(std::move(i));
        }
        out.push_back({{"data_ready", one.data_ready},
                       {"extents", one.extents},
                       {"images", std::move(images)},
                       {"notes", one.notes},
                       {"warnings", one.warnings}});
    }
    return out;
}

std::vector<engine::target_state> targets_from_json(const json& data, std::size_t groups) {
    if (!data.is_array() || data.size() != groups) refuse_plan("it has targets of other groups");
    std::vector<engine::target_state> out;
    for (const json& one : data) {
        if (!one.is_object() || !one.contains("data_ready") || !one["data_ready"].is_boolean() ||
            !one.contains("extents") || !one["extents"].is_array() || !one.contains("images") ||
            !one["images"].is_array() || one["extents"].size() > extents_most)
            refuse_plan("it has no targets");
        engine::target_state state;
        state.data_ready = one["data_ready"].get<bool>();
        for (const json& bytes : one["extents"]) {
            if (!bytes.is_number_unsigned()) refuse_plan("an extent is no count of bytes");
            state.extents.push_back(bytes.get<std::uint64_t>());
        }
        for (const json& image : one["images"]) {
            if (!image.is_object() || !image.contains("made") || !image["made"].is_boolean())
                refuse_plan("an image is none");
            engine::opened_image i;
            i.name = text_of(image, "name", text_bytes_most);
            i.bytes = count_of(image, "bytes", UINT64_MAX);
            i.made = image["made"].get<bool>();
            i.features = texts_of(image, "features");
            if (image.contains("written_bytes"))
                i.written_bytes = count_of(image, "written_bytes", UINT64_MAX);
            state.images.push_back(std::move(i));
        }
        state.notes = texts_of(one, "notes");
        state.warnings = texts_of(one, "warnings");
        out.push_back(std::move(state));
    }
    return out;
}

void refuse_reaches(const std::string& text, const std::string& file,
                    const std::vector<scenario::reach_kind>& allowed) {
    for (const scenario::reach& one : scenario::reaches_of(text, file)) {
        if (std::find(allowed.begin(), allowed.end(), one.kind) != allowed.end()) continue;
        const std::string what(name(one.kind));
        throw config_error(one.where + ": the master's text names " + what +
                           " of this machine, which nobody allowed it; start the worker with a "
                           "file of its own (-f, --workload-config), or with --allow " +
                           what + " if you trust whoever reaches the master's port");
    }
}

received_files::~received_files() {
    for (const std::string& file : files_)
        ::unlink(file.c_str());
    if (!folder_.empty()) ::rmdir(folder_.c_str());
}

std::string received_files::keep(const std::string& text, const std::string& called) {
    if (folder_.empty()) {
        const char* const below = std::getenv("TMPDIR");
        std::string made =
            std::string(below != nullptr && *below != '\0' ? below : "/tmp") + "/chopsticks-XXXXXX";
        if (::mkdtemp(made.data()) == nullptr)
            throw config_error("no folder can be made for the master's files in " + made);
        folder_ = made;
    }
    std::string safe;
    for (const char c : called) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || (c == '.' && !safe.empty());
        safe += plain ? c : '_';
    }
    if (safe.empty()) safe = "text";
    std::string path = folder_ + "/" + safe.substr(0, 60);
    if (std::find(files_.begin(), files_.end(), path) != files_.end())
        path += "-" + std::to_string(files_.size());
    const std::string problem = results::write_file(path, text);
    if (!problem.empty()) throw config_error(problem);
    ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
    files_.push_back(path);
    return path;
}

std::vector<json> result_pieces(const std::string& run, const std::string& text,
                                const std::string& problem) {
    const std::size_t pieces = (text.size() + result_piece_bytes - 1) / result_piece_bytes;
    if (pieces == 0 || pieces > result_pieces_most) {
        const std::string why =
            !problem.empty() || pieces == 0
                ? problem
                : "the result is too large to be sent; it is in a file of the worker";
        return {json{{"run", run}, {"piece", 0}, {"pieces", 0}, {"text", ""}, {"problem", why}}};
    }
    std::vector<json> out;
    std::size_t at = 0;
    // Texts of messages are UTF-8, each for itself.
    std::vector<std::string> parts;
    while (at < text.size()) {
        std::size_t end = std::min(at + result_piece_bytes, text.size());
        while (end < text.size() && end > at + 1 &&
               (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80)
            --end;
        parts.push_back(text.substr(at, end - at));
        at = end;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out.push_back({{"run", run},
                       {"piece", i},
                       {"pieces", parts.size()},
                       {"text", std::move(parts[i])},
                       {"problem", problem}});
    }
    return out;
}

}  // namespace chopsticks::cli
