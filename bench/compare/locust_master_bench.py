#!/usr/bin/env python3
"""How many workers can one Locust master have?

One process speaks for all workers: they are there, take part in a run, have a user each and tell
what Chopsticks' workers tell as often as these do, of two operations, but make no load. The master
is a stock Locust (LOCUST, or /usr/bin/locust) with Chopsticks' locustfile, on a CPU of its own. One
that is used up means: it falls behind, and takes workers for lost whose messages it has not read.
Not measured: networks, results of real size at the end, the page.
"""

import argparse
import base64
import json
import os
import pathlib
import resource
import struct
import subprocess
import tempfile
import time
import zlib

import lab
import msgpack
import zmq

locust = os.environ.get("LOCUST", "/usr/bin/locust")
locustfile = lab.root / "integrations" / "locust" / "chopsticks_locustfile.py"
hang_s = 300
heartbeat_every_s, alive_every_s, stats_every_s, so_far_every_s = 1, 2, 3, 3
operations = (("readers", "get"), ("readers", "head"))

scenario = {
    "name": "many",
    "groups": [{"name": "readers", "workload": "s3", "data": {"objects": 10, "size": 1024},
                "tasks": ["get", "head"], "load": {"closed": {"users": 1}}}],
    "phases": {"measure": "1h"}}


def histogram():
    """A hundred filled buckets, as HdrHistogram encodes them."""
    counts = bytes(b"\xe7\x0f" + b"\x14" * 100)
    plain = struct.pack(">IIIIqqd", 0x1C849313, len(counts), 0, 2, 1, 3_600_000_000_000, 1.0)
    small = zlib.compress(plain + counts)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(small)) + small).decode()


def entry(method, name, requests):
    now = time.time()
    times = {round(1 + i / 10, 1): requests // 40 for i in range(40)}
    return {"name": name, "method": method, "last_request_timestamp": now, "start_time": now - 60,
            "num_requests": sum(times.values()), "num_none_requests": 0, "num_failures": 0,
            "total_response_time": 3.0 * requests, "max_response_time": 5.0,
            "min_response_time": 1.0, "total_content_length": 1024 * requests,
            "response_times": times, "num_reqs_per_sec": {int(now): requests},
            "num_fail_per_sec": {}}


class fake_worker:
    """One of them: says what a worker says, when it is due."""

    encoded = histogram()

    def __init__(self, context, port, number):
        self.name = f"fake{number}_{number:032x}"
        self.socket = context.socket(zmq.DEALER)
        self.socket.identity = self.name.encode()
        self.socket.linger = 0
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self.state, self.run, self.users, self.known = "ready", None, 0, False
        # Spread over the time, as those of a real world are.
        self.due = {"heartbeat": number % 97 / 97, "alive": 0, "stats": number % 89 / 89 * 3,
                    "so_far": number % 83 / 83 * 3}
        self.begun = time.monotonic()
        self.say("client_ready", -1)

    def say(self, kind, data):
        self.socket.send(msgpack.dumps([kind, data, self.name]))

    def phase(self, phase, **more):
        self.say("chopsticks_phase", {"run": self.run, "phase": phase, **more})

    def hear(self):
        while True:
            try:
                frame = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            kind, data, _ = msgpack.loads(frame, strict_map_key=False)
            getattr(self, "on_" + kind, lambda data: None)(data)

    def on_ack(self, data):
        self.known = True
        self.say("chopsticks_worker", {"protocol": 1, "version": "0", "host": "fake", "cores": 1,
                                       "run": "", "first_core": 0, "run_id": ""})

    def on_chopsticks_clock(self, data):
        self.say("chopsticks_clock", {"sent": data["sent"], "wall_s": time.time()})

    def on_chopsticks_plan(self, data):
        self.run = data["run"]
        self.phase("planned", problem="", scenario="same")

    def on_chopsticks_go(self, data):
        self.phase(data["phase"], ok=True, targets=[])

    def on_spawn(self, data):
        self.users = sum(data["user_classes_count"].values())
        self.state = "running"
        self.say("spawning", None)
        self.say("spawning_complete", {"user_classes_count": data["user_classes_count"],
                                       "user_count": self.users})

    def tick(self):
        now = time.monotonic() - self.begun
        if not self.known:
            return
        if now >= self.due["heartbeat"]:
            self.due["heartbeat"] += heartbeat_every_s
            self.say("heartbeat", {"state": self.state, "current_cpu_usage": 10.0,
                                   "current_memory_usage": 50_000_000})
        if self.run and now >= self.due["alive"]:
            self.due["alive"] = now + alive_every_s
            self.say("chopsticks_alive", {"run": self.run})
        if self.state != "running":
            return
        if now >= self.due["stats"]:
            self.due["stats"] = now + stats_every_s
            self.say("stats", {
                "stats": [entry(*one, 4000) for one in operations],
                "stats_total": entry("", "Aggregated", 8000), "errors": {},
                "user_classes_count": {"readers": self.users}, "user_count": self.users})
        if now >= self.due["so_far"]:
            self.due["so_far"] = now + so_far_every_s
            self.say("chopsticks_so_far", {
                "run": self.run, "seconds": now, "busiest_core": 0.1, "kept_up": True,
                "operations": {"/".join(one): {
                    "ok": 4000, "failed": 0, "bytes": 4096000, "response": self.encoded,
                    "send_lag": self.encoded, "errors": []} for one in operations}})


def measure(count, seconds, folder):
    """Of the master: share of a CPU under load, seconds until the load began, workers it lost."""
    port, = lab.free_ports(1)
    (folder / "s.yaml").write_text(json.dumps(scenario))
    log = folder / "master.log"
    with open(log, "wb") as out:
        master = subprocess.Popen(
            ["taskset", "-c", str(lab.server_cpu), locust, "-f", str(locustfile), "--master",
             "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), "--headless",
             "-u", str(count), "-r", str(count), "--expect-workers", str(count)],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            preexec_fn=lab.raise_descriptor_limit,
            env={**os.environ, "CHOPSTICKS_SCENARIO": str(folder / "s.yaml"),
                 "CHOPSTICKS_PROGRAM": str(lab.binary), "CHOPSTICKS_OUTPUT": str(folder),
                 "PYTHONDONTWRITEBYTECODE": "1"})
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 2 * count + 100)
    try:
        workers = [fake_worker(context, port, number) for number in range(count)]
        poller = zmq.Poller()
        by_socket = {}
        for worker in workers:
            poller.register(worker.socket, zmq.POLLIN)
            by_socket[worker.socket] = worker
        until, ready, loaded = time.monotonic() + hang_s, None, None
        while True:
            for socket, _ in poller.poll(20):
                by_socket[socket].hear()
            for worker in workers:
                worker.tick()
            now = time.monotonic()
            if ready is None and all(worker.known for worker in workers):
                ready = now
            if loaded is None and all(worker.state == "running" for worker in workers):
                loaded, before = now, lab.cpu_s(master.pid)
            if loaded is not None and now >= loaded + seconds:
                share = (lab.cpu_s(master.pid) - before) / (now - loaded)
                break
            if now > until or master.poll() is not None:
                raise SystemExit(f"{count} workers were not all under load:\n"
                                 + log.read_text(errors="replace")[-3000:])
        lost = log.read_text(errors="replace").count("failed to send heartbeat")
        return share, loaded - ready, lost
    finally:
        master.kill()
        master.wait()
        context.destroy(linger=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 100, 300, 1000])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--tiny", action="store_true", help="three workers: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.workers, options.seconds = [3], 1
    lab.need("taskset", locust)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = []
    print(f"{'workers':>8}{'CPU of the master':>19}{'until the load':>16}{'lost':>6}")
    for count in options.workers:
        with tempfile.TemporaryDirectory() as scratch:
            share, begun_s, lost = measure(count, options.seconds, pathlib.Path(scratch))
        rows.append({"workers": count, "cpu_share": share, "begun_s": begun_s, "lost": lost})
        print(f"{count:>8}{share:>19.0%}{begun_s:>14.1f} s{lost:>6}", flush=True)
    if options.tiny:
        print("\n--tiny: it works; one second says nothing about cost")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"figures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
