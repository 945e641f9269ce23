#!/usr/bin/env python3
"""`run --driver`: another driver, and the same plan with several."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = """
name: by_drivers
groups:
  - workload: s3
    data: {prefix: e2e/, objects: 10, size: 4KiB}
    tasks: [{op: get, weight: 3}, {op: put}]
    load: {open: {rate: 200, arrivals: poisson, max_in_flight: 64}}
phases: {warmup: 0s, measure: 300ms, drain: 60s}
# Other tests run beside this one.
limits: {held_up: 100%, held_up_longest: 1h, core_busy: 100%, core_saturated: 100%, steal: 100%,
         send_lag_floor: 1h, achieved: 1%}
"""


class drivers_test(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.folder = self.dir / "out"

    def attempt(self, *arguments):
        return self.run_binary("run", "-f", self.scenario, "--embedded", *arguments)

    def test_several_take_turns_with_one_plan_and_end_in_a_table(self):
        done = self.attempt("--driver", "native,curl,dummy", "--repeat", "2", "--seed", "11",
                            "--output", self.folder)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        order = ["native-1", "curl-2", "dummy-3", "dummy-4", "curl-5", "native-6"]
        results = [harness.read_result(self.folder / f"{name}.json") for name in order]
        self.assertEqual([one["groups"]["s3"]["driver"] for one in results],
                         [name.split("-")[0] for name in order])
        began = [one["run"]["started_ns"] for one in results]
        self.assertEqual(began, sorted(began))
        seeds = [one["run"]["seed"] for one in results]
        self.assertEqual(seeds[:3], seeds[:1] * 3, "what chance deals, it deals to a whole round")
        self.assertEqual(seeds[3:], seeds[3:4] * 3)
        self.assertNotEqual(seeds[0], seeds[3])
        table = json.loads((self.folder / "drivers.json").read_text())
        self.assertEqual(harness.schema_errors(table, "compare"), [])
        self.assertEqual([one["driver"] for one in table["drivers"]], ["native", "curl", "dummy"])
        native, curl, dummy = table["drivers"]
        # Poisson arrivals of one seed are the same for all.
        for one in (curl, dummy):
            self.assertEqual(one["ok"], native["ok"])
        for one in (native, curl):
            self.assertEqual((one["requests_per_operation"], one["unasked"]), (1, 0))
            for key in ("rate_per_s", "p50_ns", "p99_ns", "cpu_ns_per_operation"):
                self.assertLess(one[key]["low"], one[key]["value"])
                self.assertLess(one[key]["value"], one[key]["high"])
            self.assertGreater(one["memory_bytes"], 1 << 20)
        self.assertIsNone(dummy["requests_per_operation"], "no endpoint is started for it")
        head, *lines = done.out.splitlines()
        for word in ("ops/s", "p50", "p99", "CPU/op", "memory"):
            self.assertIn(word, head)
        self.assertEqual([line.split()[0] for line in lines[:5] if line[:1].islower()],
                         ["native", "curl", "dummy"])
        self.assertLessEqual(max(map(len, done.out.splitlines()[:-1])), 80)
        shown = self.run_binary("show", self.folder)
        self.assert_code(shown, harness.ran)
        self.assertIn(shown.out.strip(), done.out)
        page = self.dir / "page.html"
        self.assert_code(self.run_binary("report", self.folder, "-o", page), harness.ran)
        text = page.read_text()
        for word in ("Drivers side by side", "CPU per operation", "curl-2.json"):
            self.assertIn(word, text)
        again = self.attempt("--driver", "beast,curl", "--output", self.folder)
        self.assert_code(again, harness.bad_usage)
        self.assert_one_clear_message(again, "there already")

    def by_program(self, rule, after):
        """The table of native and a program that breaks a rule. It keeps all objects to itself."""
        double = harness.root / "test/support/double_driver.py"
        config = self.file("w.yaml", json.dumps({"driver_options": {"process": {
            "command": f"/usr/bin/python3 {double} {rule} {after}"}}}))
        done = self.attempt("--driver", "native,process", "--repeat", "1", "--workload-config",
                            config, "--set", "timeouts.operation=1s", "--keep-going", "--set",
                            "limits.outage=100%", "--output",
                            self.folder)
        table = json.loads((self.folder / "drivers.json").read_text())
        self.assertEqual([one["driver"] for one in table["drivers"]], ["native", "process"])
        return done, *table["drivers"]

    def test_program_that_does_nothing_and_says_it_did_is_found_out(self):
        done, native, liar = self.by_program("honest", 0)
        self.assertEqual((liar["ok"], liar["failed"]), (native["ok"], 0))
        self.assertEqual((native["unasked"], liar["unasked"]), (0, liar["ok"]))
        self.assertEqual(liar["requests_per_operation"], 0)
        self.assertGreater(liar["program_cpu_ns_per_operation"]["value"], 0)
        self.assertLess(liar["program_cpu_ns_per_operation"]["value"],
                        liar["cpu_ns_per_operation"]["value"])
        self.assertIn(f"process: at least {liar['ok']} operations", " ".join(done.out.split()))

    def test_program_that_does_less_than_it_was_asked_is_found_out(self):
        done, native, lazy = self.by_program("no_answer", 30)
        self.assertGreater(lazy["failed"] + lazy["undone"], 0)
        self.assertEqual(lazy["ok"] + lazy["failed"] + lazy["undone"], native["ok"])
        self.assertRegex(" ".join(done.out.split()),
                         rf"process: [^:]* of {native['ok']}")

    def test_one_is_as_if_the_workload_config_named_it(self):
        done = self.attempt("--driver", "curl", "--output", self.dir / "r.json", "--quiet")
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertEqual(harness.read_result(self.dir / "r.json")["groups"]["s3"]["driver"], "curl")
        blocks = self.file("b.yaml", "groups:\n  - {workload: rbd, tasks: [read]}\n"
                                     "phases: {prepare: false, warmup: 0s, measure: 100ms}\n")
        done = self.run_binary("run", "-f", blocks, "--driver", "dummy", "--quiet", "--output",
                               self.dir / "b.json")
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        self.assertEqual(harness.read_result(self.dir / "b.json")["groups"]["rbd"]["driver"],
                         "dummy")

    def test_mistakes_are_told_before_anything_runs(self):
        for arguments, said in (
                (["--driver", "native,curly"], "curly.*|did you mean \"curl\""),
                (["--driver", "native,native"], "native is there twice"),
                (["--driver", "native,,curl"], "empty"),
                (["--driver", "native,curl", "--op-log", "x"], "--op-log"),
                (["--driver", "native,process"], "process.*driver_options")):
            done = self.attempt(*arguments, "--output", self.folder)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, said)
            self.assertFalse(self.folder.exists(), arguments)
        done = self.attempt("--driver", "native,curl")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--output DIR")


if __name__ == "__main__":
    harness.main()
