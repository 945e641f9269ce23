#!/usr/bin/env python3
"""What a run does with a cluster that is watched by way of the manager's exporter: exporters that
tell, lie, hang and go away. A real cluster is in ceph_beside_test.py.
"""

import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "test/support"))
sys.path.insert(0, str(root / "test/unit/results"))
import harness
from cluster_exporter import exporter, page, told
from validate_schema import load_schema, problems_of_file


class cluster_test(harness.case):
    def run_beside(self, answer, measure="3s", **keys):
        self.exporter = exporter(answer)
        self.addCleanup(self.exporter.close)
        config = {"cluster": {"prometheus": self.exporter.url, "every": "1s",
                              "operation_timeout": "1s", **keys}}
        output = self.dir / "r.json"
        text = harness.small_scenario.replace("measure: 2s", f"measure: {measure}")
        done = self.run_binary("run", "-f", self.file("s.yaml", text), "--embedded",
                               "--workload-config", self.file("w.yaml", json.dumps(config)),
                               "--output", output)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(output)
        self.assertEqual(harness.schema_errors(result), [])
        self.assertEqual(problems_of_file(output.with_suffix(".jsonl"), load_schema()), [])
        self.assertGreater(harness.all_operations(result)[0], 0)
        return result, done

    def test_cluster_that_changes_is_told(self):
        # Before the run, and for the first sample: all is well.
        result, done = self.run_beside(lambda n: told(n > 2), measure="5s")
        about = result["environment"]["ceph"]
        self.assertEqual(about["version"], "16.2.15")
        self.assertEqual(about["pools"]["data"]["size"], 3)
        self.assertEqual(about["health_before"], "HEALTH_OK")
        self.assertEqual(about["health_after"], "HEALTH_WARN (OSD_DOWN)")
        texts = [one["text"] for one in result["events"] if one["source"] == "ceph"]
        self.assertIn("osd.0 was down", texts)
        self.assertIn("HEALTH_OK -> HEALTH_WARN: OSD_DOWN (HEALTH_WARN)", texts)
        self.assertIn("OSDs that are up: 1 -> 0", result["cluster"]["changes"])
        self.assertEqual(result["cluster"]["silences"], [])
        self.assertIsNone(result["cluster"]["client"])
        self.assertIn("Cluster: HEALTH_OK -> HEALTH_WARN", done.err)
        self.assertRegex(" ".join(done.out.split()), r"Cluster Ceph 16\.2\.15, HEALTH_OK before")
        # Once a second, and before and after.
        self.assertLessEqual(self.exporter.asked, 2 + result["cluster"]["questions"]["rounds"])

    def test_exporter_that_hangs_is_a_silence(self):
        result, _ = self.run_beside(lambda n: told(False) if n <= 2 else None)
        self.assertEqual(len(result["cluster"]["silences"]), 1)
        self.assertIsNone(result["cluster"]["after"])
        self.assertEqual(result["events"], [])

    def test_exporter_that_lies_is_not_believed(self):
        lies = {
            "status 500": page("no", "HTTP/1.1 500 Internal Server Error\r\n"),
            "no metrics of a Ceph cluster": page("up 1\n"),
            "no HTTP": b"\x00\x01\x02\r\n\r\n",
            "cut short": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nceph_health_status 0\n",
            "empty": page(""),
        }
        for part, said in lies.items():
            with self.subTest(part):
                result, _ = self.run_beside(lambda n, said=said: said, measure="1s")
                self.assertIn(part, result["cluster"]["problem"])
                self.assertIn("could not be watched", " ".join(result["run"]["warnings"]))
                self.assertEqual(result["cluster"]["samples"], [])

    def test_exporter_without_end_is_left(self):
        flood = told(False)[:-1] + b"x" * (20 << 20)
        result, _ = self.run_beside(lambda n: flood.replace(b"Content-Length", b"X-Length"),
                                    measure="1s", operation_timeout="20s")
        self.assertIsNotNone(result["cluster"]["problem"])

    def test_pages_of_several_runs_have_the_cluster_of_each(self):
        # Well in the first run (before it, in its samples, after it), and not in the second.
        cluster = exporter(lambda n: told(n > 6))
        self.addCleanup(cluster.close)
        config = {"cluster": {"prometheus": cluster.url, "every": "1s",
                              "operation_timeout": "30s"}}
        text = harness.small_scenario.replace("measure: 2s", "measure: 1500ms")
        folder = self.dir / "sweep"
        done = self.run_binary("sweep", "-f", self.file("s.yaml", text), "--embedded", "--users",
                               "1,2,3", "--cool-down", "0s", "--workload-config",
                               self.file("w.yaml", json.dumps(config)), "--output", folder)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        page_of_sweep, page_of_runs = self.dir / "sweep.html", self.dir / "runs.html"
        self.assert_code(self.run_binary("report", folder, "-o", page_of_sweep), harness.ran)
        runs = self.dir / "runs"
        runs.mkdir()
        for one in json.loads((folder / "sweep.json").read_text())["points"]:
            (runs / one["file"]).write_bytes((folder / one["file"]).read_bytes())
        self.assert_code(self.run_binary("report", runs, "-o", page_of_runs), harness.ran)
        for path in (page_of_sweep, page_of_runs):
            said = path.read_text()
            with self.subTest(path.name):
                table = said.split("<caption>The cluster, by run")[1].split("</table>")[0]
                rows = table.split("<tr>")[2:]
                self.assertEqual(len(rows), 3)
                self.assertIn("16.2.15", rows[0])
                self.assertIn("HEALTH_WARN (OSD_DOWN)", rows[2])
        by_run = page_of_sweep.read_text().split("<caption>The cluster, by run")[1]
        self.assertIn("users=3", by_run)
        self.assertIn('data-chart="cluster-osds"', page_of_runs.read_text())

    def test_wrong_config_is_one_message(self):
        for keys, parts in (({"prometheus": "mgr:9283"}, ["no URL of an exporter"]),
                            ({"evry": "1s"}, ["every"]), ({"every": "10ms"}, ["cluster.every"])):
            with self.subTest(keys):
                config = self.file("w.yaml", json.dumps({"cluster": keys}))
                done = self.run_binary("run", "-f",
                                       self.file("s.yaml", harness.small_scenario), "--embedded",
                                       "--workload-config", config)
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, r"w\.yaml:1:\d+", *parts)


if __name__ == "__main__":
    harness.main()
