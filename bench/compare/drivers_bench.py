#!/usr/bin/env python3
"""What do the S3 drivers that speak HTTP cost, side by side: native, beast, which does the same on
Boost.Asio and Boost.Beast, and curl, which has libcurl do it?

The embedded endpoint runs in a process of its own on one CPU, keeps sizes only, and answers all in
turn (A B C A B C ...) on another. Figures are the CPU time of the client's core in its measure
phase, over what it moved: medians over the rounds. `native, copy` copies the bodies of gets as the
others have to; native itself has the kernel drop them, over plain HTTP. Below small gets stands
what libcurl costs in a bare loop (curl_floor.cpp), without anything of this program: with handles
that are used again, and with one for each get, as libcurl before 8.1.1 has to have it. The last
lines are send lag, from when a request was due to when it was sent, of an open loop of 20,000 gets
per second. Rows of 1,000 large bodies are measured six times as long. Not measured: the server,
latency, more than one core.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import lab

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/support"))
import harness

floor_program = os.environ.get("CURL_FLOOR", str(lab.root / "build" / "bench" / "curl_floor"))
small_bytes = 4 << 10
all_connections = (1, 64, 1000)
rate = 20_000
drivers = {
    "native": ["--set", "workload.driver=native"],
    "beast": ["--set", "workload.driver=beast"],
    "curl": ["--set", "workload.driver=curl"],
    "native, copy": ["--set", "workload.driver=native", "--set", "workload.discard=copy"],
}


class endpoint:
    """The server, as a context manager; https if `tls`."""

    def __init__(self, folder, tls):
        self.folder, self.tls = folder, tls

    def __enter__(self):
        self.port = lab.free_ports(1)[0]
        extra = []
        if self.tls:
            key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                            "30", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
            extra = ["--tls-cert", certificate, "--tls-key", key]
        self.process = subprocess.Popen(
            ["taskset", "-c", str(lab.server_cpu), lab.binary, "serve", "--port", str(self.port),
             "--access-key", "key", "--fast-etag", "--drop-bodies", *extra],
            env={**os.environ, "AWS_SECRET_ACCESS_KEY": "secret"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lab.raise_descriptor_limit)
        lab.await_port(self.process, self.port, "the endpoint")
        return self

    def __exit__(self, *_):
        lab.stop(self.process)

    def arguments(self):
        scheme = "https" if self.tls else "http"
        out = ["--endpoint", f"{scheme}://127.0.0.1:{self.port}", "--access-key", "key",
               "--bucket", lab.bucket, "--set", "workload.create_bucket=true"]
        return out + (["--set", "workload.tls.verify=false"] if self.tls else [])


def floor(server, connections, seconds, *more):
    """us per get of libcurl alone; its gets are presigned, so that nobody signs."""
    store = harness.s3_client(f"http://127.0.0.1:{server.port}", "key", "secret")
    if lab.bucket not in (one["Name"] for one in store.list_buckets()["Buckets"]):
        store.create_bucket(Bucket=lab.bucket)
    store.put_object(Bucket=lab.bucket, Key="floor", Body=bytes(small_bytes))
    url = store.generate_presigned_url("get_object",
                                       Params={"Bucket": lab.bucket, "Key": "floor"})
    said = subprocess.run(
        ["taskset", "-c", str(lab.client_cpu), floor_program, url, str(connections), str(seconds),
         *more], capture_output=True, text=True, check=True, preexec_fn=lab.raise_descriptor_limit)
    return json.loads(said.stdout)["cpu_us_per_get"]


# What is held against native.
others = ("beast", "curl")


def run(server, driver, op, size, load, seconds, folder, more=()):
    """The result of one run."""
    task = {"op": op, **({"overwrite": True} if op == "put" else {})}
    (folder / "s.yaml").write_text(json.dumps({
        "name": "drivers",
        "groups": [{"workload": "s3", "tasks": [task], "load": load,
                    "data": {"prefix": "d/", "size": size, "verify": False,
                             "objects": 1000 if size == small_bytes else 32}}],
        "phases": {"prepare": {"concurrency": 16}, "warmup": seconds / 4, "measure": seconds,
                   "drain": 60},
        "timeouts": {"connect": 60, "operation": 120},
        # Many large bodies end at about the same time, and none before.
        "limits": {"outage": "100%"},
        "seed": 1}))
    # 3: the generator was the limit, which is what a race on one core is about.
    said, _, _ = lab.run_client(
        [lab.binary, "run", "-f", folder / "s.yaml", *server.arguments(), *drivers[driver],
         *more, "--cores", "1", "--quiet", "--output", folder / "r.json"],
        folder, accepted=(0, 3))
    result = json.loads((folder / "r.json").read_text())
    if result["total"]["failed"] or not result["total"]["ok"]:
        raise SystemExit(f"{driver} met errors:\n" + said + json.dumps(
            [one["errors"] for one in result["operations"].values()])[:2000])
    return result


def cost(result, size):
    """us per request, or ms per GB where requests are large."""
    cpu_s = result["generator"]["cores"][0]["cpu_share"] * result["run"]["duration_s"]
    requests = result["total"]["ok"]
    if size == small_bytes:
        return cpu_s / requests * 1e6
    return cpu_s / (requests * size / 1e9) * 1e3


def cases(options):
    for tls in (False, True):
        for size in (small_bytes, options.large << 20):
            for op in ("get", "put"):
                for connections in options.connections:
                    yield tls, size, op, connections


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--large", type=int, default=8, metavar="MIB", help="size of large bodies")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--only", metavar="REGEX", default="",
                        help="rows whose title it is found in; the last are \"send lag\"")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    options.connections = all_connections
    if options.tiny:
        options.rounds, options.seconds, options.connections = 1, 0.4, (4,)
    lab.need("openssl", "taskset")
    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        print(f"{'CPU of the client':<40}" + "".join(f"{name:>14}" for name in drivers)
              + "".join(f"{name + '/native':>14}" for name in others) + f"{'+-':>7}")
        for tls, size, op, connections in cases(options):
            taken = {name: [] for name in drivers
                     if name != "native, copy" or (op == "get" and not tls)}
            unit = "us" if size == small_bytes else "ms/GB"
            kind = "4 KiB" if size == small_bytes else f"{options.large} MiB"
            title = f"{op} {kind}, {connections} conn., {'TLS' if tls else 'plain'}, {unit}"
            if not re.search(options.only, title):
                continue
            # Gigabytes are on their way at once, and end at about the same time.
            seconds = options.seconds * (6 if connections * size > 1e9 else 1)
            floors = {"reused": [], "anew": []} if title.startswith("get 4") and not tls else {}
            with endpoint(folder, tls) as server:
                for _ in range(options.rounds):
                    for name in taken:
                        result = run(server, name, op, size, {"closed": {"users": connections}},
                                     seconds, folder)
                        taken[name].append(cost(result, size))
                    for how in floors:
                        floors[how].append(floor(server, connections, seconds, how))
            medians = {name: lab.median(values) for name, values in taken.items()}
            print(f"{title:<40}"
                  + "".join(f"{medians[name]:>14.2f}" if name in medians else f"{'-':>14}"
                            for name in drivers)
                  + "".join(f"{medians[name] / medians['native']:>14.2f}" for name in others)
                  + f"{max(map(lab.spread, taken.values())):>7.1%}", flush=True)
            if floors:
                print("    libcurl alone: {:.1f} us, with new handles {:.1f} us".format(
                    *map(lab.median, floors.values())), flush=True)
            figures.append({"tls": tls, "bytes": size, "op": op, "connections": connections,
                            "unit": unit, "cost": medians, "rounds": taken, "libcurl": floors})
        load = {"open": {"rate": rate if not options.tiny else 500, "max_in_flight": 256,
                         "queue_limit": 10_000}}
        with endpoint(folder, False) as server:
            for name in ("native", *others) if re.search(options.only, "send lag") else ():
                lags = []
                for _ in range(options.rounds):
                    result = run(server, name, "get", small_bytes, load, options.seconds, folder,
                                 ["--idle", "spin"])
                    lags.append([result["total"]["send_lag"][p] / 1e3
                                 for p in ("p50_ns", "p99_ns")])
                p50, p99 = (lab.median(values) for values in zip(*lags))
                print(f"{load['open']['rate']} gets/s of 4 KiB, {name}: send lag p50 {p50:.1f} us,"
                      f" p99 {p99:.1f} us", flush=True)
                figures.append({"send_lag_of": name, "rate": load["open"]["rate"],
                                "p50_us": p50, "p99_us": p99})
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
