#include "yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "problems.hpp"

namespace chopsticks::scenario {

namespace {

// A scenario is four levels deep. The bound keeps the recursion of parser and reader flat.
constexpr std::size_t max_depth = 32;
constexpr std::size_t max_values = 100'000;
constexpr std::size_t max_copied_bytes = 4 << 20;
constexpr std::size_t max_keys = 1000;  // of one map; they are searched one after the other
constexpr std::string_view merge_key = "<<";

place place_of(const std::shared_ptr<const std::string>& source, const YAML::Mark& mark) {
    if (mark.is_null() || mark.line < 0) return {source, 0, 0};
    return {source, mark.line + 1, mark.column + 1};
}

/// How many values a value holds, itself included, how many bytes of text, and how many levels they
/// are deep.
struct extent_of {
    std::size_t values = 1;
    std::size_t bytes = 0;
    std::size_t depth = 1;

    explicit extent_of(const value& v) : bytes(v.text.size()) {
        for (const value& item : v.items)
            add(extent_of(item));
        for (const value::entry& e : v.entries) {
            bytes += e.key.size();
            add(extent_of(e.content));
        }
    }

  private:
    void add(const extent_of& inner) {
        values += inner.values;
        bytes += inner.bytes;
        depth = std::max(depth, inner.depth + 1);
    }
};

/// Builds the tree from the parser's events. Its tree of nodes would do with less code, but there
/// aliases make files that grow without bound or contain themselves. Here each use of an alias is a
/// copy, with the places of what it stands for, and counts towards the limits in full.
class builder : public YAML::EventHandler {
  public:
    builder(std::shared_ptr<const std::string> source, bool overridden)
        : source_(std::move(source)), overridden_(overridden) {}

    value take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            fail(at(mark), "a second document begins here",
                 "one file holds one document: remove the line `---` or split the file");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        keep(anchor, add(value::kind::null, mark, {}));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchored_.find(anchor);
        if (known == anchored_.end()) {
            fail(at(mark), "an alias (`*name`) stands inside of what it names",
                 "write the value out");
        }
        const value& named = known->second;
        const extent_of size(named);
        if (open_.size() + size.depth > max_depth + 1) fail_depth(mark);
        count_values(at(mark), size.values - 1);
        count_copied(at(mark), size);
        add(named.what, mark, {}) = named;
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        check_tag(mark, tag);
        if (!key_expected()) {
            keep(anchor, add(value::kind::scalar, mark, text));
            return;
        }
        // In quotes (their tag is "!") it is a word like any other.
        begin_entry(mark, text, text == merge_key && tag != "!");
        if (anchor == YAML::NullAnchor) return;
        value key;
        key.what = value::kind::scalar;
        key.where = at(mark);
        key.text = text;
        keep(anchor, key);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(value::kind::list, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(value::kind::map, mark, anchor);
    }
    void OnMapEnd() override {
        if (open_.back().merges) merge(*open_.back().container);
        close();
    }

  private:
    /// An override is one line that its path names well enough.
    place at(const YAML::Mark& mark) const {
        if (overridden_) return {source_, 0, 0};
        return place_of(source_, mark);
    }

    /// An open list or map. Pointers into the tree hold: nothing is added to a list or map while
    /// one of its values is open.
    struct level {
        value* container;
        YAML::anchor_t anchor = YAML::NullAnchor;
        bool has_key = false;
        bool merges = false;  ///< one of its keys is the merge key
    };

    bool key_expected() const {
        return !open_.empty() && open_.back().container->is_map() && !open_.back().has_key;
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!" || tag.rfind("tag:yaml.org,2002:", 0) == 0)
            return;
        fail(at(mark), "tags (`!name`) have no meaning here",
             "remove it, or put the text in quotes");
    }

    [[noreturn]] void fail_depth(const YAML::Mark& mark) const {
        fail(at(mark), "nested too deeply",
             "nothing here needs more than a few levels; is a bracket not closed?");
    }

    void count_values(const place& where, std::size_t more) {
        values_ += more;
        if (values_ <= max_values) return;
        fail(where, "too many values",
             "a scenario is written by hand; what an alias stands for counts at each use");
    }

    /// Of the text of copies: one long text and many aliases of it.
    void count_copied(const place& where, const extent_of& size) {
        copied_bytes_ += size.bytes;
        if (copied_bytes_ <= max_copied_bytes) return;
        fail(where, "aliases stand for too much text",
             "a scenario is written by hand; what an alias stands for counts at each use");
    }

    /// Remembers what an anchor names. The copy counts as well: anchors within anchors add up.
    void keep(YAML::anchor_t anchor, const value& named) {
        if (anchor == YAML::NullAnchor) return;
        const extent_of size(named);
        count_values(named.where, size.values);
        count_copied(named.where, size);
        anchored_[anchor] = named;
    }

    /// Puts the maps behind a map's merge key into it. What the map says itself comes first, then
    /// the maps in their order.
    static void merge(value& map) {
        const auto at = std::find_if(map.entries.begin(), map.entries.end(),
                                     [](const value::entry& e) { return e.merge; });
        const value from = std::move(at->content);
        map.entries.erase(at);
        const auto add_all = [&](const value& source) {
            if (!source.is_map()) {
                fail(source.where, "`<<` takes in maps, not " + source.found(),
                     "write `<<: *name` or `<<: [*one, *other]`, each the alias of a map");
            }
            for (const value::entry& e : source.entries) {
                if (map.find(e.key) != nullptr) continue;
                if (map.entries.size() >= max_keys) fail(e.where, "too many keys", "");
                map.entries.push_back(e);
            }
        };
        if (!from.is_list()) return add_all(from);
        for (const value& source : from.items)
            add_all(source);
    }

    void begin_entry(const YAML::Mark& mark, const std::string& key, bool merges) {
        value& map = *open_.back().container;
        if (map.entries.size() >= max_keys) {
            fail(at(mark), "too many keys", "is this the right file?");
        }
        for (const auto& e : map.entries) {
            if (e.key != key || e.merge != merges) continue;
            const std::string mend = merges ? "write `<<: [*one, *other]`" : "remove one";
            fail(at(mark), "\"" + key + "\" is given twice",
                 mend + "; the first is in line " + std::to_string(e.where.line));
        }
        map.entries.push_back({key, at(mark), {}, merges});
        open_.back().has_key = true;
        open_.back().merges |= merges;
    }

    value& add(value::kind what, const YAML::Mark& mark, std::string text) {
        if (key_expected()) {
            fail(at(mark), "a key must be a plain word",
                 "write `name: value`; is a bracket not closed?");
        }
        const place where = at(mark);
        count_values(where, 1);
        value* v = &root_;
        if (!open_.empty()) {
            value& container = *open_.back().container;
            if (container.is_list()) {
                v = &container.items.emplace_back();
            } else {
                v = &container.entries.back().content;
                open_.back().has_key = false;
            }
        }
        v->what = what;
        v->where = where;
        v->overridden = overridden_;
        v->text = std::move(text);
        return *v;
    }

    void open(value::kind what, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() >= max_depth) fail_depth(mark);
        value& v = add(what, mark, {});
        open_.push_back({&v, anchor});
    }

    void close() {
        keep(open_.back().anchor, *open_.back().container);
        open_.pop_back();
    }

    std::shared_ptr<const std::string> source_;
    bool overridden_;
    value root_;
    std::vector<level> open_;
    std::map<YAML::anchor_t, value> anchored_;
    std::size_t values_ = 0;
    std::size_t copied_bytes_ = 0;
    int documents_ = 0;
};

std::string shortened(std::string text) {
    constexpr std::size_t most = 200;
    if (text.size() > most) text.replace(most, std::string::npos, "...");
    return text;
}

value build(std::string_view text, std::shared_ptr<const std::string> source, bool overridden) {
    builder tree(source, overridden);
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(tree)) {
        }
    } catch (const YAML::Exception& e) {
        place where = place_of(source, e.mark);
        if (overridden) where.line = 0;
        // Newer versions of yaml-cpp quote what they do not understand, whole.
        fail(where, "not valid YAML: " + shortened(e.msg),
             "look for a missing colon, quote, bracket or space in or just above this place");
    }
    return tree.take();
}

}  // namespace

std::string place::text() const {
    std::string out = source ? *source : std::string();
    if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
    return out + ": ";
}

const value* value::find(std::string_view key) const {
    for (const auto& e : entries) {
        if (e.key == key) return &e.content;
    }
    return nullptr;
}

value* value::find(std::string_view key) {
    return const_cast<value*>(static_cast<const value*>(this)->find(key));
}

std::string value::found() const {
    switch (what) {
        case kind::null:
            return "nothing";
        case kind::list:
            return "a list";
        case kind::map:
            return "a map";
        case kind::scalar:
            break;
    }
    return "\"" + (text.size() <= 60 ? text : text.substr(0, 57) + "...") + "\"";
}

void fail(const place& where, const std::string& problem, const std::string& mend) {
    throw problems_error(
        {{where.line, where.column, where.text() + problem + (mend.empty() ? "" : "; " + mend)}});
}

value parse_document(std::string_view text, const std::string& file) {
    return build(text, std::make_shared<const std::string>(file), false);
}

void apply_override(value& root, const override_value& setting, std::string_view path) {
    const auto source = std::make_shared<const std::string>("--set " + setting.path);
    const place where{source, 0, 0};
    value replacement = build(setting.value, source, true);

    value* here = &root;
    std::string walked;
    while (true) {
        const std::size_t dot = path.find('.');
        const std::string name(path.substr(0, dot));
        if (name.empty()) fail(where, "a part of the path is empty", "write name.name=value");
        if (here->is_list()) {
            value* next = nullptr;
            const bool number = name.find_first_not_of("0123456789") == std::string::npos;
            if (number && name.size() < 7) {
                const std::size_t position = std::stoul(name);
                if (position < here->items.size()) next = &here->items[position];
            } else if (!number) {
                for (const char* label : {"name", "workload", "op"}) {
                    for (value& item : here->items) {
                        const value* v = item.find(label);
                        if (next == nullptr && v != nullptr && v->text == name) next = &item;
                    }
                }
            }
            if (next == nullptr) {
                fail(where, "\"" + walked + "\" has no item \"" + name + "\"",
                     "it has " + std::to_string(here->items.size()) + ", counted from 0");
            }
            here = next;
        } else {
            if (here->is_null()) {
                here->what = value::kind::map;
                here->where = where;
            }
            if (!here->is_map()) {
                fail(where, "\"" + walked + "\" is a single value and has no \"" + name + "\"",
                     "set \"" + walked + "\" as a whole");
            }
            value* next = here->find(name);
            if (next == nullptr) {
                here->entries.push_back({name, where, {}, false});
                next = &here->entries.back().content;
                next->where = where;
            }
            here = next;
        }
        walked += (walked.empty() ? "" : ".") + name;
        if (dot == std::string_view::npos) break;
        path.remove_prefix(dot + 1);
    }
    replacement.replaced = here->overridden ? here->replaced : here->text;
    *here = std::move(replacement);
}

}  // namespace chopsticks::scenario
