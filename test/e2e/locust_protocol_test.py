#!/usr/bin/env python3
"""Workers under a master of the test's own, which says what no Locust does: hostile frames, plans
that reach for the worker's machine; and what Locust does seldom: a worker dies, another takes its
place. Also what needs no Locust to be seen: what a world of processes does is what one does.

Needs pyzmq and msgpack, which Locust needs too (Debian: python3-zmq, python3-msgpack)."""

import collections
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

scenario = """
name: shared
groups:
  - name: front
    workload: s3
    data: {objects: 31, size: 1KiB}
    tasks: [{op: get, weight: 3}, {op: put, weight: 2}]
    load: {closed: {users: 3}}
phases: {measure: 1h}
limits: {held_up: 100%, held_up_longest: 1h}
"""


id_form = r"\d{8}T\d{6}Z-[0-9a-f]+"


def run_id(number):
    return f"20261128T150000Z-{number:012x}"


class master:
    """A ROUTER, and what each worker said so far."""

    def __init__(self):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.workers = []  # in the order in which they came
        self.hello = {}
        self.said = collections.defaultdict(list)  # (worker, type) -> data
        self.spawns = time.time()

    def close(self):
        self.socket.close()

    def send(self, worker, kind, data=None):
        self.send_frame(worker, msgpack.dumps([kind, data, worker]))

    def send_frame(self, worker, frame):
        self.socket.send_multipart([worker.encode(), frame])

    def spawn(self, worker, **users):
        self.spawns += 1
        self.send(worker, "spawn", {"timestamp": self.spawns, "user_classes_count": users,
                                    "host": None, "stop_timeout": 0.0, "parsed_options": {}})

    def pump(self):
        if not self.socket.poll(50):
            return
        identity, frame = self.socket.recv_multipart()
        kind, data, node = msgpack.loads(frame, raw=False, strict_map_key=False)
        assert node.encode() == identity, (node, identity)
        if kind == "client_ready":
            assert data == -1, data
            self.send(node, "ack", {"index": len(self.workers)})
            if node not in self.workers:
                self.workers.append(node)
        elif kind == "chopsticks_worker":
            self.hello[node] = data
        self.said[node, kind].append(data)

    def wait(self, what, condition, log=lambda: ""):
        until = time.monotonic() + harness.hang_s
        while not condition():
            assert time.monotonic() < until, f"{what} did not come\n{log()}"
            self.pump()

    def phase(self, worker, name):
        """What was said of it last, in the run at hand."""
        for data in reversed(self.said[worker, "chopsticks_phase"]):
            if data["phase"] == name and data["run"] == self.run:
                return data
        return None

    def result(self, worker):
        pieces = [p for p in self.said[worker, "chopsticks_result"] if p["run"] == self.run]
        if not pieces or len(pieces) < pieces[0]["pieces"]:
            return None
        text = "".join(p["text"] for p in sorted(pieces, key=lambda p: p["piece"]))
        return json.loads(text) if text else {"problem": pieces[0]["problem"]}


class protocol_case(harness.case):
    def setUp(self):
        super().setUp()
        self.master = master()
        self.addCleanup(self.master.close)
        self.logs = []
        self.runs = 0

    def end_processes(self):
        super().end_processes()
        for log in self.logs:
            log.close()

    def said(self):
        return "".join(f"--- {path.name}\n{harness.decode(path.read_bytes())}"
                       for path in sorted(self.dir.glob("*.log")))

    def wait(self, what, condition):
        self.master.wait(what, condition, self.said)

    def worker(self, *more, cores=1):
        """(process, name) of one that has said who it is."""
        log = open(self.dir / f"worker-{len(self.logs)}.log", "wb")
        self.logs.append(log)
        before = len(self.master.hello)
        process = self.start("worker", "--master-port", self.master.port, "--cores", cores,
                             "--idle", "sleep", *more, env=harness.endpoint.credentials,
                             stdout=log, stderr=subprocess.STDOUT)
        self.wait("a worker", lambda: len(self.master.hello) > before)
        return process, list(self.master.hello)[-1]

    # The course of a run, phase by phase.

    def plan(self, worker, first_core, cores_in_all, own_id, endpoint, text=scenario, **more):
        config = f"endpoint: {endpoint.url}\naccess_key: {harness.access_key}\n"
        self.master.send(worker, "chopsticks_plan", {
            "run": self.master.run, "world": run_id(self.runs * 100), "run_id": own_id,
            "first_core": first_core, "cores_in_all": cores_in_all, "seed": 5,
            "scenario": text, "scenario_name": "shared.yaml", "config": config,
            "config_name": "s3.yaml", **more})

    def go(self, workers, phase, ok=True, **more):
        for worker in workers:
            self.master.send(worker, "chopsticks_go",
                             {"run": self.master.run, "phase": phase, **more})
        for worker in workers:
            self.wait(f"phase {phase}", lambda w=worker: self.master.phase(w, phase))
            self.assertIs(self.master.phase(worker, phase)["ok"], ok, self.said())

    def plan_world(self, workers, endpoint, text=scenario):
        self.runs += 1
        self.master.run = f"run {self.runs}"
        cores = [self.master.hello[w]["cores"] for w in workers]
        for i, worker in enumerate(workers):
            self.plan(worker, sum(cores[:i]), sum(cores), run_id(self.runs * 100 + i), endpoint,
                      text)
        for worker in workers:
            self.wait("planned", lambda w=worker: self.master.phase(w, "planned"))

    def begin(self, workers, endpoint, text=scenario):
        self.plan_world(workers, endpoint, text)
        for worker in workers:
            self.assertEqual(self.master.phase(worker, "planned")["problem"], "", self.said())
        self.go(workers[:1], "open")
        self.targets = self.master.phase(workers[0], "open")["targets"]
        self.go(workers[1:], "join", targets=self.targets)
        self.go(workers, "prepare")
        self.go(workers[:1], "seal")
        self.go(workers, "load")

    def finish(self, workers, died=False):
        for worker in workers:
            self.master.send(worker, "stop")
        for worker in workers:
            self.wait("end of the load", lambda w=worker: self.master.phase(w, "drain"))
        self.go(workers, "clean", died=died)
        for some in (workers[1:], workers[:1]):
            for worker in some:
                self.master.send(worker, "chopsticks_go",
                                 {"run": self.master.run, "phase": "close"})
                self.wait("a result", lambda w=worker: self.master.result(w))
        return [self.master.result(worker) for worker in workers]

    def end(self, *processes):
        for worker in self.master.workers:
            with contextlib.suppress(zmq.ZMQError):
                self.master.send(worker, "quit")
        for process in processes:
            self.wait("the end of a worker", lambda p=process: p.poll() is not None)
            self.assertIn(process.returncode, (harness.ran, harness.generator_was_limit,
                                               harness.left_behind), self.said())


    def wait_for_gets(self, endpoint, more):
        def gets():
            return endpoint.counters()["by_operation"].get("get", 0)
        upto = gets() + more
        self.wait("requests", lambda: gets() >= upto)


class world_test(protocol_case):
    def test_processes_do_what_one_process_does(self):
        """The same seed, and an end by operations: the same counts, bytes, objects and contents."""
        text = scenario + "stop: {operations: 301}\n"
        text = text.replace("{measure: 1h}", "{measure: 1h, cleanup: false}")
        seen = []
        for cores in ((3,), (1, 1, 1)):
            with harness.endpoint() as endpoint:
                started = [self.worker(cores=n) for n in cores]
                processes, workers = zip(*started)
                self.begin(list(workers), endpoint, text)
                for worker, n in zip(workers, cores):
                    self.master.spawn(worker, front=n)
                for worker in workers:
                    self.wait("the end of a load by itself",
                              lambda w=worker: self.master.phase(w, "drain"))
                results = self.finish(list(workers))
                sums = collections.Counter()
                for result in results:
                    for name, figures in result["operations"].items():
                        for key in ("ok", "failed", "bytes"):
                            sums[name, key] += figures[key]
                told = sum(s["stats_total"]["num_requests"] for w in workers
                           for s in self.master.said[w, "stats"])
                self.assertEqual(told, 301)
                self.assertEqual(sum(n for (_, key), n in sums.items() if key == "ok"), 301)
                with contextlib.closing(endpoint.client()) as client:
                    pages = client.get_paginator("list_objects_v2").paginate(Bucket="chopsticks")
                    objects = sorted((re.sub(id_form, "", item["Key"]), item["Size"], item["ETag"])
                                     for page in pages for item in page["Contents"]
                                     if "runs/" not in item["Key"])
                self.assertGreater(len(objects), 31 + 50)
                seen.append((dict(sums), objects, endpoint.counters()["by_operation"]["get"]))
                for process in processes:
                    process.kill()
                self.master.hello.clear()
        self.assertEqual(seen[0], seen[1])

    def test_newcomer_takes_the_place_of_one_that_died(self):
        with harness.endpoint() as endpoint:
            (first, a), (second, b) = self.worker(), self.worker()
            self.begin([a, b], endpoint)
            for worker in (a, b):
                self.master.spawn(worker, front=2)
            for worker in (a, b):
                self.wait("users", lambda w=worker: self.master.said[w, "spawning_complete"])
            self.wait_for_gets(endpoint, 200)
            second.kill()
            second.wait()
            third, c = self.worker()
            self.plan(c, 1, 2, run_id(self.runs * 100 + 7), endpoint,
                      replaces=run_id(self.runs * 100 + 1))
            self.wait("planned", lambda: self.master.phase(c, "planned"))
            self.go([c], "join", targets=self.targets)
            self.go([c], "prepare")
            self.go([c], "load")
            self.master.spawn(c, front=2)
            self.wait("users", lambda: self.master.said[c, "spawning_complete"])
            self.wait_for_gets(endpoint, 400)
            results = self.finish([a, c], died=True)
            for result in results:
                self.assertEqual(harness.all_operations(result)[1], 0, self.said())
                self.assertGreater(harness.all_operations(result)[0], 0, self.said())
            # Each made its part of the first objects, in the same place of the world.
            self.assertEqual([r["data"]["prepared"] for r in results], [16, 15])
            # The dead one may have put more than the newcomer, whose keys are the same. What of
            # that is left the leader has asked the store for.
            with contextlib.closing(endpoint.client()) as client:
                left = []
                if client.list_buckets()["Buckets"]:
                    left = [key for key in harness.keys_in(client, "chopsticks")
                            if "runs/" not in key]
            self.assertEqual(results[0]["data"]["left_behind"], len(left), self.said())
            self.assertEqual(results[1]["data"]["left_behind"], 0, self.said())
            self.end(first, third)


class hostile_test(protocol_case):
    def test_worker_survives_whatever_is_sent_and_makes_the_next_run(self):
        with harness.endpoint() as endpoint:
            process, name = self.worker()
            users = {"timestamp": 1, "user_classes_count": {"front": 1}}
            good = msgpack.dumps(["spawn", users, name])
            for cut in range(len(good)):
                self.master.send_frame(name, good[:cut])
            self.master.send_frame(name, good + b"\0")
            for frame in (b"\x93" * 5000, b"\xdd\xff\xff\xff\xff", b"\xff" * 100,
                          b"GET / HTTP/1.1\r\n"):
                self.master.send_frame(name, frame)
            for kind in ("ack", "spawn", "reconnected", "heartbeat", "spawning_complete",
                         "locustfile", "chopsticks_plan", "chopsticks_go", "chopsticks_shares",
                         "chopsticks_clock"):
                for data in (None, 5, "x", [1], {"timestamp": "x"}, {"run": 5, "phase": []},
                             {"user_classes_count": {"front": -1}, "timestamp": 1}):
                    self.master.send(name, kind, data)
            # Each of the plans is refused, and said so, and the last of them is one.
            self.begin([name], endpoint)
            self.master.spawn(name, front=1)
            self.wait_for_gets(endpoint, 20)
            (result,) = self.finish([name])
            self.assertEqual(result["data"]["left_behind"], 0)
            self.assertGreater(harness.all_operations(result)[0], 0)
            self.assertIn("a frame is no message", self.said())
            self.master.send(name, "quit")
            self.wait("its end", lambda: process.poll() is not None)

    def test_plan_that_reaches_for_the_machine_is_refused_until_that_is_allowed(self):
        reaches = {"plugins": "plugins: [x.so]\n",
                   "programs": "driver: process\ndriver_options: {command: touch touched}\n",
                   "files": "tls: {ca_file: ca.pem}\n",
                   "credentials": "profile: somebody\n"}
        with harness.endpoint() as endpoint:
            process, name = self.worker()
            for kind, config in reaches.items():
                self.runs += 1
                self.master.run = f"run {self.runs}"
                self.plan(name, 0, 1, run_id(self.runs * 100), endpoint,
                          config=f"endpoint: {endpoint.url}\naccess_key: a\n{config}")
                self.wait("an answer", lambda: self.master.phase(name, "planned"))
                self.assertIn(f"--allow {kind}", self.master.phase(name, "planned")["problem"])
            self.assertEqual(endpoint.counters()["requests"], 0)
            self.assertFalse((self.dir / "touched").exists())
            process.kill()
            # The consent to one is none to others.
            _, name = self.worker("--allow", "files")
            for kind, config in reaches.items():
                self.runs += 1
                self.master.run = f"run {self.runs}"
                self.plan(name, 0, 1, run_id(self.runs * 100), endpoint,
                          config=f"endpoint: {endpoint.url}\naccess_key: a\n{config}")
                self.wait("an answer", lambda: self.master.phase(name, "planned"))
                problem = self.master.phase(name, "planned")["problem"]
                if kind == "files":
                    self.assertEqual(problem, "", self.said())
                    self.master.send(name, "chopsticks_go",
                                     {"run": self.master.run, "phase": "give_up"})
                else:
                    self.assertIn(f"--allow {kind}", problem)
            self.assertFalse((self.dir / "touched").exists())


if __name__ == "__main__":
    harness.main()
