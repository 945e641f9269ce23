#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/credentials.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "../../support/contains.hpp"

using namespace chopsticks;
using namespace chopsticks::s3;
using test::contains;

namespace {

/// A home directory with AWS files, gone at the end.
class home {
  public:
    home() {
        char path[] = "/tmp/chopsticks_home_XXXXXX";
        REQUIRE(::mkdtemp(path) != nullptr);
        path_ = path;
        std::filesystem::create_directory(path_ / ".aws");
        std::ofstream(path_ / ".aws" / "credentials") << R"(
# a comment
[default]
aws_access_key_id = DEF
aws_secret_access_key=defsecret

[ other ]
aws_access_key_id = OTHER
aws_secret_access_key = a=b/c+
aws_session_token = token
[half]
aws_access_key_id = HALF
)";
        std::ofstream(path_ / ".aws" / "config")
            << "[default]\nregion = eu-1\n[profile other]\nregion=eu-2\n";
    }
    ~home() { std::filesystem::remove_all(path_); }
    std::string text() const { return path_; }

  private:
    std::filesystem::path path_;
};

using variables = std::map<std::string, std::string>;

credentials_origin resolve(settings& config, const variables& set) {
    return resolve_credentials(config, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = set.find(name);
        if (found == set.end()) return std::nullopt;
        return found->second;
    });
}

std::string refusal(settings config, const variables& set) {
    try {
        resolve(config, set);
        return "";
    } catch (const config_error& e) {
        return e.what();
    }
}

const variables both = {{"AWS_ACCESS_KEY_ID", "ENV"},
                        {"AWS_SECRET_ACCESS_KEY", "envsecret"},
                        {"AWS_SESSION_TOKEN", "envtoken"}};

}  // namespace

TEST_CASE("credentials_of_the_config_win_over_the_environment") {
    settings c;
    c.access_key = "CONF";
    c.secret_key = "confsecret";
    CHECK(resolve(c, both).source == "workload config");
    CHECK(c.access_key == "CONF");
    CHECK(c.secret_key == "confsecret");
    CHECK(c.session_token.empty());
}

TEST_CASE("credentials_of_the_environment_win_over_the_aws_file") {
    home h;
    auto set = both;
    set["HOME"] = h.text();
    set["AWS_DEFAULT_REGION"] = "env-region";
    settings c;
    CHECK(resolve(c, set).source == "environment");
    CHECK(c.access_key == "ENV");
    CHECK(c.secret_key == "envsecret");
    CHECK(c.session_token == "envtoken");
    CHECK(c.region == "env-region");
}

TEST_CASE("credentials_region_of_the_config_stays") {
    auto set = both;
    set["AWS_REGION"] = "env-region";
    settings c;
    c.region = "mine";
    c.region_given = true;
    resolve(c, set);
    CHECK(c.region == "mine");
}

TEST_CASE("credentials_of_the_aws_file_follow_the_profile") {
    home h;
    settings c;
    const auto from = resolve(c, {{"HOME", h.text()}});
    CHECK(from.source == h.text() + "/.aws/credentials, profile default");
    const std::string file = h.text() + "/.aws/credentials";
    const auto warnings_with = [&](mode_t mode) {
        ::chmod(file.c_str(), mode);
        settings one;
        return resolve(one, {{"HOME", h.text()}}).warnings;
    };
    CHECK(warnings_with(0600).empty());
    REQUIRE(warnings_with(0644).size() == 1);
    CHECK(contains(warnings_with(0644)[0], "chmod 600 " + file));
    CHECK(c.access_key == "DEF");
    CHECK(c.secret_key == "defsecret");
    CHECK(c.region == "eu-1");

    settings by_environment;
    resolve(by_environment, {{"HOME", h.text()}, {"AWS_PROFILE", "other"}});
    CHECK(by_environment.access_key == "OTHER");
    CHECK(by_environment.secret_key == "a=b/c+");
    CHECK(by_environment.session_token == "token");
    CHECK(by_environment.region == "eu-2");

    // A profile in the config means the file, whatever the environment holds.
    settings by_config;
    by_config.profile = "other";
    auto set = both;
    set["AWS_SHARED_CREDENTIALS_FILE"] = h.text() + "/.aws/credentials";
    resolve(by_config, set);
    CHECK(by_config.access_key == "OTHER");
    CHECK(by_config.region == "us-east-1");  // no HOME, no ~/.aws/config
}

TEST_CASE("credentials_access_key_alone_takes_its_secret_from_the_environment") {
    settings c;
    c.access_key = "CLI";
    const auto from = resolve(c, {{"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}});
    CHECK(c.secret_key == "s");
    CHECK(c.session_token == "t");
    CHECK(from.warnings.empty());

    settings other;
    other.access_key = "CLI";
    CHECK(resolve(other, both).warnings.size() == 1);
    CHECK(other.session_token.empty());  // the token belongs to the other key

    settings none;
    none.access_key = "CLI";
    CHECK(contains(refusal(none, {}), "AWS_SECRET_ACCESS_KEY"));
}

TEST_CASE("credentials_halves_are_never_mixed") {
    home h;
    settings secret_only;
    secret_only.secret_key = "hunter2";
    const auto message = refusal(secret_only, both);
    CHECK(contains(message, "access_key"));
    CHECK_FALSE(contains(message, "hunter2"));

    // Half of a pair in the environment, or in a profile, is none.
    settings c;
    resolve(c, {{"AWS_ACCESS_KEY_ID", "ENV"}, {"HOME", h.text()}});
    CHECK(c.access_key == "DEF");
    CHECK(contains(refusal({}, {{"HOME", h.text()}, {"AWS_PROFILE", "half"}}), "no complete keys"));
}

TEST_CASE("credentials_not_found_says_what_was_tried") {
    home h;
    const auto message =
        refusal({}, {{"AWS_ACCESS_KEY_ID", "ENV"}, {"HOME", h.text()}, {"AWS_PROFILE", "nobody"}});
    CHECK(contains(message, "AWS_SECRET_ACCESS_KEY is not set"));
    CHECK(contains(message, "no profile nobody"));
    CHECK(contains(refusal({}, {}), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"));
}
