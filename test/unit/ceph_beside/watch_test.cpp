// The watch of clusters that lie, hang and come back. What is waited for is waited for as long as
// it takes; no case asserts how long something took.

#include <doctest/doctest.h>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/left_running.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "canned.hpp"
#include "ceph/beside/rounds.hpp"

using namespace chopsticks;
using namespace chopsticks::ceph::beside;

namespace {

/// What a cluster of these tests does; shared with the asker, which the watch owns.
struct behaviour {
    std::atomic<bool> osd_is_down{false};
    std::atomic<bool> hangs{false};   ///< a call that begins now ends when this is lowered
    std::atomic<bool> answers{true};  ///< false: time-outs at once
    std::atomic<bool> lets_in{true};
    std::atomic<bool> speaks_json{true};
    std::atomic<bool> has_manager{true};
    std::atomic<bool> refuses_all_but_status{false};
    std::atomic<int> asked{0};
    std::atomic<int> asked_manager{0};
    std::atomic<bool> gone{false};  ///< the asker was destroyed
    std::mutex mutex;
    std::vector<std::string> commands;  ///< guarded
};

class pretended final : public asker {
  public:
    explicit pretended(std::shared_ptr<behaviour> how) : how_(std::move(how)) {}
    ~pretended() override { how_->gone = true; }

    std::string connect() override {
        hang();
        return how_->lets_in ? "" : "no monitor answered";
    }
    answer ask(const question& q) override {
        ++how_->asked;
        {
            const std::lock_guard lock(how_->mutex);
            how_->commands.push_back(q.command());
        }
        hang();
        if (!how_->answers) return {{}, "no answer in time"};
        if (q.to_manager) {
            ++how_->asked_manager;
            if (!how_->has_manager) return {{}, "no answer in time"};
        }
        if (!how_->speaks_json) return {"<html>", {}};
        if (how_->refuses_all_but_status && q.prefix != "status")
            return {{}, "client.x is refused: Permission denied"};
        return {canned::answer_to(q.prefix, how_->osd_is_down), {}};
    }
    std::string library_version() const override { return "16.2.15"; }

  private:
    void hang() {
        while (how_->hangs)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::shared_ptr<behaviour> how_;
};

const std::optional<rgw_admin> nobody;

settings quick() {
    settings s;
    s.period_ns = 2'000'000;
    s.to.operation_timeout_ns = 60'000'000'000;
    return s;
}

void wait_until(const std::function<bool()>& there) {
    while (!there())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void begin(cluster_watch& watch) {
    watch.load_began(monotonic_ns(), wall_ns());
}

}  // namespace

TEST_CASE("watch_tells_how_the_cluster_was_before_between_and_after") {
    auto how = std::make_shared<behaviour>();
    cluster_watch watch(quick(), std::make_unique<pretended>(how));
    CHECK(watch.wait_for_before());
    begin(watch);
    wait_until([&] { return !watch.sample_of(0, 1e9).is_null(); });
    how->osd_is_down = true;
    std::vector<stats::event_mark> events;
    wait_until([&] {
        for (stats::event_mark& one : watch.take_events())
            events.push_back(std::move(one));
        return !events.empty();
    });
    CHECK(events[0].source == stats::event_source::ceph);
    CHECK(events[0].text.find("HEALTH_OK -> HEALTH_WARN: OSD_DOWN") == 0);
    watch.load_ended();
    const account all = watch.finish();
    CHECK(how->gone);
    CHECK(all.cluster["problem"].is_null());
    CHECK(all.cluster["before"]["status"]["health"] == "HEALTH_OK");
    CHECK(all.cluster["after"]["status"]["health"] == "HEALTH_WARN");
    CHECK(all.cluster["changes"].size() == 2);
    CHECK_FALSE(all.cluster["samples"].empty());
    CHECK(all.cluster["samples"].back()["osds"]["down"] == json::array({0}));
    CHECK(all.environment["fsid"] == canned::all()["status"]["fsid"]);
    CHECK(all.environment["osds"]["object_stores"]["bluestore"] == 1);
    REQUIRE_FALSE(all.events.empty());
    CHECK(all.events[0].text == "osd.0 was down");
}

TEST_CASE("watch_asks_for_nothing_but_to_read") {
    auto how = std::make_shared<behaviour>();
    {
        cluster_watch watch(quick(), std::make_unique<pretended>(how));
        watch.wait_for_before();
        begin(watch);
        wait_until([&] { return how->asked > 20; });
        watch.finish();
    }
    const std::lock_guard lock(how->mutex);
    for (const std::string& command : how->commands) {
        const json parsed = json::parse(command);
        const std::string prefix = parsed["prefix"];
        CHECK(parsed["format"] == "json");
        const bool reads = prefix == "status" || prefix == "versions" || prefix == "osd df" ||
                           prefix == "config dump" || prefix == "df" || prefix == "osd pool ls" ||
                           prefix == "osd crush rule dump" || prefix == "osd count-metadata" ||
                           prefix == "osd perf" || prefix == "osd tree" || prefix == "osd metadata";
        CHECK_MESSAGE(reads, prefix);
    }
}

TEST_CASE("round_is_two_commands") {
    auto how = std::make_shared<behaviour>();
    pretended who(how);
    asked_figures count;
    const settings s = quick();
    rounds questions(who, s, nobody, count);
    std::string problem;
    for (int i = 0; i < 10; ++i)
        CHECK(questions.sample_now(problem));
    CHECK(count.rounds == 10);
    CHECK(count.commands == 20);
    CHECK(count.most_in_a_round == 2);
    // Which of them is down is asked once for each change.
    how->osd_is_down = true;
    for (int i = 0; i < 10; ++i)
        CHECK(questions.sample_now(problem)->down == std::vector<std::int64_t>{0});
    CHECK(count.commands <= 41 + osd_processes::most);
}

TEST_CASE("monitor_that_never_answers_holds_nobody") {
    auto how = std::make_shared<behaviour>();
    settings s = quick();
    threads_left_running = false;
    SUBCASE("from the beginning") {
        how->hangs = true;
        s.to.operation_timeout_ns = 20'000'000;
        {
            cluster_watch watch(s, std::make_unique<pretended>(how));
            CHECK_FALSE(watch.wait_for_before());
            begin(watch);
            watch.add_load({0, 1, "measure", {{"g/read", 100, 1000, 1}}});
            CHECK(watch.sample_of(0, 1e9).is_null());
            CHECK(watch.take_events().empty());
            watch.load_ended();
            const account all = watch.finish();
            CHECK(all.cluster["problem"] == "it did not answer in time");
            CHECK(all.cluster["before"].is_null());
            CHECK(all.cluster["after"].is_null());
            CHECK(all.cluster["samples"].empty());
            REQUIRE(all.cluster["silences"].size() == 1);
            CHECK(all.cluster["silences"][0]["start_s"] == 0);
            CHECK(all.cluster["silences"][0]["end_s"].is_null());
        }
    }
    SUBCASE("from the middle of the load") {
        s.to.operation_timeout_ns = 20'000'000;
        {
            cluster_watch watch(s, std::make_unique<pretended>(how));
            wait_until([&] { return watch.wait_for_before(); });
            begin(watch);
            wait_until([&] { return !watch.sample_of(0, 1e9).is_null(); });
            how->hangs = true;
            const int asked = how->asked;
            wait_until([&] { return how->asked > asked || how->asked > 20; });
            watch.load_ended();
            const account all = watch.finish();
            CHECK(all.cluster["problem"].is_null());
            CHECK(all.cluster["before"].is_object());
            CHECK(all.cluster["after"].is_null());
            CHECK_FALSE(all.cluster["samples"].empty());
        }
    }
    CHECK(threads_left_running);
    threads_left_running = false;
    // What it was given stays as long as its thread does.
    CHECK_FALSE(how->gone);
    how->hangs = false;
    wait_until([&] { return how->gone.load(); });
}

TEST_CASE("monitor_that_times_out_is_a_silence_with_its_end") {
    auto how = std::make_shared<behaviour>();
    cluster_watch watch(quick(), std::make_unique<pretended>(how));
    watch.wait_for_before();
    begin(watch);
    wait_until([&] { return !watch.sample_of(0, 1e9).is_null(); });
    how->answers = false;
    int asked = how->asked;
    wait_until([&] { return how->asked > asked + 3; });
    how->answers = true;
    asked = how->asked;
    wait_until([&] { return how->asked > asked + 6; });
    const account all = watch.finish();
    REQUIRE(all.cluster["silences"].size() == 1);
    const json& one = all.cluster["silences"][0];
    CHECK(one["problem"] == "no answer in time");
    CHECK(one["end_s"].get<double>() > one["start_s"].get<double>());
    CHECK(all.cluster["questions"]["failed"].get<int>() > 0);
    CHECK(all.cluster["questions"]["refused"]["status"] == "no answer in time");
}

TEST_CASE("cluster_that_lets_nobody_in_says_why") {
    auto how = std::make_shared<behaviour>();
    how->lets_in = false;
    cluster_watch watch(quick(), std::make_unique<pretended>(how));
    CHECK_FALSE(watch.wait_for_before());
    begin(watch);
    const account all = watch.finish();
    CHECK(all.cluster["problem"] == "no monitor answered");
    CHECK(how->asked == 0);
}

TEST_CASE("monitor_that_speaks_no_json_is_not_believed") {
    auto how = std::make_shared<behaviour>();
    how->speaks_json = false;
    cluster_watch watch(quick(), std::make_unique<pretended>(how));
    CHECK_FALSE(watch.wait_for_before());
    begin(watch);
    wait_until([&] { return how->asked > 5; });
    const account all = watch.finish();
    CHECK(all.cluster["samples"].empty());
    CHECK(all.cluster["silences"].size() == 1);
    CHECK(all.cluster["problem"] == "its answer is no JSON, or larger than anybody reads");
}

TEST_CASE("client_that_may_only_ask_for_the_status_gets_that") {
    auto how = std::make_shared<behaviour>();
    how->refuses_all_but_status = true;
    cluster_watch watch(quick(), std::make_unique<pretended>(how));
    CHECK(watch.wait_for_before());
    begin(watch);
    wait_until([&] { return !watch.sample_of(0, 1e9).is_null(); });
    const account all = watch.finish();
    CHECK(all.cluster["problem"].is_null());
    CHECK(all.cluster["silences"].empty());
    CHECK(all.cluster["before"]["unanswered"].size() == 7);
    CHECK(all.cluster["samples"][0]["osd_commit"].is_null());
    CHECK(all.cluster["questions"]["refused"]["osd perf"] ==
          "client.x is refused: Permission denied");
}

TEST_CASE("manager_that_is_away_is_asked_seldom_and_costs_no_sample") {
    auto how = std::make_shared<behaviour>();
    how->has_manager = false;
    pretended who(how);
    asked_figures count;
    const settings s = quick();
    rounds questions(who, s, nobody, count);
    std::string problem;
    for (int i = 0; i < 30; ++i)
        CHECK(questions.sample_now(problem));
    CHECK(how->asked_manager == 3);
}
