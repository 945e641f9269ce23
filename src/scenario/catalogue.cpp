#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <optional>
#include <string>
#include <utility>

namespace chopsticks::scenario::catalogue {

namespace {

/// Rows that were given out stay where they are.
std::deque<workload>& all_workloads() {
    static std::deque<workload> all;
    return all;
}

template <typename List>
const typename List::value_type* find_by_name(const List& list, std::string_view name) {
    for (const auto& item : list) {
        if (item.name == name) return &item;
    }
    return nullptr;
}

}  // namespace

namespace {

/// What is missing in the values that a parameter may have; null: nothing.
struct missing_in {
    const char* operator()(const text_value& v) const {
        return v.fits == nullptr ? "no function that says whether a text fits" : nullptr;
    }
    const char* operator()(const word_value& v) const {
        return v.words.empty() ? "no words" : nullptr;
    }
    template <typename Other>
    const char* operator()(const Other&) const {
        return nullptr;
    }
};

[[noreturn]] void refuse_description(const workload& of, const std::string& why) {
    throw config_error("workload " + std::string(of.name) + ": " + why);
}

/// What all others take for given: they would find nothing where a name or a function should be.
void check_description(const workload& of) {
    if (of.name.empty()) throw config_error("a workload has no name");
    if (of.drivers.empty()) refuse_description(of, "has no drivers");
    if (of.operations.empty()) refuse_description(of, "has no operations");
    if (of.settings.read == nullptr) refuse_description(of, "has no settings.read");
    for (const driver& d : of.drivers) {
        if (d.name.empty()) refuse_description(of, "a driver has no name");
    }
    for (const operation& row : of.operations) {
        if (row.name.empty()) refuse_description(of, "an operation has no name");
        for (const parameter& p : row.parameters) {
            const char* const missing = std::visit(missing_in{}, p.value);
            if (missing == nullptr) continue;
            refuse_description(of, "the parameter " + std::string(p.name) + " of " +
                                       std::string(row.name) + " has " + missing);
        }
    }
    for (const auto& [what, name] :
         {std::pair("prepare_with", of.prepare_with), std::pair("clean_with", of.clean_with),
          std::pair("clean_container_with", of.clean_container_with)}) {
        if (name.empty() || find_operation(of, name) != nullptr) continue;
        refuse_description(of, std::string(what) + " is \"" + std::string(name) +
                                   "\", and it has no such operation");
    }
    // What a run made is removed at its end: there has to be something to do it with.
    if (of.shape == subject_shape::objects && (of.clean_with.empty() || of.prepare_with.empty())) {
        refuse_description(of,
                           "of objects: prepare_with has to name an operation that makes one, and "
                           "clean_with one that removes one");
    }
}

}  // namespace

void add(workload described) {
    check_description(described);
    if (find_workload(described.name) != nullptr) {
        throw config_error("a second workload \"" + std::string(described.name) + "\"");
    }
    if (!described.settings.top_keys.empty() && at_top() != nullptr) {
        throw config_error("workload " + std::string(described.name) +
                           ": the top of the workload config is taken by " +
                           std::string(at_top()->name));
    }
    std::uint16_t position = 0;
    for (operation& row : described.operations) {
        if (row.code == operation::by_position) row.code = position;
        if (row.code != position++) {
            throw config_error("workload " + std::string(described.name) + ": the code of " +
                               std::string(row.name) + " is not its position");
        }
    }
    all_workloads().push_back(std::move(described));
}

void add_driver(std::string_view to, const driver& described) {
    auto& all = all_workloads();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const workload& one) { return one.name == to; });
    if (found == all.end()) {
        throw config_error("the driver " + std::string(described.name) + " is of the workload \"" +
                           std::string(to) + "\", which is not there");
    }
    if (find_driver(*found, described.name) != nullptr) {
        throw config_error("a second driver \"" + std::string(described.name) +
                           "\" of the workload " + std::string(to));
    }
    found->drivers.push_back(described);
}

const std::deque<workload>& workloads() {
    return all_workloads();
}

const workload* at_top() {
    for (const workload& w : workloads()) {
        if (!w.settings.top_keys.empty()) return &w;
    }
    return nullptr;
}

const workload* find_workload(std::string_view name) {
    return find_by_name(workloads(), name);
}

const operation* find_operation(const workload& in, std::string_view name) {
    return find_by_name(in.operations, name);
}

const workload& as_added(const workload& described) {
    const workload* const added = find_workload(described.name);
    return added != nullptr ? *added : described;
}

const driver* find_driver(const workload& in, std::string_view name) {
    return find_by_name(in.drivers, name);
}

const operation* workload::that_does(subject_use use) const {
    const auto sets = [use](const parameter& p) {
        const auto* const flag = std::get_if<flag_value>(&p.value);
        return flag != nullptr && flag->when_set == use;
    };
    for (const operation& row : operations) {
        if (row.use == use) return &row;
        if (std::any_of(row.parameters.begin(), row.parameters.end(), sets)) return &row;
    }
    return nullptr;
}

const workload& workload_of(const group& g) {
    const workload* const found = find_workload(g.workload);
    CHOPSTICKS_ASSERT(found != nullptr);
    return *found;
}

const operation& operation_of(const group& g, const step& s) {
    const workload& in = workload_of(g);
    CHOPSTICKS_ASSERT(s.code < in.operations.size());
    return in.operations[s.code];
}

namespace {

/// The value of a parameter of which a scenario says nothing; none: a member of step has it.
struct standard_value {
    using found = std::optional<driver_value>;

    found operator()(const flag_value& v) const { return driver_value(v.standard); }
    found operator()(const count_value& v) const { return driver_value(v.standard); }
    found operator()(const size_value& v) const { return driver_value(v.standard); }
    found operator()(const word_value& v) const {
        return driver_value(std::string(v.words.front()));
    }
    found operator()(const text_value& v) const { return driver_value(std::string(v.standard)); }
    template <typename Member>
    found operator()(const Member&) const {
        return std::nullopt;
    }
};

}  // namespace

step plain_step(const operation& op) {
    step s;
    s.op = op.name;
    s.code = op.code;
    s.use = op.use;
    s.carries = op.carries;
    s.parts = op.parts;
    s.align_bytes = s.block.max();
    for (const parameter& p : op.parameters) {
        if (const auto* const batch = std::get_if<batch_value>(&p.value)) s.batch = batch->standard;
        const auto standard = std::visit(standard_value{}, p.value);
        if (!standard) continue;
        s.values.push_back(
            {p.name, p.shown_as.empty() ? p.name : p.shown_as, *standard, *standard});
    }
    return s;
}

std::string_view operation_name(const workload& in, std::uint16_t code) {
    return code < in.operations.size() ? in.operations[code].name : "?";
}

}  // namespace chopsticks::scenario::catalogue
