#!/usr/bin/env python3
"""`chopsticks report` of a run: the page as a browser shows it."""

import copy
import json
import pathlib
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import report_case

# What a target, a file or a person could put into a result.
hostile = ('</script><script>window.hacked = 1</script><img src="x" onerror="window.hacked = 2">'
           '\'"&amp;<!--\u202e')
figures = ("ok", "failed", "rate_per_s", "bytes_per_s")
latencies = ("mean_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")


def an_hour(result):
    """The result with the intervals of an hour at 1 s each, and stages of six minutes."""
    out = copy.deepcopy(result)
    whole = [one for one in out["intervals"] if one["operations"]]
    out["intervals"] = []
    for second in range(3600):
        out["intervals"].append({**whole[second % len(whole)], "t_s": float(second),
                                 "duration_s": 1.0, "phase": "measure"})
    out["stages"] = [{**result["stages"][i % 2], "start_s": 360.0 * i, "duration_s": 360.0}
                     for i in range(10)]
    out["run"]["phases"] = [{"name": "measure", "started_s": 0.0, "duration_s": 3600.0}]
    out["events"] = [{"start_s": 60.0 * i, "source": "ceph", "text": f"osd.{i} marked down"}
                     for i in range(50)]
    return out


def poisoned(value, words):
    """All texts of a value that say nothing to a reader of results, and all names, replaced."""
    if isinstance(value, dict):
        return {key: poisoned(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, words) for one in value]
    return words if isinstance(value, str) else value


class run_page_test(report_case.report_case):
    def test_the_numbers_of_a_run_are_those_of_its_result(self):
        self.page(self.result())
        self.assert_sound()
        result = harness.read_result(self.result())
        shown = self.rows("Operations, with response times")
        self.assertEqual(set(shown), {*result["operations"], "all together"})
        for name, one in {**result["operations"], "all together": result["total"]}.items():
            expected = [one[key] for key in figures] + [one["response"][key] for key in latencies]
            self.assertEqual(shown[name], expected, name)
        groups = self.rows("Load, in tasks of the measure phase")
        self.assertEqual(groups["front"][2], result["groups"]["front"]["load"]["intended"])
        errors = self.browser.texts("section#breakdown tbody tr")
        self.assertTrue(any("SlowDown" in row for row in errors), errors)
        self.assertEqual(self.browser.texts("h1"), ["reported"])
        self.assertEqual(self.browser.texts(".verdicts strong")[0],
                         "VALID" if result["validity"]["valid"] else "INVALID")

    def test_charts_over_time_have_the_rates_of_the_intervals(self):
        self.page(self.result())
        data = self.time_data()
        self.assert_drawn(data["charts"])
        result = harness.read_result(self.result())
        # What a phase left of an interval has no rate.
        longest = max(one["duration_s"] for one in result["intervals"])
        told = [one for one in result["intervals"] if one["duration_s"] >= 0.2 * longest]
        self.assertEqual(len(data["t"]), len(told))
        throughput = next(one for one in data["charts"] if one["id"] == "throughput")
        for line in throughput["lines"]:
            for value, one in zip(line["values"], told):
                of_it = one["operations"].get(line["name"], {"ok": 0})
                self.assertAlmostEqual(value, of_it["ok"] / one["duration_s"],
                                       delta=value * 1e-3 + 1e-9)
        names = [span["name"] for span in data["spans"]]
        self.assertEqual(names[:2], ["warmup", "measure"])
        self.assertEqual(names[-2:], ["stage 1", "stage 2"])

    def test_without_script_there_are_drawings_and_tables(self):
        self.page(self.result(), script=False)
        self.assertEqual(self.browser.all("canvas"), [])
        drawn = self.browser.run("""
            return [...document.querySelectorAll('figure.chart')].map(figure => {
                const svg = figure.querySelector('svg.drawn');
                const name = svg.getAttribute('aria-labelledby').split(' ').map(
                    id => document.getElementById(id).textContent);
                return [figure.id, svg.getBoundingClientRect().height > 50,
                        svg.querySelectorAll('path.line, path[class^=h]').length, name];
            });""")
        ids = [one[0] for one in drawn]
        for name in ("throughput", "latency", "errors", "rate", "in-flight", "send-lag", "heat-map",
                     "percentiles", "cores", "driver-reused-connections"):
            self.assertIn(f"chart-{name}", ids)
        for name, is_seen, lines, words in drawn:
            self.assertTrue(is_seen, name)
            self.assertGreater(lines, 0, name)
            self.assertTrue(all(words), name)
        self.assertGreater(len(self.browser.all("table")), 6)

    def test_an_hour_takes_less_than_a_megabyte(self):
        page = self.page(self.changed("hour.json", an_hour))
        self.assertLess(page.stat().st_size, 1_000_000)
        self.assert_sound()
        data = self.time_data()
        self.assert_drawn(data["charts"])
        self.assertEqual(len(data["t"]), 1200)
        self.assertEqual(len(data["marks"]), 50)
        self.assertEqual(len(self.rows("Marks")), 50)
        # Of three intervals each: rates of all of them, and no mean of percentiles.
        intervals = harness.read_result(self.result())["intervals"]
        whole = [one for one in intervals if one["operations"]]
        first = [whole[i % len(whole)] for i in range(3)]
        ok = sum(one["operations"]["disk/read"]["ok"] for one in first)
        throughput = next(one for one in data["charts"] if one["id"] == "throughput")
        line = next(one for one in throughput["lines"] if one["name"] == "disk/read")
        self.assertAlmostEqual(line["values"][0], ok / 3, delta=ok * 1e-3)
        latency = next(one for one in data["charts"] if one["id"] == "latency")
        most = max(operation["response"]["max_ns"] for one in first
                   for operation in one["operations"].values() if "response" in operation)
        line = next(one for one in latency["lines"] if one["name"] == "max")
        self.assertAlmostEqual(line["values"][0], most / 1e6, delta=most / 1e6 * 0.02)

    def test_what_a_result_says_is_never_markup(self):
        def poison(result):
            for key in ("operations", "by_endpoint", "driver_figures"):
                result[key] = {name + hostile: one for name, one in result[key].items()}
            for one in result["intervals"]:
                one["operations"] = {name + hostile: value
                                     for name, value in one["operations"].items()}
                one.pop("driver_figures", None)
            result["groups"] = {name + hostile: one for name, one in result["groups"].items()}
            for name in ("environment", "workload", "scenario"):
                result[name] = poisoned(result[name], hostile)
            for operation in result["operations"].values():
                operation["by_size_class"] = {name + hostile: one for name, one in
                                              operation["by_size_class"].items()}
                for error in operation["errors"]:
                    error.update({"class": hostile, "s3_code": hostile, "example": hostile})
            result["run"].update({"warnings": [hostile], "notes": [hostile], "problem": hostile,
                                  "command_line": [hostile], "id": hostile, "started": hostile})
            result["run"]["phases"][-1]["name"] = hostile
            result["validity"] = {"valid": False, "reasons": [hostile]}
            result["slo"]["objectives"][0]["text"] = hostile
            result["events"] = [{"start_s": 0.5, "end_s": 0.7, "source": "annotate",
                                 "text": hostile}]
            result["data"]["left"] = [{"kind": hostile, "name": hostile, "count": 1, "exact": True,
                                       "remove_with": hostile}]
            result["run"]["verdicts"]["left_behind"] = "something"
            for figures_of_one in result["driver_figures"].values():
                for figure in figures_of_one.values():
                    figure.update({"description": hostile[:60]})
            return result
        page = self.page(self.changed("hostile.json", poison))
        self.assertIsNone(self.browser.run("return window.hacked || null"))
        self.assert_sound()
        self.assertEqual(len(self.browser.all("img")), 0)
        shown = hostile.replace("\u202e", "?")
        self.assertIn(shown, self.browser.texts("h1")[0])
        self.assertIn(shown, self.browser.texts(".verdicts li")[0])
        for name in self.time_data()["charts"][0]["lines"]:
            self.assertIn("</script>", name["name"])
        # The scripts in the file are the page's own: the data, the library and ours.
        self.assertEqual(page.read_text().count("<script"), 4)
        self.assertNotIn("\u202e", page.read_text())

    def test_a_reader_can_go_through_a_chart_with_keys(self):
        self.page(self.result())
        plot = self.browser.all("figure[data-chart=throughput] .plot")[0]
        read = "figure[data-chart=throughput] .readout"
        plot.send_keys("\ue014")  # arrow to the right
        self.assertRegex(self.browser.texts(read)[0], r"^0:00")
        self.assertIn("front/get", self.browser.texts("figure[data-chart=throughput] .spoken")[0])
        # All charts show the same moment.
        self.assertRegex(self.browser.texts("figure[data-chart=cores] .readout")[0], r"^0:00")
        self.assertTrue(plot.get_attribute("aria-label").startswith("Throughput"))

    def test_lines_can_be_hidden_and_points_added(self):
        self.page(self.result())
        button = self.browser.all("figure[data-chart=throughput] .legend button")[0]
        button.click()
        self.assertEqual(button.get_attribute("aria-pressed"), "false")
        self.browser.run("""
            chopsticks.append({t: [100],
                marks: [{start_s: 99, source: 'annotate', text: '<b>here</b>'}],
                charts: [{id: 'throughput', title: 'Throughput', unit: '/s', log: false, limits: [],
                          lines: [{name: 'a new one', values: [5]}]},
                         {id: 'new', title: '<i>New</i>', unit: 'ms', log: true, limits: [],
                          lines: [{name: 'x', values: [1]}]}]});""")
        lines = self.browser.texts("figure[data-chart=throughput] .legend span")
        self.assertEqual(lines[-1], "a new one")
        self.assertEqual(self.browser.texts("figure[data-chart=new] h3"), ["<i>New</i>"])
        self.assert_sound()

    def test_charts_are_saved_as_drawings_of_their_own(self):
        self.page(self.result())
        self.browser.all("figure[data-chart=latency] button.save")[0].click()
        saved = self.kept / "chart-latency.svg"
        harness.wait_until("the drawing is saved", saved.exists)
        root = xml.etree.ElementTree.parse(saved).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("stroke", root.find("{http://www.w3.org/2000/svg}style").text)
        self.assertGreater(len(root.findall("{http://www.w3.org/2000/svg}path")), 5)
        self.assert_sound()

    def test_the_page_fits_dark_rooms_telephones_and_paper(self):
        colour = "return getComputedStyle(document.body).backgroundColor"
        self.page(self.result(), dark=True)
        self.assertEqual(self.browser.run(colour), "rgb(20, 24, 30)")
        self.page(self.result(), width=360)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
        self.page(self.result(), paper=True, dark=True)
        self.assertEqual(self.browser.run(colour), "rgb(255, 255, 255)")
        seen = self.browser.run("""
            const figure = document.querySelector('figure[data-chart=latency]');
            return ['svg.drawn', '.plot', '.save'].map(
                one => figure.querySelector(one).getBoundingClientRect().height > 0);""")
        self.assertEqual(seen, [True, False, False])

    def test_everything_has_a_name_for_those_who_hear_it(self):
        self.page(self.result())
        unnamed = self.browser.run("""
            const all = document.querySelectorAll('button, svg, [role], table, section');
            return [...all].filter(one => {
                const by = one.getAttribute('aria-labelledby');
                const name = one.getAttribute('aria-label') || one.textContent.trim() ||
                    (by && by.split(' ').every(id => document.getElementById(id)));
                return !name;
            }).map(one => one.outerHTML.slice(0, 80));""")
        self.assertEqual(unnamed, [])
        twice = self.browser.run("""
            const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
            return ids.filter((id, i) => ids.indexOf(id) !== i);""")
        self.assertEqual(twice, [])


if __name__ == "__main__":
    harness.main()
