#!/usr/bin/env python3
"""`run --driver`: another driver, and the same plan with several."""

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
        if done.code == harness.ran:
            head, *lines = done.out.splitlines()
            for word in ("ops/s", "CPU/op", "rate"):
                self.assertIn(word, head)
            rows = [line.split()[0] for line in lines[:5] if re.match(r"native|curl|dummy", line)]
            self.assertEqual(rows, ["native", "curl", "dummy"])
            self.assertRegex(done.out, r"change against native")

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
                (["--driver", "native,curl", "--on-phase", "true"], "name one driver")):
            done = self.attempt(*arguments, "--output", self.folder)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, said)
            self.assertFalse(self.folder.exists(), arguments)
        done = self.attempt("--driver", "native,curl")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--output DIR")


if __name__ == "__main__":
    harness.main()
