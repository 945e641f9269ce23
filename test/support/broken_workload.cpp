// A plug-in that brings a whole workload and breaks its promises. BROKEN of the environment says
// what is wrong with what it declares, `broken: {where: ...}` of the workload config which function
// of its settings throws.

#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/plugin/plugin.hpp>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace {

using namespace chopsticks;

bool is_broken(std::string_view how) {
    const char* const said = std::getenv("BROKEN");
    return said != nullptr && said == how;
}

struct broken_settings final : scenario::workload_settings {
    std::string where;
    std::string password;

    void here(const char* place) const {
        if (where == place) throw std::runtime_error(std::string("thrown from ") + place);
    }
    scenario::echo_fields echo() const override {
        here("echo");
        return {{"where", where}};
    }
    void find_again(const scenario::echo_fields&) override { here("find_again"); }
    bool hold_secret() const override {
        here("hold_secret");
        return !password.empty();
    }
    void check(scenario::group&, std::vector<std::string>&) const override { here("check"); }
    bool as_calibrated() const override {
        here("as_calibrated");
        return true;
    }
    std::string target(bool) const override {
        here("target");
        return "nobody";
    }
    std::vector<std::pair<std::string, std::string>> planned_target(bool) const override {
        here("planned_target");
        return {};
    }
    std::uint64_t cluster_connections(unsigned) const override {
        here("cluster_connections");
        return 0;
    }
    scenario::extents_plan extents() const override {
        here("extents");
        return {};
    }
    std::string place(const std::string&) const override {
        here("place");
        return {};
    }
    std::string cleanup_command(const std::string&, const std::string&) const override {
        here("cleanup_command");
        return {};
    }
};

const broken_settings& mine(const scenario::workload_settings& of) {
    return static_cast<const broken_settings&>(of);
}

std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from) {
    auto out = std::make_unique<broken_settings>();
    if (const auto f = from.keys.find("where")) out->where = f->text();
    if (const auto f = from.keys.find("login")) out->password = f->text();
    out->here("read");
    return out;
}

std::vector<std::string> complete(scenario::workload_settings& of) {
    mine(of).here("complete");
    return {};
}

void apply(scenario::workload_settings& of, const scenario::target_arguments&) {
    mine(of).here("apply");
}

bool is_named(const scenario::workload_settings& of) {
    mine(of).here("is_named");
    return !mine(of).where.empty();
}

const scenario::target_rule& target() {
    static constexpr scenario::target_rule rule{
        .apply = apply, .complete = complete, .is_named = is_named};
    return rule;
}

scenario::catalogue::workload make() {
    using scenario::payload;
    using scenario::subject_use;
    scenario::catalogue::workload out = {
        .name = "broken",
        .description = "nothing",
        .shape = scenario::subject_shape::objects,
        .drivers = {{.name = "none", .description = "sends nothing", .calibrated = true}},
        .operations = {{.name = "make",
                        .description = "make",
                        .use = subject_use::make,
                        .carries = payload::sent,
                        .replay = {.why_not = "no recording has it"},
                        .aliases = {},
                        .parameters = {}},
                       {.name = "drop",
                        .description = "drop",
                        .use = subject_use::remove,
                        .carries = payload::none,
                        .replay = {.why_not = "no recording has it"},
                        .aliases = {}}},
        .prepare_with = "make",
        .clean_with = "drop",
        .clean_container_with = {},
        .container = {},
        .settings = {.read = read_settings, .example = "write `broken: {where: echo}`"},
    };
    using namespace scenario::catalogue;
    if (is_broken("fits")) {
        out.operations[0].parameters = {
            {"text", "text", "", "a text", text_value{"", "a text", nullptr}}};
    }
    if (is_broken("words")) {
        out.operations[0].parameters = {{"word", "word", "", "a word", word_value{}}};
    }
    if (is_broken("read")) out.settings.read = nullptr;
    if (is_broken("drivers")) out.drivers.clear();
    if (is_broken("operations")) out.operations.clear();
    if (is_broken("prepare_with")) out.prepare_with = "fill";
    if (is_broken("no prepare_with")) out.prepare_with = {};
    if (is_broken("clean_with")) out.clean_with = "empty";
    if (is_broken("operation name")) out.operations[1].name = {};
    return out;
}

const scenario::catalogue::workload& describe() {
    static const scenario::catalogue::workload described = make();
    return described;
}

std::unique_ptr<engine::driver> make_driver(const engine::driver_request&) {
    return engine::make_dummy_driver({});
}

struct broken_cleanup final : engine::cleanup {
    engine::cleanup_end carry_out() override { throw std::runtime_error("thrown from carry_out"); }
};

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    mine(*asked.settings).here("open_cleanup");
    if (mine(*asked.settings).where == "no cleanup") return nullptr;
    return std::make_unique<broken_cleanup>();
}

const plugin::provided_workload workloads[] = {{
    .describe = is_broken("describe") ? nullptr : describe,
    .make_driver = is_broken("make_driver") ? nullptr : make_driver,
    .open_cleanup = open_cleanup,
    .target = target,
}};

plugin::build_id built_for() {
    plugin::build_id out;
    if (is_broken("fact count")) out.fact_count = 3;
    if (is_broken("fact name")) std::strcpy(out.facts[3].what, "version of something else");
    return out;
}

}  // namespace

const plugin::declaration chopsticks_plugin = {
    .built_for = built_for(), .name = "broken workload", .version = "0", .workloads = workloads};
