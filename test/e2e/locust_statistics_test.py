#!/usr/bin/env python3
"""Locust's own statistics as the reader of what a worker sends: what it makes of the messages is
what the worker's result says, to the rounding.

Needs locust (Debian: python3-locust) and what it brings: zmq, msgpack."""

import json
import pathlib
import subprocess
import sys
import time

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import hdr_decode

scenario = """
name: read
groups:
  - name: readers
    workload: s3
    data: {objects: 30, size: 4KiB}
    tasks: [{op: get, weight: 3}, {op: head, weight: 1}]
    load: {closed: {users: 4}}
phases: {measure: 1h}
stop: {operations: 2000}
error_limit: 100%
limits: {held_up: 100%, held_up_longest: 1h}
"""

# In a process of its own: Locust changes the one that it is in.
reader = """
import json, sys
import msgpack
from locust.stats import RequestStats, StatsEntry

stats, errors = RequestStats(), {}
for frame in msgpack.Unpacker(open(sys.argv[1], "rb"), strict_map_key=False):
    data = frame[1]
    for one in data["stats"]:
        entry = StatsEntry.unserialize(one)
        if (entry.name, entry.method) not in stats.entries:
            stats.entries[entry.name, entry.method] = StatsEntry(stats, entry.name, entry.method)
        stats.entries[entry.name, entry.method].extend(entry)
    for one in data["errors"].values():
        name = one["method"] + "/" + one["name"]
        errors[name] = errors.get(name, 0) + one["occurrences"]
    stats.total.extend(StatsEntry.unserialize(data["stats_total"]))
rows = {}
for entry in [*stats.entries.values(), stats.total]:
    rows[f"{entry.method or ''}/{entry.name}"] = {
        "requests": entry.num_requests, "failures": entry.num_failures,
        "untimed": entry.num_none_requests, "timed": sum(entry.response_times.values()),
        "bytes": entry.total_content_length, "average": entry.avg_response_time,
        "min": entry.min_response_time, "max": entry.max_response_time,
        "percentiles": {str(p): entry.get_response_time_percentile(p / 100)
                        for p in (50, 90, 99, 99.9)}}
print(json.dumps({"rows": rows, "errors": errors}))
"""


class fake_master:
    """What a worker needs of Locust: it is known, gets users, and is stopped. Keeps statistics."""

    def __init__(self):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.seen, self.frames = [], []

    def close(self):
        self.context.destroy(linger=0)

    def hear(self, until_s=0.1):
        """(sender, type, data) of the next message; none: nothing came."""
        if not self.socket.poll(until_s * 1000):
            return None
        sender, frame = self.socket.recv_multipart()
        kind, data, _ = msgpack.loads(frame, strict_map_key=False)
        self.seen.append(kind)
        if kind == "stats":
            self.frames.append(frame)
        return sender, kind, data

    def say(self, to, kind, data):
        self.socket.send_multipart([to, msgpack.dumps([kind, data, to.decode()])])

    def expect(self, case, wanted):
        until = time.monotonic() + harness.hang_s
        while time.monotonic() < until:
            found = self.hear()
            if found and found[1] == wanted:
                return found
        case.fail(f"no {wanted} came: {self.seen}")


def step_ms(value):
    """From one response time of a worker's to the next."""
    return 0.1 if value < 10 else 1 if value < 100 else 10 if value < 1000 else 100 \
        if value < 10000 else 1000


class statistics_test(harness.case):
    def assert_near(self, locust_ms, histogram, percentile, what):
        """Ranks of Locust and of HdrHistogram may be neighbours."""
        total = histogram.count
        rank = total * percentile / 100
        near = [histogram.value_at_percentile(100 * (rank + by) / total) / 1e6
                for by in (-2, -1, 0, 1, 2) if 0 < rank + by <= total]
        low, high = min(near), max(near)
        # Buckets of an interval are a hundredth wide, at most.
        self.assertGreaterEqual(locust_ms, low * 0.99 - step_ms(low) / 2, what)
        self.assertLessEqual(locust_ms, high * 1.01 + step_ms(high) / 2, what)

    def test_locust_counts_as_the_worker_does(self):
        master = fake_master()
        self.addCleanup(master.close)
        with harness.endpoint("--faults", "error:op=head,every=7,status=404") as endpoint:
            with open(self.dir / "log", "wb") as log:
                worker = self.start(
                    "worker", "-f", self.file("s.yaml", scenario), *endpoint.target(),
                    "--cores", 1, "--idle", "sleep", "--master-port", master.port, "--output", ".",
                    env=endpoint.credentials, stdout=log, stderr=log)
                name, _, version = master.expect(self, "client_ready")
                self.assertEqual(version, -1)
                master.say(name, "ack", {"index": 0})
                master.expect(self, "heartbeat")
                master.say(name, "spawn", {
                    "timestamp": time.time(), "user_classes_count": {"readers": 4}, "host": "",
                    "stop_timeout": 0, "parsed_options": {}})
                self.run_to_its_end(master, name, worker)
        (path,) = self.dir.glob("read-*.json")
        result = harness.read_result(path)
        (self.dir / "frames").write_bytes(b"".join(master.frames))
        done = subprocess.run(["/usr/bin/python3", "-c", reader, str(self.dir / "frames")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, harness.decode(done.stderr))
        read = json.loads(done.stdout)
        self.compare(read, result)

    def run_to_its_end(self, master, name, worker):
        requests, until = 0, time.monotonic() + harness.hang_s
        while requests < 2000:
            self.assertLess(time.monotonic(), until, master.seen)
            found = master.hear()
            if found and found[1] == "stats":
                requests += found[2]["stats_total"]["num_requests"]
        master.say(name, "stop", None)
        master.expect(self, "client_stopped")
        master.expect(self, "client_ready")
        master.say(name, "ack", {"index": 0})
        master.say(name, "quit", None)
        harness.wait_until("end of the worker", lambda: master.hear() is None and
                           worker.poll() is not None)

    def compare(self, read, result):
        self.assertEqual(sum(one["ok"] + one["failed"] for one in result["operations"].values()),
                         2000)
        self.assertEqual(read["rows"]["/Aggregated"]["requests"], 2000)
        self.assertEqual(set(read["rows"]) - {"/Aggregated"}, set(result["operations"]))
        self.assertGreater(result["operations"]["readers/head"]["failed"], 0)
        for name, one in result["operations"].items():
            row = read["rows"][name]
            self.assertEqual(row["requests"], one["ok"] + one["failed"], name)
            self.assertEqual(row["failures"], one["failed"], name)
            self.assertEqual(read["errors"].get(name, 0), one["failed"], name)
            self.assertEqual(row["bytes"], one["bytes"], name)
            # What percentiles are divided by.
            self.assertEqual(row["timed"], row["requests"] - row["untimed"], name)
            both = hdr_decode.decode(one["response"]["hdr"])
            if one["failed"]:
                failed = hdr_decode.decode(one["failed_response"]["hdr"])
                for bucket, count in failed.counts.items():
                    both.counts[bucket] = both.counts.get(bucket, 0) + count
            self.assertEqual(row["timed"], both.count, name)
            for percentile, value in row["percentiles"].items():
                self.assert_near(value, both, float(percentile), (name, percentile))
            lowest, highest = min(both.counts)[0] / 1e6, max(both.counts)[1] / 1e6
            self.assertAlmostEqual(row["min"], lowest, delta=0.01 * lowest)
            self.assertAlmostEqual(row["max"], highest, delta=0.01 * highest)
            mean = both.mean() / 1e6
            self.assertAlmostEqual(row["average"], mean, delta=0.01 * mean)


if __name__ == "__main__":
    harness.main()
