#!/usr/bin/env python3
"""Exports: every number of every format is one of the result's."""

import collections
import csv
import datetime
import io
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import hdr_decode

scenario = """
name: exported
groups:
  - workload: s3
    name: front
    data: {objects: 40, size: {uniform: [1KiB, 8KiB]}}
    tasks: [{op: get, weight: 3}, put]
    load: {open: {rate: 300}}
  - workload: rbd
    name: disk
    tasks: [read, write, discard, flush]
    load: {open: {rate: 300}}
phases: {warmup: 300ms, measure: 1200ms}
"""
blocks = ("--set", "workload.rbd.driver=dummy", "--set", "workload.rbd.size=16MiB")


def hlog_lines(text):
    """Lines of an HdrHistogram log as (tag, start, length, max, histogram)."""
    head = [line for line in text.splitlines() if line.startswith("#")]
    rest = [line for line in text.splitlines() if not line.startswith("#")]
    assert "#[Histogram log format version 1.3]" in head, head
    assert rest[0].startswith('"StartTimestamp","Interval_Length"'), rest[0]
    for line in rest[1:]:
        tag, line = re.fullmatch(r"(?:Tag=([^,\s]+),)?(.*)", line).groups()
        start, length, most, payload = line.split(",")
        yield tag, float(start), float(length), float(most), hdr_decode.decode(payload)


class export_test(harness.case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = None

    def setUp(self):
        super().setUp()
        if self.kept is None:
            done = self.run_binary(
                "run", "-f", self.file("s.yaml", scenario), "--embedded", "--embedded-faults",
                "error:rate=0.03", *blocks, "--output", self.dir / "r.json", "--op-log",
                "r.oplog", "--quiet")
            self.assertIn("r.json", [path.name for path in self.dir.iterdir()], done.said)
            type(self).kept = ((self.dir / "r.json").read_bytes(),
                               (self.dir / "r.oplog").read_bytes())
        self.result_file = self.file("r.json", self.kept[0])
        self.log_file = self.file("r.oplog", self.kept[1])
        self.result = json.loads(self.kept[0])

    def export(self, format, *more):
        done = self.run_binary("export", self.result_file, "--format", format, *more)
        self.assert_code(done, harness.ran)
        return done.out

    def rows(self, format, *more):
        return list(csv.DictReader(io.StringIO(self.export(format, *more))))

    def assert_figures(self, row, figures):
        for key in ("ok", "failed", "skipped", "shed", "unfinished", "retries", "bytes"):
            # An interval leaves out what is 0.
            self.assertEqual(int(row[key]), figures.get(key, 0))
        self.assertEqual(int(row["unsupported"]), figures.get("unsupported", 0))
        for key in ("rate_per_s", "bytes_per_s"):
            self.assertAlmostEqual(float(row[key]), figures[key], 5)
        for kind in ("response", "service"):
            told = figures.get(kind, {"max_ns": 0, "mean_ns": 0, "p50_ns": 0})
            for key, percentile in (("p50_ns", 50), ("p75_ns", 75), ("p90_ns", 90), ("p95_ns", 95),
                                    ("p99_ns", 99), ("p999_ns", 99.9), ("p9999_ns", 99.99),
                                    ("min_ns", None), ("max_ns", None)):
                expected = told.get(key)
                if expected is None and "hdr" in told and percentile:
                    # An interval leaves it to its histogram.
                    expected = min(told["max_ns"], hdr_decode.decode(
                        told["hdr"]).value_at_percentile(percentile))
                if expected is not None:
                    self.assertEqual(int(row[f"{kind}_{key}"]), expected, key)
            self.assertAlmostEqual(float(row[f"{kind}_mean_ns"]), told["mean_ns"], 5)

    def test_csv(self):
        rows = self.rows("csv")
        self.assertEqual([row["operation"] for row in rows],
                         [*self.result["operations"], "total"])
        for row in rows:
            self.assert_figures(row, self.result["operations"].get(row["operation"],
                                                                   self.result["total"]))

    def test_csv_by_interval(self):
        rows = iter(self.rows("intervals-csv"))
        for one in self.result["intervals"]:
            for name, figures in one["operations"].items():
                row = next(rows)
                self.assertEqual((row["operation"], row["phase"]), (name, one["phase"]))
                self.assertAlmostEqual(float(row["t_s"]), one["t_s"], 6)
                started = datetime.datetime.fromisoformat(row["started"])
                self.assertAlmostEqual(started.timestamp(),
                                       harness.load_began_s(self.result) + one["t_s"], 2)
                self.assert_figures(row, figures)
        self.assertIsNone(next(rows, None))

    def assert_span(self, row, told):
        """A row of what a driver counts has what the result has, and no more."""
        kind = row["kind"]
        empty = {"counter": ("last", "min", "max", "p99_ns"), "timer": ("per_s", "last", "min"),
                 "gauge": ("count", "per_s", "p99_ns")}[kind]
        for key in empty:
            self.assertEqual(row[key], "")
        held = {"counter": ("count", "per_s"), "timer": ("count", "mean_ns", "p50_ns", "p99_ns"),
                "gauge": ("last", "min", "max")}[kind]
        for key in held:
            self.assertAlmostEqual(float(row[key]), told[key], 5)

    def test_csv_of_what_drivers_count(self):
        rows = iter(self.rows("drivers-csv"))
        sums = collections.Counter()
        for group, figures in self.result["driver_figures"].items():
            for name, figure in figures.items():
                for span in ("measured", "load"):
                    row = next(rows)
                    self.assertEqual((row["group"], row["figure"], row["span"], row["unit"]),
                                     (group, name, span, figure["unit"]))
                    self.assert_span(row, figure[span])
        self.assertIsNone(next(rows, None))
        rows = iter(self.rows("drivers-intervals-csv"))
        for one in self.result["intervals"]:
            for group, figures in one.get("driver_figures", {}).items():
                for name, told in figures.items():
                    row = next(rows)
                    self.assertEqual((row["group"], row["figure"], row["phase"]),
                                     (group, name, one["phase"]))
                    self.assert_span(row, told)
                    for span in ("measured", "load") if one["phase"] == "measure" else ("load",):
                        sums[group, name, span] += told["count"]
        self.assertIsNone(next(rows, None))
        # The intervals have all of it: requests on used connections, and how those were made.
        front = self.result["driver_figures"]["front"]
        self.assertGreater(front["reused_connections"]["measured"]["count"], 100)
        self.assertGreater(front["connect_time"]["load"]["count"], 0)
        for name in front:
            for span in ("measured", "load"):
                self.assertEqual(front[name][span]["count"], sums["front", name, span])

    def test_markdown(self):
        text = self.export("markdown")
        table = [line for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(len(table), 2 + len(self.result["operations"]) + 1)
        self.assertEqual({line.count(" | ") for line in table if "---" not in line}, {10})
        for name, figures in self.result["operations"].items():
            line = next(line for line in table if line.startswith(f"| {name} |"))
            self.assertIn(f"| {figures['ok']} | {figures['failed']} |", line)
        self.assertIn(self.result["run"]["id"], text)

    def test_log_of_histograms(self):
        lines = iter(hlog_lines(self.export("hlog")))
        for one in self.result["intervals"]:
            tag, start, length, _, everything = next(lines)
            self.assertIsNone(tag)
            self.assertAlmostEqual(start, one["t_s"], 5)
            self.assertAlmostEqual(length, one["duration_s"], 5)
            sum_of = collections.Counter()
            for name, figures in one["operations"].items():
                if "response" not in figures:
                    continue
                tag, start, _, most, histogram = next(lines)
                self.assertEqual(tag, name)
                self.assertAlmostEqual(most, figures["response"]["max_ns"] / 1e6, 5)
                self.assertEqual(histogram.count, figures["response"]["count"])
                if "at_least" not in figures["response"]:
                    # The document clamps to the exact longest.
                    self.assertEqual(min(histogram.value_at_percentile(99),
                                         figures["response"]["max_ns"]),
                                     figures["response"]["p99_ns"])
                sum_of.update(histogram.counts)
            self.assertEqual(everything.counts, sum_of)
        self.assertIsNone(next(lines, None))

    def test_locust_stats(self):
        rows = self.rows("locust-stats")
        self.assertEqual(list(rows[0]), [
            "Type", "Name", "Request Count", "Failure Count", "Median Response Time",
            "Average Response Time", "Min Response Time", "Max Response Time",
            "Average Content Size", "Requests/s", "Failures/s", "50%", "66%", "75%", "80%", "90%",
            "95%", "98%", "99%", "99.9%", "99.99%", "100%"])
        self.assertEqual((rows[-1]["Type"], rows[-1]["Name"]), ("", "Aggregated"))
        self.assertEqual(len(rows), len(self.result["operations"]) + 1)
        for row in rows:
            figures = self.result["operations"].get(f"{row['Type']}/{row['Name']}",
                                                    self.result["total"])
            seconds = self.result["run"]["duration_s"]
            if row["Type"]:
                seconds = self.result["groups"][row["Type"]]["measured_s"]
            self.assertEqual(int(row["Request Count"]), figures["ok"] + figures["failed"])
            self.assertEqual(int(row["Failure Count"]), figures["failed"])
            self.assertAlmostEqual(float(row["Requests/s"]),
                                   (figures["ok"] + figures["failed"]) / seconds, 4)
            self.assertAlmostEqual(float(row["Average Content Size"]),
                                   figures["bytes"] / max(1, figures["ok"]), 4)
            for column, key in (("50%", "p50_ns"), ("75%", "p75_ns"), ("90%", "p90_ns"),
                                ("95%", "p95_ns"), ("99%", "p99_ns"), ("99.9%", "p999_ns"),
                                ("99.99%", "p9999_ns"), ("100%", "max_ns"),
                                ("Max Response Time", "max_ns"), ("Min Response Time", "min_ns"),
                                ("Average Response Time", "mean_ns")):
                self.assertAlmostEqual(float(row[column]), figures["response"][key] / 1e6, 5)
            histogram = hdr_decode.decode(figures["response"]["hdr"])
            if "at_least" not in figures["response"]:
                self.assertAlmostEqual(float(row["66%"]),
                                       min(histogram.value_at_percentile(66),
                                           figures["response"]["max_ns"]) / 1e6, 5)

    def test_locust_history(self):
        rows = iter(self.rows("locust-history"))
        counts = collections.Counter()
        for one in self.result["intervals"]:
            for name, figures in one["operations"].items():
                row = next(rows)
                self.assertEqual(f"{row['Type']}/{row['Name']}", name)
                done = figures["ok"] + figures["failed"]
                counts[name] += done
                counts["all"] += done
                self.assertEqual(int(row["Total Request Count"]), counts[name])
                self.assertAlmostEqual(float(row["Requests/s"]), done / one["duration_s"], 3)
                if "response" in figures:
                    self.assertAlmostEqual(float(row["99%"]),
                                           figures["response"]["p99_ns"] / 1e6, 5)
                else:
                    self.assertEqual(row["99%"], "N/A")
            row = next(rows)
            self.assertEqual(row["Name"], "Aggregated")
            self.assertEqual(int(row["Total Request Count"]), counts["all"])
            ended = harness.load_began_s(self.result) + one["t_s"] + one["duration_s"]
            self.assertLess(abs(int(row["Timestamp"]) - ended), 1.01)
        self.assertIsNone(next(rows, None))

    def test_fio(self):
        document = json.loads(self.export("fio"))
        jobs = {job["jobname"]: job for job in document["jobs"]}
        self.assertEqual(set(jobs), {"front", "disk"})
        for group, direction, operation in (("front", "read", "get"), ("front", "write", "put"),
                                            ("disk", "read", "read"), ("disk", "write", "write"),
                                            ("disk", "trim", "discard")):
            figures = self.result["operations"][f"{group}/{operation}"]
            there = jobs[group][direction]
            self.assertEqual(there["total_ios"], figures["ok"])
            self.assertEqual(there["io_bytes"], figures["bytes"])
            self.assertAlmostEqual(there["iops"], figures["rate_per_s"], 4)
            for fio, ours in (("slat_ns", "send_lag"), ("clat_ns", "service")):
                histogram = hdr_decode.decode(figures[ours]["hdr"])
                self.assertEqual(there[fio]["N"], figures[ours]["count"])
                self.assertEqual(there[fio]["min"], figures[ours]["min_ns"])
                self.assertEqual(there[fio]["max"], figures[ours]["max_ns"])
                self.assertAlmostEqual(there[fio]["mean"], figures[ours]["mean_ns"], 3)
                bins = collections.Counter()
                for (lowest, _), count in histogram.counts.items():
                    # fio: 64 bins to a power of two, by their middles.
                    shift = max(0, lowest.bit_length() - 7)
                    bins[(lowest >> shift << shift) + (1 << shift) // 2] += count
                self.assertEqual({int(k): n for k, n in there[fio]["bins"].items()}, bins)
                near = there[fio]["percentile"]["50.000000"]
                self.assertLess(abs(near - histogram.value_at_percentile(50)), 0.02 * near + 2)
        self.assertEqual(jobs["disk"]["sync"]["total_ios"],
                         self.result["operations"]["disk/flush"]["ok"])

    def test_fio_reads_what_is_in_its_shape(self):
        shape = self.file("fio.json", self.export("fio"))
        done = subprocess.run(["fio_jsonplus_clat2csv", shape, "bins.csv"], cwd=self.dir,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        jobs = [job["jobname"] for job in json.loads(shape.read_text())["jobs"]]
        for number, (group, direction, operation) in enumerate((("front", "read", "get"),
                                                                ("disk", "read", "read"))):
            self.assertEqual(jobs[number], group)
            with (self.dir / f"bins_job{number}.csv").open(encoding="utf-8") as file:
                lines = [[cell.strip() for cell in line] for line in csv.reader(file)]
            column = lines[0].index(f"{direction}_clat_ns_count")
            counted = sum(int(line[column]) for line in lines[1:] if line[column])
            self.assertEqual(counted, self.result["operations"][f"{group}/{operation}"]["ok"])

    def test_names_do_not_reach_a_terminal_as_they_are(self):
        hostile = self.file("hostile.json", self.kept[0].replace(
            b'"front/get"', b'"front/g\\u001b[31m\\u0007et\\nx"'))
        for name in ("csv", "intervals-csv", "markdown", "hlog", "drivers-csv", "locust-stats",
                     "locust-history", "fio", "metrics-json"):
            with self.subTest(name):
                done = self.run_binary("export", hostile, "--format", name)
                self.assert_code(done, harness.ran)
                if name not in ("fio", "metrics-json", "drivers-csv"):  # which have other names
                    self.assertIn("[31m", done.out)
                self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.out))
                self.assertNotIn("\nx", done.out)

    def test_metrics_of_the_python_program(self):
        rows = self.rows("metrics-csv")
        self.assertEqual(list(rows[0]), [
            "operation_id", "timestamp_start", "timestamp_end", "operation_type", "workload_type",
            "object_key", "object_size_bytes", "duration_ms", "throughput_mbps", "success",
            "error_code", "retry_count", "driver", "user_id"])
        printed = self.run_binary("oplog", self.log_file)
        records = [json.loads(line) for line in printed.out.splitlines()]
        self.assertEqual(len(rows), len(records))
        types = {"front/get": "download", "front/put": "upload", "disk/read": "read",
                 "disk/write": "write", "disk/discard": "discard", "disk/flush": "flush"}
        for row, record in zip(rows, records):
            self.assertEqual(row["operation_type"], types[record["operation"]])
            self.assertEqual(row["success"], str(record["status"] == "ok"))
            began = record["sent_ns"] or record["intended_ns"]
            self.assertAlmostEqual(float(row["duration_ms"]), (record["done_ns"] - began) / 1e6, 6)
            self.assertEqual(int(row["object_size_bytes"]), record["length"] or record["size"])
            self.assertEqual(row["workload_type"],
                             "s3" if record["operation"].startswith("front") else "rbd")
        lines = [json.loads(line) for line in self.export("metrics-jsonl").splitlines()]
        self.assertEqual([line["operation_id"] for line in lines],
                         [row["operation_id"] for row in rows])
        self.assertEqual(sum(line["error_code"] == "503" for line in lines),
                         sum(record["http_status"] == 503 for record in records))

        whole = json.loads(self.export("metrics-json"))
        self.assertEqual(whole["operation_metrics"], lines)
        total = self.result["total"]
        self.assertEqual(whole["summary"]["operations"]["successful"], total["ok"])
        self.assertEqual(whole["summary"]["operations"]["failed"], total["failed"])
        duration = whole["summary"]["overall_performance"]["duration_ms"]
        self.assertAlmostEqual(duration["p99"], total["response"]["p99_ns"] / 1e6, 6)
        self.assertAlmostEqual(duration["mean"], total["response"]["mean_ns"] / 1e6, 6)
        get = self.result["operations"]["front/get"]
        self.assertEqual(whole["summary"]["by_operation"]["download"]["count"],
                         get["ok"] + get["failed"])

    def test_what_cannot_be_exported_is_refused(self):
        self.log_file.unlink()
        done = self.run_binary("export", self.result_file, "--format", "metrics-csv")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "operation log", "--op-log")
        # To open a pipe that nobody writes to would never end.
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        done = self.run_binary("export", self.result_file, "--format", "metrics-csv", "--op-log",
                               pipe)
        self.assert_one_clear_message(done, "a pipe or a device")
        self.result["op_log"] = None
        self.file("r.json", json.dumps(self.result))
        done = self.run_binary("export", self.result_file, "--format", "metrics-csv")
        self.assert_one_clear_message(done, "figures and not single operations")
        self.assertEqual(json.loads(self.export("metrics-json"))["operation_metrics"], [])
        done = self.run_binary("export", self.result_file, "--format", "csv", "-o",
                               self.result_file)
        self.assert_one_clear_message(done, "the result itself")
        done = self.run_binary("export", self.result_file, "--format", "hlog", "-o", "/dev/full")
        self.assert_code(done, harness.errors_or_slo)
        done = self.run_binary("export", self.result_file, "--format", "xml")
        self.assert_code(done, harness.bad_usage)
        other = dict(self.result, run=dict(self.result["run"], id="another"))
        done = self.run_binary("export", self.file("o.json", json.dumps(other)), "--format",
                               "metrics-csv", "--op-log", self.file("r.oplog", self.kept[1]))
        self.assert_one_clear_message(done, "of run")


if __name__ == "__main__":
    harness.main()
