#!/usr/bin/env python3
"""`run --metrics-listen`, scraped by Prometheus: what it answers is what the result says."""

import json
import math
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import prometheus

scenario = harness.small_scenario.replace("measure: 2s", "measure: 6s").replace(
    "warmup: 0s", "warmup: 1s") + "slo: ['p99(get) < 10s']\n"
dashboard = harness.root / "integrations/grafana/chopsticks.json"


class metrics_case(harness.case):
    def setUp(self):
        super().setUp()
        self.scenario = self.file("s.yaml", scenario)
        self.output = self.dir / "r.json"
        self.port = harness.free_port()

    def start_run(self, *more):
        return self.start("run", "-f", self.scenario, "--embedded", "--output", self.output,
                          "--embedded-faults", "error:rate=0.05,status=503,op=get",
                          "--set", "error_limit=50%", "--metrics-listen", self.port,
                          "--metrics-linger", "1h", *more)

    def text(self, accept="text/plain"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/metrics",
                                         headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=harness.hang_s) as answer:
            return answer.read()

    def has_measured(self):
        self.assertIsNone(self.started[-1].poll(), "the run has ended")
        try:
            return re.search(rb'chopsticks_phase\{phase="measure"\} 1\n', self.text())
        except OSError:
            return False

    def end(self, process, *codes):
        out, err = process.communicate(timeout=harness.hang_s)
        self.assertIn(process.returncode, codes or (harness.ran, harness.generator_was_limit),
                      harness.decode(out) + harness.decode(err))
        return harness.read_result(self.output), harness.decode(err)


class scraped_test(metrics_case):
    def last(self, server, expression):
        return server.query(f"last_over_time({expression}[5m])")

    def check_counts(self, server, result):
        cut = result["run"]["warmup_cut"]
        by_success = {success: sum(value for labels, value in self.last(
            server, f'chopsticks_operations_total{{success="{success}"}}'))
            for success in ("true", "false")}
        # The result has the warm-up apart; the counters go over the whole run.
        self.assertEqual(by_success["true"], result["total"]["ok"] + cut["ok"])
        self.assertEqual(by_success["false"], result["total"]["failed"] + cut["failed"])
        self.assertGreater(by_success["false"], 0)
        failures = self.last(server, "chopsticks_failures_total")
        self.assertEqual(sum(value for _, value in failures), by_success["false"])
        self.assertEqual({(l["class"], l["code"]) for l, _ in failures},
                         {("slow_down", "SlowDown")})
        gets = self.last(server, 'chopsticks_operations_total{operation="get",success="true"}')
        self.assertEqual(len(gets), 1)
        for name, value in {"driver": "native", "workload": "s3", "group": "s3"}.items():
            self.assertEqual(gets[0][0][name], value)
        info, = self.last(server, "chopsticks_run_info")
        self.assertEqual(info[0]["run_id"], result["run"]["id"])
        return by_success

    def test_classic_buckets_and_every_query_of_the_dashboard(self):
        with prometheus.server(self.dir, f"127.0.0.1:{self.port}") as server:
            process = self.start_run("--set", "phases.measure=1h")
            harness.wait_until("measure phase", self.has_measured)
            for query in self.dashboard_queries():
                with self.subTest(query):
                    harness.wait_until("data", lambda query=query: [
                        value for _, value in server.query(query) if not math.isnan(value)])
            process.send_signal(signal.SIGINT)
            result, _ = self.end(process, harness.interrupted)
            by_success = self.check_counts(server, result)
            for success, count in by_success.items():
                times = self.last(server, "chopsticks_operation_duration_seconds_bucket"
                                  f'{{success="{success}",le="+Inf"}}')
                self.assertEqual(sum(value for _, value in times), count)
            finest = self.last(server, 'chopsticks_operation_duration_seconds_bucket{le="0.0001"}')
            self.assertTrue(finest)
            size = self.last(server, 'chopsticks_operation_size_bytes_bucket'
                             '{operation="get",success="true",le="4096"}')
            gets = self.last(server, 'chopsticks_operations_total{operation="get",success="true"}')
            self.assertEqual(size[0][1], gets[0][1])

    def test_a_series_is_one_target_and_misses_nothing_of_a_trial(self):
        # Its trials are shorter than the time between two scrapes of many a Prometheus; here each
        # lasts for some.
        with prometheus.server(self.dir, f"127.0.0.1:{self.port}") as server:
            process = self.start("run", "-f", self.scenario, "--embedded", "--repeat", "2",
                                 "--output", self.dir / "runs", "-t", "3s", "--metrics-listen",
                                 self.port, "--metrics-linger", "1h", "--embedded-faults",
                                 "error:rate=0.05,status=503,op=get", "--set", "error_limit=50%")
            out, err = process.communicate(timeout=harness.hang_s)
            self.assertIn(process.returncode, (harness.ran, harness.generator_was_limit),
                          harness.decode(out) + harness.decode(err))
            for trial in ("1", "2"):
                result = harness.read_result(self.dir / f"runs/run-{trial}.json")
                cut = result["run"]["warmup_cut"]
                for success, key in (("true", "ok"), ("false", "failed")):
                    told = self.last(server, "chopsticks_operations_total"
                                     f'{{trial="{trial}",success="{success}"}}')
                    self.assertEqual(sum(value for _, value in told),
                                     result["total"][key] + cut[key], (trial, success))
                info, = self.last(server, f'chopsticks_run_info{{trial="{trial}"}}')
                self.assertEqual(info[0]["run_id"], result["run"]["id"])
            # Every metric of a run says whose it is, those of the series are few.
            names = {labels["__name__"] for labels, _ in
                     self.last(server, '{__name__=~"chopsticks_.*",trial=""}')}
            self.assertEqual(names, {"chopsticks_series_info", "chopsticks_trials_planned",
                                     "chopsticks_trials_total"})
            done, = self.last(server, 'chopsticks_trials_total{state="done"}')
            self.assertEqual(done[1], 2)
            # While the second trial was under way.
            at = server.last_sample_s("chopsticks_trial_info")
            for query in self.dashboard_queries(of_series=True):
                self.assertTrue(server.query(query, at + 0.01), query)
            self.assertEqual(len(server.query(
                'chopsticks_run_info and on (job, instance, trial) chopsticks_phase', at + 0.01)),
                1)

    def dashboard_queries(self, of_series=False):
        """As Grafana would ask them of all jobs: those of a series alone, or the others."""
        document = json.loads(dashboard.read_text())
        queries = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
        marks, = (one["expr"] for one in document["annotations"]["list"])
        self.assertGreater(len(queries), 15)
        # There has to be something to see changes of; nobody has made a mark.
        queries.append(marks.replace("> 0", ">= 0"))
        for query in queries:
            if ("chopsticks_trial" in query) != of_series:
                continue
            said = query.replace("$__rate_interval", "10s").replace("$__interval", "10s").replace(
                "$job", ".*")
            self.assertNotIn("$", said)
            yield said

    def test_native_histograms(self):
        with prometheus.server(self.dir, f"127.0.0.1:{self.port}",
                               "--enable-feature=native-histograms") as server:
            # No warm-up, which the histogram would have and the median of the result has not: while
            # it lasts the machine may be faster or slower.
            result, _ = self.end(self.start_run("--set", "phases.warmup=0s"))
            by_success = self.check_counts(server, result)
            name = "chopsticks_operation_duration_seconds"
            # last_over_time of this version knows no native histograms. It cuts times to whole
            # milliseconds, and so might miss the sample.
            at = server.last_sample_s("chopsticks_run_info") + 0.01
            for success, count in by_success.items():
                # One series an operation, which has all of its buckets.
                told = server.query(f'{name}{{success="{success}"}}', at)
                self.assertEqual(sum(int(one["count"]) for _, one in told), count)
            get, = server.query(f'{name}{{success="true",operation="get"}}', at)
            buckets = get[1]["buckets"]
            self.assertEqual(sum(float(one[3]) for one in buckets), float(get[1]["count"]))
            # The middle one is where the result has the median.
            median = result["operations"]["s3/get"]["response"]["p50_ns"] / 1e9
            low = [one for one in buckets if float(one[2]) < median / 1.3]
            high = [one for one in buckets if float(one[1]) > median * 1.3]
            half = float(get[1]["count"]) / 2
            self.assertLess(sum(float(one[3]) for one in low), half)
            self.assertLess(sum(float(one[3]) for one in high), half)


class page_of_metrics_test(metrics_case):
    def test_promtool_finds_nothing_and_counters_never_fall(self):
        process = self.start_run()
        harness.wait_until("measure phase", self.has_measured)
        promtool = shutil.which("promtool")
        self.assertIsNotNone(promtool, "promtool is not installed: scripts/install-deps.sh test")
        said = self.text()
        done = subprocess.run([promtool, "check", "metrics"], input=said, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        before = {}
        while process.poll() is None:
            try:
                lines = self.text().decode().splitlines()
            except OSError:
                break
            now = {key: float(value) for key, value in
                   (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
                   if re.match(r"\w+_(total|count|sum|bucket)\b", key)}
            self.assertLessEqual(set(before), set(now))
            for key, value in before.items():
                self.assertLessEqual(value, now[key], key)
            before = now
            time.sleep(0.1)
        self.assertGreater(len(before), 100)
        # It ended without an interrupt: the last metrics had been fetched.
        self.end(process)

    def test_protobuf_is_given_to_who_asks_for_it(self):
        self.start_run()
        harness.wait_until("measure phase", self.has_measured)
        said = self.text("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                         "encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3")
        self.assertIn(b"\x0a\x13chopsticks_run_info", said[:64])
        self.assertFalse(said.startswith(b"# HELP"))


class dashboard_test(unittest.TestCase):
    def test_panels_are_as_grafana_takes_them(self):
        document = json.loads(dashboard.read_text())
        panels = document["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            squares = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                       for y in range(at["y"], at["y"] + at["h"])}
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            self.assertFalse(squares & taken, panel["title"])
            taken |= squares
            references = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(set(references)), len(references), panel["title"])
            for one in (panel, *panel["targets"]):
                self.assertEqual(one["datasource"],
                                 {"type": "prometheus", "uid": "${datasource}"})
        self.assertEqual([one["name"] for one in document["templating"]["list"]],
                         ["datasource", "job"])


class refused_test(metrics_case):
    def test_port_in_use_is_refused_before_the_run_begins(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for option in ("--metrics-listen", "--web-listen"):
                done = self.run_binary("run", "-f", self.scenario, "--embedded", "--output",
                                       self.output, f"{option}={taken.getsockname()[1]}")
                self.assert_code(done, harness.bad_usage)
                self.assert_one_clear_message(done, f"{option}: cannot listen on 127.0.0.1 port")
                self.assertFalse(self.output.exists())

    def test_what_makes_no_sense_is_refused(self):
        for arguments, said in (
                (("--metrics-listen", "bench-1:9464"), "numeric address"),
                (("--metrics-listen", "127.0.0.1:99999"), "port from 0 to 65535"),
                (("--metrics-linger", "5s"), "there is no --metrics-listen"),
                (("--metrics-listen", "0", "--metrics-linger", "soon"), "not a duration"),
                (("--repeat", "2", "--metrics-linger", "5s"), "there is no --metrics-listen")):
            done = self.run_binary("run", "-f", self.scenario, "--embedded", *arguments)
            self.assert_code(done, harness.bad_usage)
            self.assert_one_clear_message(done, said)


if __name__ == "__main__":
    harness.main()
