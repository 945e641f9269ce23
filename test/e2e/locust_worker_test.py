#!/usr/bin/env python3
"""Workers under a real Locust master: what it counts, what the results have and what the endpoint
served are the same numbers; workers and masters come and go.

Needs locust (Debian: python3-locust)."""

import collections
import contextlib
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import hdr_decode

locust = os.environ.get("LOCUST", "/usr/bin/locust")

scenario = """
name: shared
groups:
  - name: readers
    workload: s3
    data: {objects: 60, size: 4KiB}
    tasks: [{op: get, weight: 3}, head]
    load: {closed: {users: 6, think_time: 10ms}}
  - name: steady
    workload: s3
    data: {objects: 12, size: 1KiB}
    tasks: [{op: get, weight: 1}]
    load: {open: {rate: 200}}
phases: {measure: 1h}
limits: {held_up: 100%, held_up_longest: 1h}
"""


def counts(figures, kind):
    text = figures[kind]["hdr"]
    return collections.Counter(hdr_decode.decode(text).counts if text else {})


class locust_case(harness.case):
    def setUp(self):
        super().setUp()
        self.port = harness.free_port()
        self.web_port = harness.free_port()
        self.scenario = self.file("shared.yaml", scenario)
        self.logs = []

    def end_processes(self):
        super().end_processes()
        for log in self.logs:
            log.close()

    def logged(self, name, *arguments, env=None):
        log = open(self.dir / f"{name}.log", "ab")
        self.logs.append(log)
        return self.start(*arguments, env=env, stdout=log, stderr=subprocess.STDOUT)

    def said(self):
        return "".join(f"--- {path.name}\n{harness.decode(path.read_bytes())}"
                       for path in sorted(self.dir.glob("*.log")))

    def leader(self, *more, workers=3, endpoint=None, text=None):
        config = (f"endpoint: {endpoint.url}\naccess_key: {harness.access_key}\n"
                  "secret_key: not-this-one\n")
        output = self.dir / "results"
        output.mkdir(exist_ok=True)
        return self.logged("leader", "leader", "-f", text or self.scenario, "--workload-config",
                           self.file("s3.yaml", config), "--expect-workers", workers,
                           "--master-bind-port", self.port, "--locust", locust,
                           "--output", output, *more)

    def worker(self, name, *more):
        folder = self.dir / name
        folder.mkdir(exist_ok=True)
        return self.logged(name, "worker", "--master-port", self.port, "--cores", 1,
                           "--output", folder, "--idle", "sleep", *more,
                           env=harness.endpoint.credentials)

    def wait_until(self, what, condition, processes=()):
        until = time.monotonic() + harness.hang_s
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            for process in processes:
                if process.poll() is not None:
                    self.fail(f"ended before {what}: status {process.returncode}\n{self.said()}")
            time.sleep(0.05)
        self.fail(f"no {what}\n{self.said()}")

    def ended(self, process):
        self.wait_until("end of a process", lambda: process.poll() is not None)
        return process.returncode

    def results(self):
        """Merged results in the order of their runs, once all that belongs to them is there."""
        return sorted((self.dir / "results").glob("chopsticks-*/report.html"))

    # Locust's page, as its script uses it.

    def ask(self, path, **form):
        url = f"http://127.0.0.1:{self.web_port}{path}"
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with urllib.request.urlopen(url, data, timeout=harness.hang_s) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def stop_load(self):
        """By what the page's button asks: newer versions want a POST, older ones a GET."""
        self.assertTrue(self.ask("/stop", now="1") or self.ask("/stop"))

    def stats(self):
        text = self.ask("/stats/requests")
        nothing = {"workers": [], "user_count": -1, "stats": [], "state": ""}
        return json.loads(text) if text else nothing

    def swarm(self, users):
        self.wait_until("start", lambda: self.ask("/swarm", user_count=users, spawn_rate=users,
                                                  host=""))

    def wait_for_users(self, users, workers):
        self.wait_until(f"{users} users on {workers} workers", lambda: (
            lambda s: s["user_count"] == users and
            len([w for w in s["workers"] if w["state"] == "running"]) == workers)(self.stats()))

    def in_state(self, state):
        return len([w for w in self.stats()["workers"] if w["state"] == state])

    def requests(self):
        return {(row["method"], row["name"]): row["num_requests"] for row in self.stats()["stats"]}


class counting_test(locust_case):
    def test_master_results_and_endpoint_have_the_same_counts(self):
        text = self.file("counted.yaml", scenario + "stop: {operations: 1500}\n")
        with harness.endpoint() as endpoint:
            leader = self.leader("--csv", self.dir / "locust", endpoint=endpoint, text=text)
            workers = [self.worker(f"worker-{i}") for i in range(3)]
            status = self.ended(leader)
            self.assertIn(status, (harness.ran, harness.generator_was_limit), self.said())
            for process in workers:
                self.ended(process)
            served = endpoint.counters()
            # Nothing of it is left.
            with contextlib.closing(endpoint.client()) as client:
                self.assertEqual(client.list_buckets()["Buckets"], [], self.said())
        self.assertEqual(len(self.results()), 1, self.said())
        (page,) = self.results()
        merged = harness.read_result(page.parent / "result.json")
        self.assertEqual(harness.schema_errors(merged), [])
        parts = [harness.read_result(path) for path in sorted(page.parent.glob("worker-*.json"))]
        self.assertEqual(len(parts), 3)
        self.assertEqual(len(merged["parts"]), 3)
        with open(self.dir / "locust_stats.csv", encoding="utf-8") as file:
            rows = {f"{row['Type']}/{row['Name']}": row for row in csv.DictReader(file)}
        done = {}
        for name, figures in merged["operations"].items():
            own = [part["operations"][name] for part in parts]
            self.assertEqual(figures["ok"], sum(one["ok"] for one in own))
            for kind in ("response", "service", "send_lag"):
                self.assertEqual(counts(figures, kind), sum((counts(one, kind) for one in own),
                                                            collections.Counter()))
            done[name] = figures["ok"] + figures["failed"]
            # Of what nobody did Locust has no line.
            row = rows.get(name, {"Request Count": 0, "Failure Count": 0})
            self.assertEqual(int(row["Request Count"]), done[name], name)
            self.assertEqual(int(row["Failure Count"]), figures["failed"])
        self.assertEqual(sum(done.values()), 1500)
        self.assertEqual(int(rows["/Aggregated"]["Request Count"]), 1500)
        self.assert_served(served, done)
        # Each did its share, from another place in the world.
        for part in parts:
            self.assertGreater(part["total"]["ok"], 0)
        told = json.loads((page.parent / "workers.json").read_text())
        self.assertEqual([w["first_core"] for w in told], [0, 1, 2])
        for one in told:
            self.assertLess(abs(one["clock_offset_s"]), 1)
            self.assertGreater(one["clock_round_trip_s"], 0)
        # The secret stayed with the leader: workers had their own.
        for path in self.dir.rglob("*"):
            if path.is_file() and path.name != "s3.yaml":
                self.assertNotIn(b"not-this-one", path.read_bytes(), path)

    def assert_served(self, served, done):
        gets = done["readers/get"] + done["steady/get"]
        self.assertEqual(served["by_operation"]["get"], gets, served)


class coming_and_going_test(locust_case):
    def test_users_workers_and_masters_come_and_go(self):
        with harness.endpoint() as endpoint:
            page = ("--page", "--web-port", self.web_port)
            leader = self.leader(*page, endpoint=endpoint, workers=2)
            workers = [self.worker(f"worker-{i}") for i in range(2)]
            self.wait_until("two workers", lambda: len(self.stats()["workers"]) == 2, [leader])
            self.assertIn('href="/chopsticks"', self.ask("/"))

            # Up and down in one run.
            self.swarm(4)
            self.wait_for_users(4, 2)
            self.swarm(8)
            self.wait_for_users(8, 2)
            self.swarm(4)
            self.wait_for_users(4, 2)
            before = self.requests()
            self.wait_until("requests", lambda: self.requests() and all(
                count > before.get(name, 0) for name, count in self.requests().items()))
            self.stop_load()
            self.wait_until("first result", lambda: len(self.results()) == 1, [leader])
            first = harness.read_result(self.results()[0].parent / "result.json")
            self.assertEqual(len(first["parts"]), 2)
            self.assertEqual(first["data"]["left_behind"], 0)

            # One is killed. What it had of the open loop's rate goes to the other.
            self.wait_until("both again", lambda: self.in_state("ready") == 2, [leader])
            self.swarm(4)
            self.wait_for_users(4, 2)
            workers[1].kill()
            self.wait_until("a lost worker", lambda: self.in_state("missing"), [leader])
            self.stop_load()
            self.wait_until("second result", lambda: len(self.results()) == 2, [leader])
            second = harness.read_result(self.results()[1].parent / "result.json")
            self.assertFalse(second["validity"]["valid"])
            self.assertIn("Workers were lost", " ".join(second["validity"]["reasons"]))

            # A new one, and a master that dies meanwhile.
            workers[1] = self.worker("worker-2")
            self.wait_until("a new worker", lambda: self.in_state("ready") == 2, [leader])
            self.swarm(4)
            self.wait_for_users(4, 2)
            leader.kill()
            leader.wait()
            leader = self.leader(*page, endpoint=endpoint, workers=2)
            self.wait_until("workers that found the master again", lambda:
                            self.in_state("running") == 2, [leader, *workers[:1]])
            # The load went on meanwhile, and ends before another begins.
            self.swarm(2)
            self.wait_until("third result", lambda: len(self.results()) == 3, [leader])
            third = harness.read_result(self.results()[2].parent / "result.json")
            self.assertEqual(len(third["parts"]), 2)
            self.wait_for_users(2, 2)
            self.stop_load()
            self.wait_until("fourth result", lambda: len(self.results()) == 4, [leader])
            self.assertIn("report.html", self.ask("/chopsticks"))
            leader.send_signal(signal.SIGTERM)
            self.ended(leader)
            for process in (workers[0], workers[1]):
                self.ended(process)


class refusing_test(locust_case):
    def test_leader_without_locust_says_what_to_install(self):
        done = self.run_binary("leader", "-f", self.scenario, "--locust", "no-such-locust")
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "apt install python3-locust")

    def test_worker_refuses_what_the_master_says(self):
        done = self.run_binary("worker", "--users", 3)
        self.assert_code(done, harness.bad_usage)
        self.assert_one_clear_message(done, "--users: a worker has as many users as its master")

    def test_config_that_names_files_is_refused_and_the_master_told(self):
        with harness.endpoint() as endpoint:
            config = self.file("s3.yaml", f"endpoint: {endpoint.url}\n"
                               "tls: {ca_file: /etc/passwd}\n")
            leader = self.logged("leader", "leader", "-f", self.scenario,
                                 "--workload-config", config, "--expect-workers", 1,
                                 "--master-bind-port", self.port, "--locust", locust)
            worker = self.worker("worker-0")
            self.assertNotEqual(self.ended(leader), harness.ran)
            self.ended(worker)
            self.assertIn("--allow files", self.said())
            self.assertEqual(endpoint.counters()["requests"], 0)

    def test_roles_of_the_python_original_are_known(self):
        for words in (["run", "--worker", "--help"], ["--worker", "--help"]):
            self.assertIn("--master-host", self.run_binary(*words).out)
        self.assertIn("--expect-workers", self.run_binary("run", "--leader", "--help").out)


if __name__ == "__main__":
    unittest.main()
