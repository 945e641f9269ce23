#!/usr/bin/env python3
"""`chopsticks report` of all but single runs, its files, bad input; and `chopsticks show`."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import sys
import termios

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import report_case


class documents_test(report_case.report_case):
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
            done = self.run_binary("compare", *runs[:2], "--vs", *runs[2:], "--json", path,
                                   "--gate", "p99(get) +5%", "--force")
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
        names = self.browser.texts("#chart-curve-p99 svg > text:not(.small):not(.limit-text)")
        self.assertEqual(names[-2:], ["base", "new"])

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

    def test_the_page_goes_to_standard_output_too(self):
        done = self.run_binary("report", self.result(), "-o", "-")
        self.assert_code(done, 0)
        self.assertTrue(done.out.startswith("<!DOCTYPE html>"))
        self.assertTrue(done.out.endswith("</html>\n"))
        # Nowhere beside what has no place.
        done = self.run_binary("report", "/dev/stdin", stdin=self.result().open())
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--output")

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
        expected = [line for line in told.splitlines() if not line.startswith("Intervals ")]
        self.assertEqual(done.out.splitlines(), expected)
        self.assertLessEqual(max(map(len, done.out.splitlines()[:-1])), 80)

    def shown_at(self, subject, columns):
        """What `show` prints to a terminal of that width; None: to a pipe."""
        if columns is None:
            done = self.run_binary("show", subject)
            self.assert_code(done, 0)
            return done.out
        ours, theirs = pty.openpty()
        try:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
            process = self.start("show", subject, stdout=theirs)
            os.close(theirs)
            told = b""
            with contextlib.suppress(OSError):  # EIO: the other side has ended
                while piece := os.read(ours, 65536):
                    told += piece
            self.assertEqual(process.wait(timeout=harness.hang_s), 0)
        finally:
            os.close(ours)
        return re.sub(r"\x1b\[[\d;]*m", "", told.decode()).replace("\r\n", "\n")

    def test_show_of_every_document_fits_the_terminal(self):
        sweeps = [self.sweep("sweep-a"), self.sweep("sweep-b")]
        curves = self.dir / "curves.json"
        done = self.run_binary("compare", sweeps[0], "--vs", sweeps[1], "--json", curves, "--force",
                               "--gate", "p99 +5%")
        self.assertIn(done.code, (0, 1, 4), done.said)
        for subject, words in ((self.result(), "Operation"), (sweeps[0], "rate"),
                               (self.search(), "Highest rate"), (self.compared(), "p99(get) +5%"),
                               (curves, "rate=400"), (self.quick_runs()[0].parent, None),
                               (self.folder_of_runs(), "1.json")):
            for columns in (None, 80, 40):
                with self.subTest(subject=subject.name, columns=columns):
                    told = self.shown_at(subject, columns)
                    # A name of a file is not broken.
                    wide = [line for line in told.splitlines()
                            if len(line) >= (columns or 80) and "/" not in line]
                    self.assertEqual(wide, [])
                    self.assertIn(words or "p99(get) +5%", " ".join(told.split()))

    def folder_of_runs(self):
        folder = self.dir / "four"
        folder.mkdir(exist_ok=True)
        for path in self.quick_runs():
            shutil.copy(path, folder)
        return folder

    def test_show_is_what_the_command_printed(self):
        runs = self.quick_runs()
        arguments = (*runs[:2], "--vs", *runs[2:], "--gate", "p99(get) +5%", "--force")
        told = self.run_binary("compare", *arguments)
        self.compared()
        self.assertEqual(self.run_binary("show", self.kept / "runs/comparison.json").out, told.out)
        told = (self.kept / "search/told.txt")
        self.search()
        self.assertEqual(self.run_binary("show", self.kept / "search").out, told.read_text())

    def test_show_says_what_it_cannot_show(self):
        done = self.run_binary("show", self.dir)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "no result of chopsticks in it")
        document = json.loads(self.compared().read_text())
        document["rows"][0]["verdict"] = "splendid"
        done = self.run_binary("show", self.file("odd.json", json.dumps(document)))
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "odd.json: no comparison as this version")
        with open("/dev/full", "w") as full:
            done = self.run_binary("show", self.result(), stdout=full)
        self.assert_code(done, harness.errors_or_slo)


if __name__ == "__main__":
    harness.main()
