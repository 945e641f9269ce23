#!/usr/bin/env python3
"""`chopsticks compare` on runs that it made itself: verdicts, gates, refusals, bad input."""

import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

undecided = 4

scenario = """
name: compared
groups:
  - workload: s3
    data: {prefix: e2e/, objects: 40, size: 4KiB}
    tasks: [{op: get, weight: 3}, {op: put, weight: 1}]
    load: {closed: {users: 8, think_time: 2ms}}
phases: {warmup: 0s, measure: 700ms}
# Other tests run beside this one.
limits: {held_up: 100%, held_up_longest: 1h, outage: 100%, core_busy: 100%, core_saturated: 100%,
         steal: 100%}
seed: 7
"""


class compare_test(harness.case):
    """The runs are made once: five of the driver dummy a side, in turns, and five a side of the
    embedded endpoint, which answers in 30 ms to the base and in 120 ms to the new side. Those have
    a number of operations, and no time: of what other programs do to a run its median then knows
    nothing, unless they do it all the time."""

    kept = None

    @classmethod
    def tearDownClass(cls):
        if cls.kept:
            shutil.rmtree(cls.kept, ignore_errors=True)

    def setUp(self):
        super().setUp()
        if compare_test.kept is None:
            compare_test.kept = tempfile.mkdtemp(prefix="chopsticks-runs-")
            self.make_runs(pathlib.Path(compare_test.kept))
        self.runs = pathlib.Path(compare_test.kept)

    def make_runs(self, folder):
        timed = self.file("timed.yaml", scenario)
        counted = self.file("counted.yaml", scenario.replace("measure: 700ms", "measure: 1h") +
                            "stop: {operations: 120}\n")
        for i in range(1, 6):
            sides = ("base", "new") if i % 2 else ("new", "base")
            for side in sides:
                delay = "30ms" if side == "base" else "120ms"
                for kind, plan, target in (
                        ("dummy", timed, ("--set", "workload.driver=dummy")),
                        ("slow", counted, ("--embedded-faults", f"latency:fixed={delay}"))):
                    done = self.run_binary("run", "-f", plan, "--embedded", *target, "--quiet",
                                           "--output", folder / f"{kind}-{side}-{i}.json")
                    self.assert_code(done, 0)

    def side(self, kind, side, numbers=range(1, 6)):
        return [self.runs / f"{kind}-{side}-{i}.json" for i in numbers]

    def compare(self, base, new, *more, **how):
        return self.run_binary("compare", *base, "--vs", *new, *more, **how)

    def changed(self, path, change):
        """A copy of a run with something else in it."""
        result = harness.read_result(path)
        change(result)
        return self.file(f"changed-{path.name}", json.dumps(result))

    def test_a_slower_side_regresses(self):
        done = self.compare(self.side("slow", "base"), self.side("slow", "new"), "--gate",
                            "p50(get) +5%", "--gate", "error_rate +50%", "--json", "c.json")
        self.assert_code(done, harness.errors_or_slo)
        self.assertRegex(done.out, r"\ARegressed: 1 of 2 gates, p50 of s3/get \+\d+")
        self.assertRegex(done.out, r"(?m)^Runs +5 runs against 5, in pairs")
        for line in done.out.splitlines():
            self.assertLess(len(line), 80, line)
        self.assertNotIn("\x1b", done.out)
        document = harness.read_result(self.dir / "c.json")
        self.assertEqual(harness.schema_errors(document, "compare"), [])
        self.assertEqual([gate["result"] for gate in document["gates"]], ["regressed", "passed"])
        self.assertTrue(document["paired"])
        row = next(row for row in document["rows"]
                   if (row["operation"], row["figure"]) == ("s3/get", "p50"))
        self.assertEqual(row["verdict"], "regressed")
        self.assertEqual(row["base_runs"],
                         [harness.read_result(path)["operations"]["s3/get"]["response"]["p50_ns"]
                          for path in self.side("slow", "base")])
        self.assertLess(row["low"], row["change"])
        self.assertLess(row["change"], row["high"])
        # The other way round it is better.
        done = self.compare(self.side("slow", "new"), self.side("slow", "base"), "--gate",
                            "p50(get) +5%")
        self.assert_code(done, 0)
        self.assertTrue(done.out.startswith("Passed: the gate"), done.out)

    def test_sides_alike_pass(self):
        gates = self.file("gates.txt", "# nightly\nthroughput -95%\nerror_rate(get) +50%\n")
        done = self.compare(self.side("dummy", "base"), self.side("dummy", "new"), "--gate", gates)
        self.assert_code(done, 0)
        self.assertTrue(done.out.startswith("Passed: all 2 gates"), done.out)
        # Without gates no verdict decides.
        done = self.compare(self.side("slow", "base"), self.side("slow", "new"))
        self.assert_code(done, 0)
        self.assertIn("regressed", done.out)

    def test_one_run_a_side_cannot_tell(self):
        one = ([self.runs / "slow-base-1.json"], [self.runs / "slow-new-1.json"])
        done = self.compare(*one, "--gate", "p50(get) +5%")
        self.assert_code(done, undecided)
        self.assertTrue(done.out.startswith("Inconclusive: 1 of 1 gate"), done.out)
        done = self.compare(*one)
        self.assert_code(done, 0)
        self.assertTrue(done.out.startswith("One run on a side: "), done.out)
        for word in ("regressed", "improved", "equivalent"):
            self.assertNotIn(word, done.out)

    def test_it_is_reproducible_and_knows_formats(self):
        sides = (self.side("slow", "base", (1, 2)), self.side("slow", "new", (1, 2)))
        first = self.compare(*sides, "--json", "-")
        self.assertEqual(first.out, self.compare(*sides, "--json", "-").out)
        self.assertEqual(harness.schema_errors(json.loads(first.out), "compare"), [])
        done = self.compare(*sides, "--format", "markdown")
        self.assertIn("| operation | figure | base | new |", done.out)

    def test_no_result_is_overwritten_and_no_output_is_lost(self):
        base, new = self.side("slow", "base", (1, 2)), self.side("slow", "new", (1, 2))
        kept = new[0].read_bytes()
        link = self.dir / "link.json"
        link.symlink_to(new[0])
        for output in (new[0], link):
            done = self.compare(base, new, "--json", output)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "a file of its own")
        self.assertEqual(new[0].read_bytes(), kept)
        for form in (["--json", "-"], ["--format", "markdown"], []):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [harness.binary, "compare", *base, "--vs", *new, *form], stdout=full,
                    stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, harness.errors_or_slo)
            self.assertIn("No space left", done.stderr)
        done = self.compare(base, new, "--seed", "-1")
        self.assert_code(done, harness.bad_usage)

    def test_margins_are_settable(self):
        sides = (self.side("slow", "base"), self.side("slow", "new"))
        done = self.compare(*sides, "--margin", "latency=99%", "--margin", "throughput=50%",
                            "--json", "-")
        margins = {row["figure"]: row["margin"] for row in json.loads(done.out)["rows"]}
        self.assertEqual((margins["p99"], margins["throughput"], margins["error_rate"]),
                         (0.99, 0.5, 0.001))
        for wrong in ("latency", "latency=5", "latency=0%", "speed=5%", "latency=5%x", "=5%"):
            done = self.compare(*sides, "--margin", wrong)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, "throughput=2%")

    def test_what_is_not_comparable_is_refused(self):
        base, new = self.side("dummy", "base", (1,)), self.runs / "dummy-new-1.json"

        def refused(change, *parts):
            changed = self.changed(new, change)
            with self.subTest(parts):
                done = self.compare(base, [changed])
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, "not comparable; --force", *parts)
                self.assertEqual(done.out, "")
                done = self.compare(base, [changed], "--force")
                self.assert_code(done, 0)
                self.assertIn("FORCED", done.out)

        def of_group(*path, value):
            def change(result):
                place = result["scenario"]["groups"][0]
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = value
            return change

        refused(lambda r: r["validity"].update(valid=False, reasons=["core 0 was busy"]),
                "is invalid: core 0 was busy")
        refused(lambda r: r["run"].update(interrupted=True), "was interrupted")
        refused(of_group("load", "closed", "users", value=5), "did other work", "users: 8 in")
        refused(of_group("data", "size", "max_bytes", value=9999), r"data\.size\.max_bytes")
        refused(of_group("load", value={"open": {"rate_per_s": 5.0}}), r"load\.closed\.")
        refused(lambda r: r["scenario"]["phases"].update(measure_s=9.0), r"phases\.measure_s")

        reseeded = [self.changed(path, lambda r, i=i: r["run"].update(seed=i))
                    for i, path in enumerate(self.side("dummy", "new", (1, 2)))]
        done = self.compare(self.side("dummy", "base", (1, 2)), reseeded)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "seeds are the same for all runs of the base")

        # A run twice is no second opinion, forced or not.
        done = self.compare(base, base, "--force")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "are the same run")

    def test_differences_are_told_on_top(self):
        def other_cluster(result):
            result["environment"]["kernel"] = "Linux \x1b[31m9.9"
            result["workload"]["other"] = {"rbd": {"cache": "true"}}

        changed = self.changed(self.runs / "dummy-new-1.json", other_cluster)
        done = self.compare(self.side("dummy", "base", (1,)), [changed])
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"environment\.kernel +Linux .* -> Linux \?\[31m9\.9")
        self.assertIn("workload.other.rbd.cache", done.out)
        self.assertLess(done.out.index("environment.kernel"), done.out.index("ops/s"))

        def old_name(result):
            result["run"]["started_ns"] = 1_795_000_000_000_000_000
            result["groups"]["s3"]["driver"] = "beast"

        changed = self.changed(self.runs / "slow-new-1.json", old_name)
        done = self.compare(self.side("slow", "base", (1,)), [changed])
        self.assertNotIn("beast", done.out)
        done = self.compare(self.side("slow", "base", (1,)), self.side("dummy", "new", (1,)),
                            "--force")
        self.assertRegex(done.out, r"groups\.s3\.driver +native -> dummy")

    def test_bad_usage_is_one_clear_message(self):
        base, new = self.side("dummy", "base", (1,)), self.side("dummy", "new", (1,))
        for arguments, parts in (
                ((*base, "--vs", *new, "--gate", "p99(get) 5%"), ("allows no change",)),
                ((*base, "--vs", *new, "--gate", "p99(get) -5%"), ("may grow",)),
                ((*base, "--vs", *new, "--gate", "p99(lisst) +5%"), ("have no such figure",)),
                ((*base, "--vs", *new, "--gate", "nofile"), ("no such file",)),
                ((*base, "--vs", *new, "--gate", self.file("empty", "#\n")), ("no gate in it",)),
                ((*base, "--vs", *new, "--json", "no/such/folder/x"), ("--json",)),
                ((*base, "--vs", "absent.json"), ("absent.json",)),
                (base, ("--vs",)),
                (("--vs", *new), ("base",))):
            with self.subTest(parts):
                done = self.run_binary("compare", *arguments)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, *parts)

    def test_files_that_are_no_results(self):
        good = self.runs / "dummy-base-1.json"
        text = good.read_text()
        result = json.loads(text)

        def version(number):
            other = copy.deepcopy(result)
            other["schema_version"] = number
            return json.dumps(other)

        for name, content in {
                "empty": "",
                "truncated": text[:len(text) // 2],
                "foreign": '{"results": [1, 2, 3]}',
                "binary": b"\x00\xff\xfe" * 100,
                "deep": "[" * 100_000,
                "version": version(99),
                "nan": text.replace('"duration_s": 0.7', '"duration_s": NaN', 1),
                "histogram": re.sub(r'"hdr": "[^"]{9}', '"hdr": "AAAAAAAAA', text, count=1),
                "twice": text.replace("{", '{"kind": "chopsticks-result", ', 1)}.items():
            with self.subTest(name):
                bad = self.file(f"{name}.json", content)
                for sides in (([bad], [good]), ([good], [bad])):
                    done = self.compare(*sides)
                    self.assert_code(done, harness.bad_usage)
                    self.assert_one_clear_message(done, f"{name}.json")

    def test_sweeps_are_curves(self):
        # Five runs have to agree: what a read waits for is longer than what a busy machine adds to
        # most of them, and one that it adds more to is outvoted.
        plan = self.file("compared.yaml", scenario.replace(
            "[{op: get, weight: 3}, {op: put, weight: 1}]", "[get]"))
        sweeps = [self.start("sweep", "-f", plan, "--embedded", "--embedded-faults",
                             f"latency:fixed={delay},op=get", "--users", "1,2", "--repeat", "5",
                             "-t", "1s", "--quiet", "--output", side)
                  for side, delay in (("a", "40ms"), ("b", "400ms"))]
        for sweep in sweeps:
            _, err = sweep.communicate(timeout=harness.hang_s)
            self.assertEqual(sweep.returncode, 0, harness.decode(err))
        done = self.run_binary("compare", "a/sweep.json", "--vs", "b/sweep.json",
                               "--json", "c.json")
        self.assert_code(done, 0)
        self.assertRegex(done.out, r"\AThe curves part at users=\d: ")
        document = harness.read_result(self.dir / "c.json")
        self.assertEqual(harness.schema_errors(document, "compare"), [])
        self.assertEqual([point["settings"] for point in document["points"]],
                         ["users=1", "users=2"])
        self.assertIsNotNone(document["parts_at"])
        self.assertIsNone(document["result"])

        # At every point; of what the new side could not do, nothing passes.
        done = self.run_binary("compare", "a/sweep.json", "--vs", "b/sweep.json", "--json",
                               "c.json", "--gate", "throughput(get) -20%")
        self.assert_code(done, harness.errors_or_slo)
        self.assertRegex(done.out, r"\ARegressed: 2 of 2 gates, at users=1 ops/s of s3/get")
        document = harness.read_result(self.dir / "c.json")
        self.assertEqual(harness.schema_errors(document, "compare"), [])
        self.assertEqual([gate["result"] for point in document["points"]
                          for gate in point["gates"]], ["regressed"] * 2)
        sweep = json.loads((self.dir / "a/sweep.json").read_text())
        for point in sweep["points"]:
            if point["settings"] == sweep["points"][-1]["settings"]:
                point["status"] = "failed"
        (self.dir / "a/less.json").write_text(json.dumps(sweep))
        done = self.run_binary("compare", "b/sweep.json", "--vs", "a/less.json",
                               "--gate", "throughput(get) -20%")
        self.assert_code(done, undecided)
        self.assertIn("where the new side has no run: users=2", " ".join(done.out.split()))

        for arguments, part in (
                (("a/sweep.json", "--vs", "b/sweep.json", "--gate", "p99(list) +5%"),
                 "no such figure"),
                (("a/sweep.json", "--vs", self.runs / "dummy-new-1.json"),
                 "a sweep is compared with a sweep"),
                (("a/sweep.json", "a/sweep.json", "--vs", "b/sweep.json"), "one sweep"),
                (("a/sweep.json", "--vs", "a/sweep.json"), "the same run")):
            done = self.run_binary("compare", *arguments)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, part)


if __name__ == "__main__":
    harness.main()
