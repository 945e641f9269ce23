#include <doctest/doctest.h>

#include <chopsticks/rbd/workload/settings.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/shipped.hpp>
#include <filesystem>
#include <fstream>

using namespace chopsticks::scenario;
namespace fs = std::filesystem;

TEST_CASE("shipped_scenarios_are_read_without_a_warning_and_say_what_they_answer") {
    int count = 0;
    for (const auto& entry :
         fs::directory_iterator(fs::path(CHOPSTICKS_SOURCE_DIR) / "scenarios")) {
        if (entry.path().extension() != ".yaml") continue;
        CAPTURE(entry.path().string());
        const auto s = load_scenario(entry.path());
        CHECK(s.name == entry.path().stem().string());
        CHECK_FALSE(s.description.empty());
        CHECK(s.source[0] == '#');
        CHECK(s.source.substr(0, s.source.find("\n\n")).find('?') != std::string::npos);
        // The data set of a long run grows without bound only where the run is bounded by bytes.
        const bool grows =
            s.name == "large_objects" || s.name == "write_only" || s.name == "backup";
        CHECK((s.stop.bytes > 0) == grows);
        CHECK(s.warnings.empty());
        ++count;
    }
    CHECK(count >= 17);
}

TEST_CASE("shipped_scenarios_are_in_the_program_byte_by_byte_and_found_by_name") {
    std::size_t count = 0;
    for (const auto& entry :
         fs::directory_iterator(fs::path(CHOPSTICKS_SOURCE_DIR) / "scenarios")) {
        if (entry.path().extension() != ".yaml") continue;
        CAPTURE(entry.path().string());
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const shipped_scenario* const found = find_shipped(entry.path().stem().string());
        REQUIRE(found != nullptr);  // otherwise: scenarios/meson.build lacks it
        CHECK(found->text == text);
        CHECK(load_scenario(entry.path().stem().string()).source == text);
        ++count;
    }
    CHECK(shipped_scenarios().size() == count);
    CHECK(find_shipped("mixxed") == nullptr);
    CHECK(shipped_suggestion("mixxed") == "did you mean \"mixed\"?");
}

TEST_CASE("a_name_that_is_no_file_and_no_shipped_scenario_is_answered_with_a_near_one") {
    const auto message = [](const char* what) -> std::string {
        try {
            load_scenario(what);
            return "";
        } catch (const chopsticks::config_error& error) {
            return error.what();
        }
    };
    CHECK(message("Mixd").find("did you mean \"mixed\"?") != std::string::npos);
    CHECK(message("nowhere/mixed.yaml").find("`-f mixed` is the scenario of that name") !=
          std::string::npos);
    CHECK(message("nowhere/mine.yaml").find("No such file") != std::string::npos);
}

TEST_CASE("shipped_workload_config_is_read_also_with_every_comment_taken_off") {
    const auto path = fs::path(CHOPSTICKS_SOURCE_DIR) / "config" / "s3.yaml";
    const auto w = load_workload_config(path);
    CHECK(chopsticks::s3::settings_of(w).endpoints.size() == 1);
    CHECK(w.warnings.empty());

    // Each commented-out setting must be right, too: all but the second endpoint's line.
    std::ifstream in(path);
    std::string all;
    std::string line;
    while (std::getline(in, line)) {
        const bool setting = line.rfind("# ", 0) == 0 && line.size() > 3 &&
                             (line[2] == ' ' || line.find(": ") < line.find(' ', 2) ||
                              line == "# tls:" || line == "# cluster:");
        if (setting && line.find("endpoints") == std::string::npos) line = line.substr(2);
        all += line + "\n";
    }
    // Not together with the driver that stands there.
    const std::size_t proxy = all.find("proxy:");
    const std::string without_proxy =
        all.substr(0, proxy) + all.substr(all.find("\n\n", proxy) + 1);
    const auto full = parse_workload_config(without_proxy, "s3.yaml");
    CHECK(chopsticks::s3::settings_of(full).access_key == "0555b35654ad1656d804");
    CHECK(chopsticks::s3::settings_of(full).profile == "default");
    CHECK(chopsticks::s3::settings_of(full).expect_continue_bytes == 1 << 20);
    CHECK(chopsticks::s3::settings_of(full).tls_ca_file == "/etc/ssl/my_ca.pem");
    CHECK(full.driver == "native");
    const auto by_curl = parse_workload_config(
        all, "s3.yaml", {{"workload.driver", "curl"}, {"workload.discard", "copy"}});
    CHECK(chopsticks::s3::settings_of(by_curl).proxy.url == "http://proxy:3128");
    CHECK(chopsticks::s3::settings_of(by_curl).proxy.user == "...");
    CHECK(full.cluster.find("conf_file") != nullptr);
}

TEST_CASE("shipped_configs_of_block_devices_are_read_and_fit_the_scenarios") {
    const auto folder = fs::path(CHOPSTICKS_SOURCE_DIR);
    const auto blocks = load_workload_config(folder / "config" / "rbd.yaml");
    const auto both = load_workload_config(folder / "config" / "s3_rbd.yaml");
    CHECK(chopsticks::s3::settings_of(both).endpoints.size() == 1);
    CHECK(chopsticks::rbd::settings_of(both).image_bytes ==
          chopsticks::rbd::settings_of(blocks).image_bytes);
    for (const auto* w : {&blocks, &both}) {
        CHECK(chopsticks::rbd::settings_of(*w).count == 4);
        CHECK(w->warnings.empty());
        int count = 0;
        for (const auto& entry : fs::directory_iterator(folder / "scenarios")) {
            if (entry.path().filename().string().find("rbd") == std::string::npos) continue;
            auto s = load_scenario(entry.path());
            CHECK_NOTHROW(check_together(s, *w));
            CHECK(s.warnings.empty());
            ++count;
        }
        CHECK(count == 10);
    }
}
