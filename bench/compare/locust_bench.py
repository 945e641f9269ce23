#!/usr/bin/env python3
"""How much load does a worker make of a second of CPU: one of Chopsticks, and one of Locust's own?

Each in turn is the only worker of the same Locust master (LOCUST, or /usr/bin/locust) and gets
objects from one `chopsticks serve`: Chopsticks with signed S3 gets, Locust with the same by boto3,
and with plain HTTP gets (FastHttpUser on URLs that were signed before). The worker has one CPU, the
endpoint another. Requests are those that the endpoint counted, CPU time is the worker process's,
both between two moments of the load. Not measured: starts, latency, more than one core.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

import lab

locust = os.environ.get("LOCUST", "/usr/bin/locust")
access_key, secret_key = "chopsticks", "chopsticks-secret"
hang_s = 120

# Where a worker has nothing else to do than its requests, as with Chopsticks.
locustfile = '''
import json, os, random, time
import locust.runners
from locust import FastHttpUser, User, constant, task

# Debian's has none, and takes its own workers for too old.
locust.runners.__version__ = locust.runners.__version__ or "2.12"

PLAN = json.loads(os.environ["BENCH_PLAN"])

if PLAN["kind"] == "boto3":
    import boto3

    class readers(User):
        wait_time = constant(0)

        def on_start(self):
            self.s3 = boto3.client("s3", endpoint_url=PLAN["url"], region_name="us-east-1",
                                   aws_access_key_id=PLAN["access_key"],
                                   aws_secret_access_key=PLAN["secret_key"])

        @task
        def get(self):
            begun = time.perf_counter()
            error, size = None, 0
            try:
                answer = self.s3.get_object(Bucket=PLAN["bucket"], Key=random.choice(PLAN["keys"]))
                size = len(answer["Body"].read())
            except Exception as caught:
                error = caught
            self.environment.events.request.fire(
                request_type="readers", name="get", exception=error, context={},
                response_time=(time.perf_counter() - begun) * 1000, response_length=size)
else:
    class readers(FastHttpUser):
        host = PLAN["url"]
        wait_time = constant(0)

        @task
        def get(self):
            self.client.get(random.choice(PLAN["paths"]), name="get")
'''

scenario = {
    "name": "compare",
    "groups": [{"name": "readers", "workload": "s3", "data": {"objects": 100, "size": 0},
                "tasks": ["get"], "load": {"closed": {"users": 0}}}],
    "phases": {"measure": "1h"},
    "seed": 1}


class processes:
    """Ends all it started."""

    def __init__(self, folder):
        self.folder, self.started, self.logs = folder, [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            lab.stop(process)
        for log in self.logs:
            log.close()

    def start(self, name, command, **env):
        self.logs.append(open(self.folder / f"{name}.log", "wb"))
        self.started.append(subprocess.Popen(
            list(map(str, command)), cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=self.logs[-1], stderr=subprocess.STDOUT,
            env={**os.environ, "AWS_SECRET_ACCESS_KEY": secret_key, **env}))
        return self.started[-1]

    def said(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
                         for path in sorted(self.folder.glob("*.log")))


def wait_for(what, condition, all_of_it):
    until = time.monotonic() + hang_s
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"{what}: not after {hang_s} s\n{all_of_it.said()}")
        time.sleep(0.1)


def ask(url, **form):
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(url, data, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def served(url):
    return json.loads(ask(url + "/_chopsticks/counters"))["by_operation"].get("get", 0)


def measure(kind, url, objects, options, folder):
    """(requests a CPU second of the worker, requests a second)."""
    port, web = lab.free_ports(2)
    plan = {"kind": kind, "url": url, "bucket": lab.bucket, "access_key": access_key,
            "secret_key": secret_key, **objects}
    (folder / "locustfile.py").write_text(locustfile)
    env = {"BENCH_PLAN": json.dumps(plan), "PYTHONDONTWRITEBYTECODE": "1"}
    with processes(folder) as running:
        running.start("master", [locust, "-f", "locustfile.py", "--master", "--master-bind-host",
                                 "127.0.0.1", "--master-bind-port", port, "--web-host",
                                 "127.0.0.1", "--web-port", web, "--host", url], **env)
        pin = ["taskset", "-c", lab.client_cpu]
        if kind == "chopsticks":
            one = json.loads(json.dumps(scenario))
            one["groups"][0]["data"]["size"] = options.size
            one["groups"][0]["load"]["closed"]["users"] = options.users
            (folder / "s.yaml").write_text(json.dumps(one))
            worker = [*pin, lab.binary, "worker", "-f", "s.yaml", "--master-port", port,
                      "--endpoint", url, "--access-key", access_key, "--bucket", "own",
                      "--cores", 1, "--quiet"]
        else:
            worker = [*pin, locust, "-f", "locustfile.py", "--worker", "--master-host",
                      "127.0.0.1", "--master-port", port]
        process = running.start("worker", worker, **env)
        page = f"http://127.0.0.1:{web}"

        def state():
            text = ask(page + "/stats/requests")
            return json.loads(text) if text else {"workers": [], "user_count": 0, "stats": []}

        wait_for("the worker", lambda: state()["workers"], running)
        ask(page + "/swarm", user_count=options.users, spawn_rate=options.users, host=url)
        wait_for("users", lambda: state()["user_count"] == options.users
                 and any(row["num_requests"] for row in state()["stats"]), running)
        before, cpu, begun = served(url), lab.cpu_s(process.pid), time.monotonic()
        time.sleep(options.seconds)
        after, took, seconds = (served(url), lab.cpu_s(process.pid) - cpu, time.monotonic() - begun)
        failed = sum(row["num_failures"] for row in state()["stats"])
        if failed:
            raise SystemExit(f"{kind}: {failed} requests failed\n{running.said()}")
        if after == before:
            raise SystemExit(f"{kind}: no requests\n{running.said()}")
        ask(page + "/stop")
    return (after - before) / max(took, 1 / lab.ticks), (after - before) / seconds


def prepared(url, size):
    """What Locust's users read: keys, and paths that say who may."""
    import boto3
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1",
                      aws_access_key_id=access_key, aws_secret_access_key=secret_key)
    s3.create_bucket(Bucket=lab.bucket)
    keys = [f"k{i}" for i in range(100)]
    paths = []
    for key in keys:
        s3.put_object(Bucket=lab.bucket, Key=key, Body=os.urandom(size))
        signed = s3.generate_presigned_url("get_object", ExpiresIn=86400,
                                           Params={"Bucket": lab.bucket, "Key": key})
        paths.append(signed[len(url):])
    s3.close()
    return {"keys": keys, "paths": paths}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of one worker's load")
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--size", type=int, default=4096, help="bytes of an object")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.seconds, options.users = 1, 1, 2
    lab.need("taskset", locust)
    port, = lab.free_ports(1)
    url = f"http://127.0.0.1:{port}"
    figures = {"chopsticks": [], "boto3": [], "http": []}
    with tempfile.TemporaryDirectory() as scratch, processes(pathlib.Path(scratch)) as servers:
        endpoint = servers.start("endpoint", ["taskset", "-c", lab.server_cpu, lab.binary, "serve",
                                              "--port", port])
        wait_for("the endpoint", lambda: ask(url + "/_chopsticks/counters"), servers)
        objects = prepared(url, options.size)
        for number in range(options.rounds):
            for kind, found in figures.items():
                folder = pathlib.Path(scratch) / f"{kind}-{number}"
                folder.mkdir()
                found.append(measure(kind, url, objects, options, folder))
            print(f"round {number + 1} of {options.rounds} done", flush=True)
        endpoint.send_signal(signal.SIGTERM)
    rows = []
    for kind, found in figures.items():
        ratios = [ours[0] / one[0] for ours, one in zip(figures["chopsticks"], found)]
        rows.append({"worker": kind, "requests_per_cpu_s": lab.median([one[0] for one in found]),
                     "requests_per_s": lab.median([one[1] for one in found]),
                     "chopsticks_over_it": lab.median(ratios), "spread": lab.spread(ratios)})
    print(f"\n{'worker':<12}{'requests/CPU s':>16}{'requests/s':>12}{'Chopsticks makes':>18}"
          f"{'+-':>6}")
    for row in rows:
        print(f"{row['worker']:<12}{row['requests_per_cpu_s']:>16,.0f}"
              f"{row['requests_per_s']:>12,.0f}{row['chopsticks_over_it']:>17.1f}x"
              f"{row['spread']:>6.0%}")
    if options.tiny:
        print("\n--tiny: it works; one second says nothing about cost")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"figures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
