"""What the tests of `chopsticks report` share.

With CHOPSTICKS_SCREENSHOTS=FOLDER each page is also left there as a person sees it.
"""

import json
import os
import pathlib
import shutil
import tempfile

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
limits: {held_up: 100%, held_up_longest: 1h, core_busy: 100%, core_saturated: 100%, steal: 100%,
  send_lag_floor: 1h}
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
limits: {held_up: 100%, held_up_longest: 1h, core_busy: 100%, core_saturated: 100%, steal: 100%,
  send_lag_floor: 1h}
"""


class report_case(harness.case):
    """Runs, series and comparisons that are made once, and their pages in a browser."""

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
                "sweep", "-f", self.file("plan.yaml", quick), "--embedded", "--rates",
                "200,400,800", "--output", path.parent, timeout=120)
            self.assert_code(done, 0, 1)
        return self.kept_file(f"{name}/sweep.json", make)

    def search(self):
        def make(path):
            done = self.run_binary(
                "find-max", "-f", self.file("plan.yaml", quick), "--embedded", "--trial", "300ms",
                "--budget", "3s", "--output", path.parent, timeout=120)
            self.assertTrue(path.exists(), done.said)
            (path.parent / "told.txt").write_text(done.out)
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
                const pixels = canvas.getContext('2d').getImageData(
                    0, 0, canvas.width, canvas.height);
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
