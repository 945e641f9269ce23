#include <doctest/doctest.h>

#include <chopsticks/report/assets.hpp>
#include <chopsticks/report/html.hpp>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks::report;

namespace {

const std::string hostile = "</script><b onclick='x'>\"&\x1b[31m\xff";

std::size_t count_of(const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

/// A page with one of everything, and these words wherever words can be.
page page_of(const std::string& words) {
    page out;
    out.title = words;
    out.facts = words;
    out.verdicts = {{tone::bad, words, words, words}};
    out.over_time.t_s = {0.5, 1.5};
    time_chart chart{.id = "c", .title = words, .note = words};
    chart.lines = {{words, {1, nothing}}};
    chart.limits = {{2, words}};
    out.over_time.charts = {chart};
    out.over_time.spans = {{0, 100, words, false}, {0, 50, words, true}};
    out.over_time.marks = {{1, 2, words, words}};
    section all{.id = "s", .title = words};
    all.blocks.emplace_back(paragraph{words});
    table rows{.caption = words, .header = {words, words}};
    rows.rows = {{{.text = words}, {.text = words, .value = 1.25, .as = tone::bad, .words = true}}};
    all.blocks.emplace_back(rows);
    all.blocks.emplace_back(time_chart_place{0});
    curve_chart curves{.id = "curves", .title = words, .note = words};
    curves.x.title = words;
    curves.curves = {{.name = words, .points = {{1, 1, words}, {2, 4, words}}, .dots = true}};
    curves.limits = {{3, words}};
    curves.places = {{1.5, words}};
    all.blocks.emplace_back(curves);
    effect_chart effects{.id = "effects", .title = words, .note = words};
    effects.effects = {{words, 0.1, 0.05, std::nullopt, 0.02, words, tone::good}};
    all.blocks.emplace_back(effects);
    all.blocks.emplace_back(listing{words, words + "\n" + words});
    out.sections = {all};
    return out;
}

}  // namespace

TEST_CASE("escaped_leaves_no_markup_and_keeps_lines") {
    CHECK(escaped("a<b>&\"'c") == "a&lt;b&gt;&amp;&quot;&#39;c");
    CHECK(escaped("one\n\ttwo") == "one\n\ttwo");
    CHECK(escaped("\x1b[31m\xff") == "?[31m?");
    CHECK(escaped("a\u202eb\u2066c") == "a?b?c");
    CHECK(escaped("\u00e9\u2026") == "\u00e9\u2026");
}

TEST_CASE("page_with_hostile_words_has_the_tags_of_one_with_harmless_words") {
    // As long: what fits where hangs on it.
    const std::string harmless = to_html(page_of(std::string(hostile.size(), 'w')));
    const std::string out = to_html(page_of(hostile));
    CHECK(count_of(out, "<") == count_of(harmless, "<"));
    CHECK(count_of(out, "</script") == count_of(harmless, "</script"));
    CHECK(!contains(out, "\x1b"));
    CHECK(!contains(out, "<b onclick"));
}

TEST_CASE("page_carries_numbers_as_the_document_has_them") {
    const std::string out = to_html(page_of("words"));
    CHECK(contains(out, "<data value=\"1.25\">words</data>"));
    CHECK(contains(out, R"("values":[1,null])"));
}

TEST_CASE("page_allows_its_own_scripts_alone") {
    const std::string out = to_html(page_of("words"));
    const asset* charts = find_asset("charts.js");
    REQUIRE(charts != nullptr);
    CHECK(contains(out, "default-src 'none'"));
    CHECK(contains(out, "'sha256-" + std::string(charts->sha256) + "'"));
    CHECK(!contains(out, "sourceMappingURL"));
    CHECK(find_asset("none.js") == nullptr);
}

TEST_CASE("page_shows_no_more_of_a_table_and_a_text_than_there_is_room_for") {
    page large;
    section all{.id = "s", .title = "all"};
    table rows{.caption = "rows", .header = {"row"}};
    for (int i = 0; i < 5000; ++i)
        rows.rows.push_back({{.text = std::string(5000, 'x')}});
    all.blocks.emplace_back(rows);
    all.blocks.emplace_back(listing{"text", std::string(4'000'000, 'y')});
    large.sections = {all};
    const std::string out = to_html(large);
    CHECK(out.size() < 700'000);
    CHECK(contains(out, "4700 more rows"));
    CHECK(contains(out, "The rest is in the document itself"));
}
