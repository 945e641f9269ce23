#include <algorithm>
#include <array>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/report/cluster_sample.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <cstdio>

#include "cluster.hpp"
#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

/// Above all figures; all of them are in the table of marks.
constexpr std::size_t findings_most = 8;
constexpr std::size_t rows_told_most = 100;
/// Of one place that a sentence names.
constexpr std::size_t times_most = 3;
constexpr std::size_t complaints_most = 6;

const json& about_of(const json& document) {
    return member(member(document, "environment"), "ceph");
}

/// "bluestore: 12, filestore: 3"
std::string counts_text(const json& counts) {
    std::string out;
    if (!counts.is_object()) return out;
    for (const auto& [name, n] : counts.items()) {
        if (!n.is_number()) continue;
        out += (out.empty() ? "" : ", ") + name + ": " + value_text(unit::count, n.get<double>());
    }
    return out;
}

/// A member as words; "-" where there is none.
std::string word_of(const json& object, const char* key) {
    const json& value = member(object, key);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number()) return count_cell(object, key).text;
    return "-";
}

/// To a tenth of a second: samples know no more.
std::string moment_text(double at_s) {
    return clock_text(std::round(at_s * 10) / 10);
}

/// By the wall clock, "11:21:40 UTC"; empty: the document does not say.
std::string clock_of(const json& document, double at_s) {
    const json& run = member(document, "run");
    const json& started = member(run, "started_ns");
    if (!started.is_number_integer()) return {};
    for (const json& phase : member(run, "phases")) {
        const std::string name = text_of(phase, "name");
        if (name != "ramp" && name != "warmup" && name != "measure") continue;
        const double since_s = results::number(phase, "started_s") + at_s;
        if (!(std::abs(since_s) < 1e9)) return {};
        const civil_time t =
            to_civil((started.get<std::int64_t>() + std::llround(since_s * 1e9)) / 1'000'000'000);
        char text[40];
        std::snprintf(text, sizeof text, "%02d:%02d:%02d UTC", t.hour, t.minute, t.second);
        return text;
    }
    return {};
}

/// "0:24.5 (11:21:40 UTC)"
std::string moment_with_clock(const json& document, double at_s) {
    const std::string clock = clock_of(document, at_s);
    return moment_text(at_s) + (clock.empty() ? "" : " (" + clock + ")");
}

std::string range_text(const time_band& band) {
    return moment_text(band.from_s) + " to " + moment_text(band.to_s);
}

/// "0:10 to 0:35, 1:00 to 1:05 and 4 more"
std::string ranges_text(const std::vector<time_band>& bands) {
    std::string out;
    for (std::size_t i = 0; i < bands.size() && i < times_most; ++i)
        out += (i == 0 ? "" : ", ") + range_text(bands[i]);
    if (bands.size() > times_most)
        out += " and " + std::to_string(bands.size() - times_most) + " more";
    return out;
}

/// Times in which the cluster was not well, whatever it complained of; those that touch are one.
std::vector<time_band> unwell_of(const std::vector<time_band>& bands) {
    std::vector<time_band> out;
    for (const time_band& one : bands) {
        if (one.silence || one.as == tone::good) continue;
        if (!out.empty() && out.back().to_s == one.from_s) {
            out.back().to_s = one.to_s;
        } else {
            out.push_back(one);
        }
    }
    return out;
}

tone worst_tone(const json& about, const std::vector<time_band>& bands) {
    tone out = tone::good;
    const auto add = [&](tone one) {
        if (one == tone::bad || (one == tone::warn && out == tone::good)) out = one;
    };
    for (const time_band& band : bands)
        add(band.silence ? tone::warn : band.as);
    for (const char* const key : {"health_before", "health_after"}) {
        const std::string health = text_of(about, key);
        if (health.starts_with("HEALTH_ERR")) {
            add(tone::bad);
        } else if (health != "HEALTH_OK") {
            add(tone::warn);
        }
    }
    return out;
}

/// "osd.0, osd.3", or how many.
std::string osds_named(const json& osds) {
    const json& down = member(osds, "down");
    const double count = results::number(osds, "known") - results::number(osds, "up");
    if (!down.is_array() || down.empty() || static_cast<double>(down.size()) != count ||
        down.size() > times_most)
        return counted(static_cast<std::uint64_t>(count), "OSD");
    std::string out;
    for (const json& one : down)
        out += (out.empty() ? "osd." : ", osd.") + results::dump(one);
    return out;
}

/// Times in which OSDs were down, to the first sample in which none was; named by those that were
/// down first. A silence: they still were when the cluster was asked last.
std::vector<time_band> osds_down_of(const json& cluster) {
    std::vector<time_band> out;
    bool is_down = false;
    for (const json& one : member(cluster, "samples")) {
        const json& osds = member(one, "osds");
        if (!member(one, "t_s").is_number() || !member(osds, "up").is_number()) continue;
        const double at_s = results::number(one, "t_s");
        if (is_down) out.back().to_s = at_s;
        const bool now = results::number(osds, "known") > results::number(osds, "up");
        if (now && !is_down) out.push_back({at_s, at_s, osds_named(osds), tone::warn, false});
        is_down = now;
    }
    if (is_down) out.back().silence = true;
    return out;
}

/// "osd.0 was down from 0:24.5 (11:21:40 UTC) to 0:55.5 (11:22:11 UTC)"
std::string osds_down_text(const json& document, const std::vector<time_band>& down) {
    std::string out;
    for (std::size_t i = 0; i < down.size() && i < times_most; ++i) {
        const time_band& one = down[i];
        const bool several = !one.name.starts_with("osd.") && !one.name.starts_with("1 ");
        out += "; " + one.name +
               (several || one.name.find(',') != std::string::npos ? " were" : " was") +
               " down from " + moment_with_clock(document, one.from_s);
        out += one.silence ? " on, and still when the cluster was asked last, at " : " to ";
        out += moment_with_clock(document, one.to_s);
    }
    if (down.size() > times_most)
        out += "; and " + std::to_string(down.size() - times_most) + " times more";
    return out;
}

/// What it complained of in a time, "OSD_DOWN, PG_DEGRADED", in the order in which it came.
std::string complaints_in(const json& cluster, const std::vector<time_band>& times) {
    std::vector<std::string> names;
    for (const json& one : member(cluster, "samples")) {
        const double at_s = results::number(one, "t_s");
        const bool is_in = std::any_of(times.begin(), times.end(), [&](const time_band& band) {
            return at_s >= band.from_s && at_s <= band.to_s;
        });
        const json& checks = member(one, "checks");
        if (!is_in || !checks.is_object()) continue;
        for (const auto& [name, summary] : checks.items()) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < complaints_most; ++i)
        out += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > complaints_most)
        out += " and " + std::to_string(names.size() - complaints_most) + " more";
    return out;
}

/// How it was over the load, as one sentence.
std::string course_text(const json& document, const std::vector<time_band>& bands) {
    const json& about = about_of(document);
    const json& cluster = member(document, "cluster");
    const std::string before = text_of(about, "health_before");
    const std::string after = text_of(about, "health_after");
    std::string out = (before.empty() ? "unknown" : before) + " before the run, " +
                      (after.empty() ? "unknown" : after) + " after it";
    // First what explains the rest.
    out += osds_down_text(document, osds_down_of(cluster));
    const std::vector<time_band> unwell = unwell_of(bands);
    std::vector<time_band> silent;
    for (const time_band& one : bands) {
        if (one.silence) silent.push_back(one);
    }
    if (bands.size() > silent.size() && unwell.empty())
        out += "; HEALTH_OK whenever it was asked in between";
    if (!unwell.empty()) {
        out += "; not HEALTH_OK from " + ranges_text(unwell);
        const std::string why = complaints_in(cluster, unwell);
        if (!why.empty()) out += " (" + why + ")";
        const auto well = std::find_if(bands.begin(), bands.end(), [&](const time_band& one) {
            return one.as == tone::good && one.from_s >= unwell.back().to_s;
        });
        out += well != bands.end()
                   ? ", and HEALTH_OK again from " + moment_text(well->from_s) + " on"
                   : ", the last time it was asked";
    }
    if (!silent.empty()) out += "; no answer from " + ranges_text(silent);
    const std::string began = clock_of(document, 0);
    if (!began.empty()) out += ". Times count from when the load began, at " + began;
    return out;
}

table facts_table(const json& document) {
    const json& about = about_of(document);
    const json& cluster = member(document, "cluster");
    table out{.caption = "Cluster", .header = {"What", "value"}};
    const auto add = [&](const char* what, const std::string& value) {
        if (!value.empty() && value != "-") out.rows.push_back({{.text = what}, words(value)});
    };
    add("fsid", word_of(about, "fsid"));
    add("Ceph", word_of(about, "version"));
    std::string versions = counts_text(member(member(cluster, "before"), "versions"));
    add("versions of daemons", versions);
    const std::string versions_after = counts_text(member(member(cluster, "after"), "versions"));
    if (versions_after != versions) add("versions of daemons after", versions_after);
    add("librados", word_of(about, "librados"));
    add("health before", word_of(about, "health_before"));
    add("health after", word_of(about, "health_after"));
    add("monitors", word_of(about, "monitors"));
    const json& osds = member(about, "osds");
    if (osds.is_object())
        add("OSDs", word_of(osds, "known") + ", " + word_of(osds, "up") + " up, " +
                        word_of(osds, "in") + " in");
    add("device classes", counts_text(member(osds, "device_classes")));
    add("object stores", counts_text(member(osds, "object_stores")));
    if (member(about, "used_percent").is_number())
        add("filled", results::decimal(results::number(about, "used_percent"), 1) + "%");
    add("asked by", word_of(cluster, "client"));
    add("exporter", word_of(cluster, "prometheus"));
    for (const auto& [command, why] : member(member(cluster, "questions"), "refused").items()) {
        if (why.is_string()) add("not told", command + ": " + why.get<std::string>());
    }
    return out;
}

table pools_table(const json& about) {
    table out{.caption = "Pools of the load",
              .header = {"Pool", "type", "size", "min_size", "pg_num", "CRUSH rule", "device class",
                         "erasure code profile"}};
    const json& pools = member(about, "pools");
    if (!pools.is_object()) return out;
    for (const auto& [name, pool] : pools.items()) {
        out.rows.push_back({{.text = name},
                            words(word_of(pool, "type")),
                            count_cell(pool, "size"),
                            count_cell(pool, "min_size"),
                            count_cell(pool, "pg_num"),
                            words(word_of(pool, "crush_rule")),
                            words(word_of(pool, "device_class")),
                            words(word_of(pool, "erasure_code_profile"))});
    }
    return out;
}

/// Images of one group that have the same features and size are one row.
table images_table(const json& document) {
    table out{.caption = "Images", .header = {"Group", "images", "size", "features"}};
    for (const auto& [group, of_it] : member(document, "groups").items()) {
        std::vector<std::pair<std::string, std::vector<const json*>>> alike;
        for (const json& image : member(of_it, "images")) {
            std::string features;
            const json& told = member(image, "features");
            for (const json& one : told) {
                if (one.is_string())
                    features += (features.empty() ? "" : ", ") + one.get<std::string>();
            }
            if (told.is_string()) features = told.get<std::string>();
            if (features.empty()) features = told.is_array() ? "none" : "not known";
            const auto same = std::find_if(alike.begin(), alike.end(), [&](const auto& known) {
                return known.first == features &&
                       member(*known.second.front(), "bytes") == member(image, "bytes");
            });
            if (same == alike.end()) {
                alike.push_back({features, {&image}});
            } else {
                same->second.push_back(&image);
            }
        }
        for (const auto& [features, images] : alike) {
            const auto bytes = static_cast<double>(results::count(*images.front(), "bytes"));
            out.rows.push_back(
                {{.text = group},
                 {.text = std::to_string(images.size()),
                  .value = static_cast<double>(images.size())},
                 {.text = format_size(results::count(*images.front(), "bytes")), .value = bytes},
                 words(features)});
        }
    }
    return out;
}

table changes_table(const json& cluster) {
    table out{.caption = "Changed over the run", .header = {"What"}};
    for (const json& one : member(cluster, "changes")) {
        if (one.is_string()) out.rows.push_back({words(one.get<std::string>())});
    }
    return out;
}

/// Names of what it complains of.
std::string complaints_of(const json& sample) {
    std::string out;
    const json& checks = member(sample, "checks");
    if (!checks.is_object()) return out;
    for (const auto& [name, summary] : checks.items())
        out += name + "\n";
    return out;
}

/// A row for each time of the same health and the same complaints: one that lasts hides no other.
table health_table(const json& cluster, const std::vector<time_band>& bands) {
    table out{.caption = "Health over time", .header = {"Health", "from", "to", "why"}};
    const auto add = [&](const time_band& band, double from_s, double to_s, std::string why) {
        if (out.rows.size() == rows_told_most) return;
        out.rows.push_back({words(band.name, band.silence ? tone::plain : band.as),
                            {.text = moment_text(from_s), .value = from_s},
                            {.text = moment_text(to_s), .value = to_s},
                            words(std::move(why))});
    };
    for (const time_band& band : bands) {
        if (band.silence) {
            std::string why;
            for (const json& one : member(cluster, "silences")) {
                if (results::number(one, "start_s") == band.from_s) why = text_of(one, "problem");
            }
            add(band, band.from_s, band.to_s, std::move(why));
            continue;
        }
        const json* first = nullptr;
        double from_s = band.from_s;
        for (const json& one : member(cluster, "samples")) {
            const double at_s = results::number(one, "t_s");
            if (!member(one, "t_s").is_number() || at_s < band.from_s || at_s >= band.to_s)
                continue;
            if (first != nullptr && complaints_of(*first) == complaints_of(one)) continue;
            if (first != nullptr) add(band, from_s, at_s, figures_of_sample(*first).complaints);
            first = &one;
            from_s = at_s;
        }
        add(band, from_s, band.to_s,
            first == nullptr ? std::string() : figures_of_sample(*first).complaints);
    }
    return out;
}

table counters_table(const json& cluster) {
    table out{.caption = "What the load's own connections counted",
              .header = {"Counter", "count", "mean of each"}};
    const json& counters = member(member(cluster, "client_counters"), "counters");
    if (!counters.is_object()) return out;
    for (const auto& [name, value] : counters.items()) {
        if (out.rows.size() == rows_told_most) break;
        if (value.is_number()) {
            const auto n = value.get<double>();
            out.rows.push_back(
                {{.text = name}, {.text = value_text(unit::count, n), .value = n}, {.text = "-"}});
        } else if (value.is_object()) {
            const double mean_s = results::number(value, "mean_s");
            out.rows.push_back({{.text = name},
                                count_cell(value, "count"),
                                {.text = value_text(unit::ms, mean_s * 1000), .value = mean_s}});
        }
    }
    return out;
}

}  // namespace

std::vector<verdict> cluster_verdicts(const json& document, const time_charts& charts) {
    std::vector<verdict> out;
    const json& cluster = member(document, "cluster");
    if (cluster.is_object()) {
        const std::string problem = text_of(cluster, "problem");
        if (!problem.empty()) {
            out.push_back({tone::warn, "CLUSTER", "could not be asked: " + problem});
        } else {
            const json& about = about_of(document);
            const bool asked = charts.bands.size() > 0 || member(cluster, "before").is_object() ||
                               member(cluster, "after").is_object();
            if (asked) {
                out.push_back({worst_tone(about, charts.bands), "CLUSTER",
                               course_text(document, charts.bands)});
            } else {
                out.push_back({tone::plain, "CLUSTER", "only RGW was asked, not its cluster"});
            }
        }
    }
    std::size_t more = 0;
    for (std::size_t i = 0; i < charts.marks.size(); ++i) {
        const time_mark& mark = charts.marks[i];
        if (mark.source != "finding") continue;
        if (out.size() > findings_most) {
            ++more;
            continue;
        }
        out.push_back(
            {tone::plain, "FINDING",
             moment_text(mark.start_s) + " (mark " + std::to_string(i + 1) + "): " + mark.text});
    }
    if (more > 0)
        out.push_back({tone::plain, "FINDING", counted(more, "more") + " in the table of marks"});
    return out;
}

section cluster_section(const json& document, const time_charts& charts) {
    section out{.id = "cluster", .title = "Cluster"};
    add_table(out, images_table(document));
    const json& cluster = member(document, "cluster");
    if (!cluster.is_object()) return out;
    std::vector<block> images = std::move(out.blocks);
    out.blocks.clear();
    const std::string problem = text_of(cluster, "problem");
    if (!problem.empty()) out.blocks.emplace_back(paragraph{"It could not be asked: " + problem});
    if (!charts.bands.empty()) {
        out.blocks.emplace_back(paragraph{
            "The stripe above each axis of time is the cluster's health, higher where it is worse: "
            "low HEALTH_OK, middle HEALTH_WARN, high HEALTH_ERR. A time that is grey in the charts "
            "of this section is one without an answer: a gap in a line says nothing."});
    }
    add_table(out, health_table(cluster, charts.bands));
    if (const std::uint64_t dropped = results::count(cluster, "silences_dropped"); dropped > 0)
        out.blocks.emplace_back(
            paragraph{counted(dropped, "further silence") + " had no room in the result."});
    constexpr std::array<std::string_view, 1> theirs = {"cluster-"};
    add_time_charts(out, charts, theirs);
    if (const double every_s = results::number(cluster, "sample_every_s"); every_s > 0)
        out.blocks.emplace_back(paragraph{"Of the cluster there is a sample every " +
                                          results::decimal(every_s, 1) + " s."});
    add_table(out, changes_table(cluster));
    if (problem.empty() && !member(cluster, "after").is_object())
        out.blocks.emplace_back(
            paragraph{"How it was after the run is not known: it did not "
                      "answer in time."});
    add_table(out, facts_table(document));
    add_table(out, pools_table(about_of(document)));
    add_table(out, buckets_table(cluster));
    if (std::string said = bucket_account_text(cluster); !said.empty())
        out.blocks.emplace_back(paragraph{std::move(said)});
    for (block& one : images)
        out.blocks.push_back(std::move(one));
    add_table(out, counters_table(cluster));
    return out;
}

}  // namespace chopsticks::report
