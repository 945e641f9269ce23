#include "source_file.hpp"

#include <sys/stat.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/shipped.hpp>
#include <chopsticks/scenario/text.hpp>

namespace chopsticks::scenario {

namespace {

/// "mixed" of "mixed" and of "scenarios/mixed.yaml".
std::string_view stem_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
    for (const std::string_view ending : {".yaml", ".yml"}) {
        if (path.ends_with(ending)) path.remove_suffix(ending.size());
    }
    return path;
}

template <typename Body>
bool any_line(std::string_view text, const Body& body) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (body(line)) return true;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

/// A statement of Python that is no line of a YAML map.
bool is_python(std::string_view line) {
    if (line.starts_with("import ") || line.starts_with("#!/usr/bin/env python")) return true;
    if (line.starts_with("from ") && line.find(" import ") != std::string_view::npos) return true;
    const bool block = line.starts_with("class ") || line.starts_with("def ");
    return block && line.find(')') != std::string_view::npos && line.ends_with(':');
}

/// "[global]", the head of a section of an INI file; in YAML a list of one word, which no scenario
/// begins with.
bool is_section(std::string_view line) {
    return line.starts_with('[') && line.ends_with(']') &&
           line.find_first_of(",:{\"") == std::string_view::npos;
}

bool is_setting(std::string_view line) {
    const std::size_t equals = line.find('=');
    return equals != std::string_view::npos && equals > 0 &&
           line.substr(0, equals).find_first_of(" :{[\"'#") == std::string_view::npos;
}

}  // namespace

scenario_source find_scenario(const std::string& what) {
    if (what == "-") {
        static const std::string text = read_text("/dev/stdin", "scenario");
        return {"stdin", text};
    }
    struct stat status{};
    const bool there = ::stat(what.c_str(), &status) == 0;
    const bool bare = what.find('/') == std::string::npos;
    // A folder of the same name, the result of a sweep perhaps, is no scenario.
    if (bare && (!there || S_ISDIR(status.st_mode))) {
        if (const shipped_scenario* s = find_shipped(what)) return {what, std::string(s->text)};
    }
    if (there) return {what, read_text(what, "scenario")};
    const std::string_view stem = stem_of(what);
    if (find_shipped(stem) != nullptr) {
        throw config_error(what + ": there is no such file; `-f " + std::string(stem) +
                           "` is the scenario of that name that comes with the program");
    }
    if (bare && what.find('.') == std::string::npos) {
        throw config_error(what + ": neither a file nor a scenario that comes with the program; " +
                           shipped_suggestion(what));
    }
    return {what, read_text(what, "scenario")};
}

void refuse_foreign_file(std::string_view text, const std::string& file) {
    if (any_line(text, is_python)) {
        throw config_error(file +
                           ": looks like a locustfile in Python; scenarios are YAML here. "
                           "docs/how-to/coming-from-locust-s5cmd.md shows how to turn one into the "
                           "other, `chopsticks list --show mixed` prints one to begin with");
    }
    if (any_line(text, is_section) && any_line(text, is_setting)) {
        throw config_error(file +
                           ": looks like a job file of fio; scenarios are YAML here. `chopsticks "
                           "list --show rbd_random_read` prints one of block devices to begin "
                           "with");
    }
}

}  // namespace chopsticks::scenario
