#!/usr/bin/env python3
"""Merging: results of processes that ran side by side become one, to the bucket."""

import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import hdr_decode

scenario = """
name: shared
groups:
  - workload: s3
    data: {objects: 40, size: {uniform: [1KiB, 8KiB]}}
    tasks: [{op: get, weight: 3}, put]
    load: {open: {rate: 200}}
phases: {warmup: 200ms, measure: 1s}
"""


def counts(figures, kind):
    text = figures[kind]["hdr"]
    return collections.Counter(hdr_decode.decode(text).counts if text else {})


class merge_test(harness.case):
    def parts(self, scenarios=(scenario, scenario)):
        """Results of runs side by side."""
        names = [f"part-{i}" for i in range(len(scenarios))]
        running = [self.start("run", "-f", self.file(f"{name}.yaml", text), "--embedded",
                              "--embedded-faults", "error:rate=0.05,op=get", "--cores", "1",
                              "--output", self.dir / f"{name}.json", "--quiet")
                   for name, text in zip(names, scenarios)]
        for process in running:
            process.communicate(timeout=harness.hang_s)
        return [self.dir / f"{name}.json" for name in names]

    def test_the_sum_has_every_operation_of_its_parts_once(self):
        files = self.parts()
        merged_file = self.dir / "merged.json"
        done = self.run_binary("merge", *files, "-o", merged_file)
        self.assert_code(done, harness.ran)
        self.assertIn("behind", done.out)
        self.assertLess(max(map(len, done.out.splitlines())), 80)
        merged = harness.read_result(merged_file)
        self.assertEqual(harness.schema_errors(merged), [])
        parts = [harness.read_result(file) for file in files]
        parts.sort(key=harness.load_began_s)
        for name, sum_of in (*merged["operations"].items(), (None, merged["total"])):
            own = [part["operations"][name] if name else part["total"] for part in parts]
            for key in ("ok", "failed", "bytes", "retries"):
                self.assertEqual(sum_of[key], sum(one[key] for one in own))
            for kind in ("response", "service", "send_lag", "first_byte", "failed_response"):
                self.assertEqual(counts(sum_of, kind), sum((counts(one, kind) for one in own),
                                                           collections.Counter()))
            response = hdr_decode.decode(sum_of["response"]["hdr"])
            self.assertEqual(sum_of["response"]["p90_ns"], response.value_at_percentile(90))
        self.assertEqual([part["run"]["id"] for part in merged["parts"]],
                         [part["run"]["id"] for part in parts])
        self.assertEqual(merged["parts"][0]["total"], parts[0]["total"])
        self.assertAlmostEqual(
            merged["parts"][1]["offset_s"],
            harness.load_began_s(parts[1]) - harness.load_began_s(parts[0]), 4)
        for key in ("ok", "failed"):
            self.assertEqual(
                sum(f[key] for one in merged["intervals"] for f in one["operations"].values()),
                sum(f[key] for part in parts for one in part["intervals"]
                    for f in one["operations"].values()))

        # A merged result is a result.
        twice = harness.read_result(files[0])["run"]["id"]
        again = self.run_binary("merge", merged_file, files[0], "-o", self.dir / "again.json")
        self.assert_code(again, harness.bad_usage)
        self.assert_one_clear_message(again, twice, "twice")

    def test_what_is_no_part_of_the_load_is_refused(self):
        a, b = self.parts((scenario, scenario.replace("rate: 200", "rate: 150")))
        out = self.dir / "m.json"
        cut = self.dir / "cut.json"
        cut.write_text(a.read_text()[:5000])
        other = json.loads(a.read_text())
        other["schema_version"] = 99
        later = self.file("later.json", json.dumps(other))
        for files, said in (((a, b), "not the same scenario"), ((a, cut), "cut short"),
                            ((a, later), "format 99"), ((a,), "2 to 512"),
                            ((a, self.dir / "none.json"), "cannot read")):
            done = self.run_binary("merge", *files, "-o", out)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, said)
        self.assertFalse(out.exists())
        self.assert_one_clear_message(self.run_binary("merge", a, b, "-o", a), "a file of its own")


if __name__ == "__main__":
    harness.main()
