#pragma once
/// \file
/// A YAML file as a tree in which every value knows its place, after all that YAML allows and a
/// scenario does not need has been refused: tags, several documents, other than small sizes. Where
/// an alias stood there is a copy of what it names, and no map has a merge key: its keys are there.
/// Plain values; read by the main thread before the cores start.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::scenario {

/// Where something stands: in a file, or in an override.
struct place {
    std::shared_ptr<const std::string> source;  ///< file name, or "--set path"
    int line = 0;                               ///< from 1; 0 = no line
    int column = 0;

    /// "file:line:column: "
    std::string text() const;
};

struct value {
    enum class kind : std::uint8_t { null, scalar, list, map };
    struct entry;

    kind what = kind::null;
    place where;
    bool overridden = false;     ///< came from --set
    std::string replaced;        ///< overridden: the scalar of the file that stood here, if one did
    std::string text;            ///< scalar
    std::vector<value> items;    ///< list
    std::vector<entry> entries;  ///< map, in the order of the file

    bool is_null() const { return what == kind::null; }
    bool is_scalar() const { return what == kind::scalar; }
    bool is_list() const { return what == kind::list; }
    bool is_map() const { return what == kind::map; }

    /// The value of a key; null pointer if this is no map or has no such key.
    const value* find(std::string_view key) const;
    value* find(std::string_view key);

    /// For messages: "a list", "a map", "nothing", "\"text\"".
    std::string found() const;
};

struct value::entry {
    std::string key;
    place where;
    value content;
    bool merge = false;  ///< the merge key, while its map is read; none is left afterwards
};

/// Throws config_error: "file:line:column: problem; mend"
[[noreturn]] void fail(const place& where, const std::string& problem, const std::string& mend);

}  // namespace chopsticks::scenario
