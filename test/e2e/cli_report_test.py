#!/usr/bin/env python3
"""`chopsticks report` and `chopsticks show`: pages as a browser shows them."""

import copy
import json
import os
import pathlib
import shutil
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import browser
import harness

scenario = """
name: reported
groups:
  - workload: s3
    name: front
    data: {objects: 40, size: {uniform: [1KiB, 200KiB]}}
    tasks: [{op: get, weight: 3}, put]
    load: {open: {stages: [{duration: 1500ms, rate: 200}, {duration: 1500ms, rate: 400}]}}
  - workload: rbd
    name: disk
    tasks: [read, write]
    load: {open: {rate: 300}}
phases: {warmup: 1s, measure: 3s}
slo: ["p99 < 10s", "error_rate < 100%"]
error_limit: 100%
# Other tests run beside this one.
limits: {held_up: 100%, held_up_longest: 1h, core_busy: 100%, core_saturated: 100%, steal: 100%, send_lag_floor: 1h}
"""
blocks = ("--set", "workload.rbd.driver=dummy", "--set", "workload.rbd.size=16MiB")
quick = """
name: quick
groups:
  - workload: s3
    data: {objects: 20, size: 4KiB}
    tasks: [{op: get, weight: 3}, put]
    load: {open: {rate: 300}}
phases: {warmup: 0s, measure: 400ms}
slo: ["p99 < 10s"]
limits: {held_up: 100%, held_up_longest: 1h, core_busy: 100%, core_saturated: 100%, steal: 100%, send_lag_floor: 1h}
"""

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


class report_test(harness.case):
    kept = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = pathlib.Path(tempfile.mkdtemp(prefix="chopsticks-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.kept, ignore_errors=True)
        cls.browser = browser.browser(cls.kept)
        cls.addClassCleanup(cls.browser.close)
        cls.made = {}

    def kept_file(self, name, make):
        """Made once for all cases."""
        path = self.kept / name
        if name not in self.made:
            path.parent.mkdir(parents=True, exist_ok=True)
            make(path)
            self.made[name] = True
        return path

    def run_once(self, path, plan, *more):
        done = self.run_binary("run", "-f", self.file("plan.yaml", plan), "--embedded", *more,
                               "--output", path)
        # On a busy machine an objective may be missed; what is shown is what the result says.
        self.assert_code(done, 0, 1)
        path.with_suffix(".txt").write_text(done.out)

    def result(self):
        return self.kept_file("r.json", lambda path: self.run_once(
            path, scenario, "--embedded-faults", "error:rate=0.1,op=get", *blocks))

    def quick_runs(self):
        return [self.kept_file(f"runs/{n}.json", lambda path: self.run_once(path, quick))
                for n in range(1, 5)]

    def sweep(self, name):
        def make(path):
            done = self.run_binary(
                "sweep", "-f", self.file("plan.yaml", quick), "--embedded", "--rates", "200,400,800",
                "--output", path.parent, timeout=120)
            self.assert_code(done, 0, 1)
        return self.kept_file(f"{name}/sweep.json", make)

    def search(self):
        def make(path):
            done = self.run_binary(
                "find-max", "-f", self.file("plan.yaml", quick), "--embedded", "--trial", "300ms",
                "--budget", "3s", "--output", path.parent, timeout=120)
            self.assertTrue(path.exists(), done.said)
        return self.kept_file("search/find_max.json", make)

    def changed(self, name, change):
        document = change(json.loads(self.result().read_text()))
        return self.file(name, json.dumps(document))

    def page(self, subject, **how):
        """The page of a subject, in the browser."""
        out = self.dir / "page.html"
        done = self.run_binary("report", subject, "-o", out)
        self.assert_code(done, 0)
        self.assertEqual(done.out, f"{out}\n")
        self.browser.open(out, **how)
        if keep := os.environ.get("CHOPSTICKS_SCREENSHOTS"):
            self.browser.screenshot(pathlib.Path(keep) / f"{self.id().split('.')[-1]}.png")
        return out

    def assert_sound(self):
        """Nothing went wrong in the browser, and nothing was fetched."""
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.requests(), [])

    def rows(self, caption):
        """Rows of a table by their first cell: the numbers behind what is shown, None where there
        is none."""
        return {row[0]: row[1:] for row in self.browser.run("""
            const table = [...document.querySelectorAll('table')].find(
                one => one.caption && one.caption.textContent === arguments[0]);
            return table ? [...table.tBodies[0].rows].map(row => [...row.cells].map((cell, i) => {
                const data = cell.querySelector('data');
                return i === 0 || !data ? (i === 0 ? cell.textContent : null) : Number(data.value);
            })) : [];""", caption)}

    def assert_drawn(self, expected):
        """Every chart over time has a canvas with something on it, and a legend of its lines."""
        found = self.browser.run("""
            return [...document.querySelectorAll('figure.interactive')].map(figure => {
                const canvas = figure.querySelector('.canvas canvas');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                return [figure.dataset.chart, pixels.data.some(value => value !== 0),
                        [...figure.querySelectorAll('.legend span')].map(e => e.textContent)];
            });""")
        # On the page they stand by what they are about.
        found.sort()
        expected = sorted(expected, key=lambda chart: chart["id"])
        self.assertEqual([one[0] for one in found], [chart["id"] for chart in expected])
        for (name, painted, lines), chart in zip(found, expected):
            self.assertTrue(painted, name)
            self.assertEqual(lines, [line["name"] for line in chart["lines"]], name)

    def time_data(self):
        return json.loads(self.browser.texts("#time-data")[0])

    # The page of a run

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
        self.assertEqual(len(data["t"]), len(result["intervals"]))
        throughput = next(one for one in data["charts"] if one["id"] == "throughput")
        for line in throughput["lines"]:
            for value, one in zip(line["values"], result["intervals"]):
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
        whole = [one for one in harness.read_result(self.result())["intervals"] if one["operations"]]
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
            result["events"] = [{"start_s": 0.5, "end_s": 0.7, "source": hostile, "text": hostile}]
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
        self.assertEqual(page.read_text().count("<script"), 3)
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
            chopsticks.append({t: [100], marks: [{start_s: 99, source: 'annotate', text: '<b>here</b>'}],
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
            return [...document.querySelectorAll('button, svg, [role], table, section')].filter(one => {
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

    # Other documents

    def test_a_sweep_is_a_curve(self):
        sweep = self.sweep("sweep-a")
        self.page(sweep)
        self.assert_sound()
        document = json.loads(sweep.read_text())
        points = self.rows("Points")
        self.assertEqual(list(points), ["rate=200", "rate=400", "rate=800"])
        for point in document["points"]:
            shown = points[f"rate={point['settings']['rate']}"]
            f = point["figures"]
            self.assertEqual([shown[2], shown[3], *shown[7:]],
                             [f["rate_per_s"], f["bytes_per_s"],
                              *(f["response"][key] for key in ("mean_ns", "p50_ns", "p99_ns",
                                                               "p999_ns", "max_ns"))])
        self.assertEqual(len(self.browser.all("#chart-curve-p99 circle")), 3)
        self.assertIn("p99 < 10s", self.browser.texts("#chart-curve-p99 .limit-text"))

    def test_a_knee_is_shown_where_it_is_inside(self):
        document = json.loads(self.sweep("sweep-a").read_text())
        for point, rate, mean in zip(document["points"], (100, 200, 210), (1e6, 1.1e6, 9e6)):
            point["figures"].update({"rate_per_s": float(rate), "mean_ns": mean, "valid": True})
        self.page(self.file("knee/sweep.json", json.dumps(document)))
        self.assertEqual(self.browser.texts("#chart-curve-p99 .mark-text"), ["knee: rate=400"])

    def test_a_search_shows_its_trials(self):
        document = json.loads(self.search().read_text())
        self.page(self.search())
        self.assert_sound()
        self.assertEqual(len(self.rows("Trials, in order of time")), len(document["trials"]))
        rates = list(self.rows("Rates that were tried").values())
        self.assertEqual([row[1] for row in rates], [one["trials"] for one in document["rates"]])

    def compared(self):
        runs = self.quick_runs()
        def make(path):
            done = self.run_binary("compare", *runs[:2], "--vs", *runs[2:], "--json", path, "--gate",
                                   "p99(get) +5%", "--force")
            self.assertIn(done.code, (0, 1, 4), done.said)
        return self.kept_file("runs/comparison.json", make)

    def test_a_comparison_has_effects_runs_and_differences(self):
        path = self.compared()
        self.page(path)
        self.assert_sound()
        document = json.loads(path.read_text())
        shown = self.rows("All figures")
        for row in document["rows"]:
            name = row["figure"] + (f" of {row['operation']}" if row["operation"] else "")
            self.assertEqual(shown[name][:5], [row[key] for key in ("base", "new", "change", "low",
                                                                    "high")], name)
        self.assertEqual(len(self.rows("Gates")), 1)
        self.assertEqual(len(self.rows("Runs, all operations together")), 4)
        self.assert_drawn(self.time_data()["charts"])
        self.assertEqual(self.browser.texts("#chart-percentiles svg > text:not(.small)"),
                         ["response time, base", "response time, new"])
        self.assertTrue(self.browser.all("#chart-effects-1 svg circle"))
        self.assertIn("seed", "".join(self.browser.texts("#configuration pre")))

    def test_a_comparison_without_its_runs_says_so_and_leads_nowhere_else(self):
        document = json.loads(self.compared().read_text())
        secret = self.file("elsewhere/1.json", self.quick_runs()[0].read_text())
        document["base_files"] = ["../elsewhere/1.json", str(secret), "/dev/stdin"]
        self.page(self.file("alone/comparison.json", json.dumps(document)))
        self.assert_sound()
        self.assertIn("../elsewhere/1.json", "".join(self.browser.texts("#differences p")))
        self.assertEqual(self.rows("Runs, all operations together"), {})

    def test_two_sweeps_are_curves_over_each_other(self):
        first, second = self.sweep("sweep-a"), self.sweep("sweep-b")
        path = self.kept / "sweeps.json"
        self.run_binary("compare", first, "--vs", second, "--json", path, "--force")
        self.page(path)
        self.assert_sound()
        self.assertEqual(len(self.browser.all("#chart-curve-p99 circle")), 6)
        self.assertEqual(self.browser.texts("#chart-curve-p99 svg > text:not(.small):not(.limit-text)")[-2:],
                         ["base", "new"])

    def test_a_folder_of_runs_is_one_page(self):
        self.quick_runs()
        folder = self.dir / "only-runs"
        folder.mkdir()
        for path in self.quick_runs():
            shutil.copy(path, folder)
        self.page(folder)
        self.assert_sound()
        runs = self.rows("Runs, all operations together")
        self.assertEqual(list(runs), ["1.json", "2.json", "3.json", "4.json"])
        for path in self.quick_runs():
            self.assertEqual(runs[path.name][5], harness.read_result(path)["total"]["rate_per_s"])
        self.assert_drawn(self.time_data()["charts"])

    def test_a_folder_of_a_sweep_is_the_sweep(self):
        self.page(self.sweep("sweep-a").parent)
        self.assertEqual(self.browser.texts("h1"), ["Sweep of quick"])

    def test_a_merged_result_tells_its_workers(self):
        runs = self.quick_runs()[:2]
        merged = self.dir / "merged.json"
        self.assert_code(self.run_binary("merge", *runs, "-o", merged, "--quiet"), 0)
        self.page(merged)
        self.assert_sound()
        workers = self.rows("By worker: the results that were merged")
        self.assertEqual(len(workers), 2)

    # Files

    def test_the_page_lies_beside_and_never_over_another_file(self):
        path = self.file("here/r.json", self.result().read_text())
        page = path.with_suffix(".html")
        done = self.run_binary("report", path)
        self.assert_code(done, 0)
        self.assertTrue(page.read_text().startswith("<!DOCTYPE html>"))
        page.write_text("mine")
        done = self.run_binary("report", path)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, str(page), "--output")
        self.assertEqual(page.read_text(), "mine")
        self.assert_code(self.run_binary("report", path, "-o", page), 0)
        self.assertNotEqual(page.read_text(), "mine")
        folder = self.run_binary("report", path.parent, "--quiet")
        self.assert_code(folder, 0)
        self.assertEqual(folder.out, "")
        self.assertTrue((path.parent / "report.html").exists())

    def test_a_result_is_not_overwritten_by_its_page(self):
        path = self.file("r.json", self.result().read_text())
        done = self.run_binary("report", path, "-o", path)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "the result itself")
        self.assertEqual(path.read_text(), self.result().read_text())

    def test_a_full_disk_is_told(self):
        done = self.run_binary("report", self.result(), "-o", "/dev/full")
        self.assert_code(done, harness.errors_or_slo)
        self.assert_one_clear_message(done, "/dev/full", "No space left")

    def test_what_is_no_result_is_refused_in_one_sentence(self):
        whole = self.result().read_text()
        (self.dir / "empty").mkdir()
        self.file("two/a.json", '{"kind": "chopsticks-sweep"}')
        self.file("two/b.json", '{"kind": "chopsticks-find-max"}')
        for subject, *parts in (
                (self.file("cut.json", whole[:5000]), "cut.json"),
                (self.file("text.json", "hello"), "text.json"),
                (self.file("other.json", '{"kind": "other", "schema_version": 1}'), "kind"),
                (self.dir / "none.json", "none.json"),
                (self.dir / "empty", "no result of chopsticks"),
                (self.dir / "two", "several documents")):
            with self.subTest(subject):
                done = self.run_binary("report", subject, "-o", self.dir / "x.html")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *parts)
                self.assertFalse((self.dir / "x.html").exists())

    def test_documents_of_other_shapes_end_in_a_page_or_a_message(self):
        """Members of any type, where the loader of series does not look."""
        odd = [None, "text", 7, -1.5, True, [], {}, [1, "a", None, {}], {"a": {"b": [2]}}]
        for kind, member in (("sweep", "points"), ("find-max", "trials"), ("comparison", "rows"),
                             ("sweep-comparison", "points")):
            for value in odd:
                document = {key: value for key in (
                    "axes", "aggregates", "result", "rates", "objectives", "identity", "scenario",
                    "started", "gates", "forced", "differences", "base_files", "new_files", "seed",
                    "sentence", "left_out", "command_line")}
                inner = {key: value for key in ("settings", "figures", "file", "rows", "gates",
                                                "operation", "figure", "change", "low", "status")}
                document.update({"kind": f"chopsticks-{kind}", "schema_version": 1,
                                 member: [inner, value]})
                done = self.run_binary("report", self.file("odd.json", json.dumps(document)), "-o",
                                       self.dir / "odd.html")
                self.assertIn(done.code, (0, harness.bad_usage), (kind, value, done.said))

    # The terminal

    def test_show_prints_what_the_run_did(self):
        done = self.run_binary("show", self.result())
        self.assert_code(done, 0)
        told = self.result().with_suffix(".txt").read_text()
        without_files = [line for line in told.splitlines()
                         if not line.startswith(("Intervals ", "Warning "))]
        self.assertEqual([line for line in done.out.splitlines() if not line.startswith("Warning ")],
                         without_files)
        self.assertLessEqual(max(map(len, done.out.splitlines()[:-1])), 80)

    def test_show_knows_sweeps_and_sends_the_rest_to_the_page(self):
        done = self.run_binary("show", self.sweep("sweep-a"))
        self.assert_code(done, 0)
        self.assertIn("800", done.out)
        done = self.run_binary("show", self.search())
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "chopsticks report")
        with open("/dev/full", "w") as full:
            done = self.run_binary("show", self.result(), stdout=full)
        self.assert_code(done, harness.errors_or_slo)


if __name__ == "__main__":
    harness.main()
