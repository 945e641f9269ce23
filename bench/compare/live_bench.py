#!/usr/bin/env python3
"""What does it cost a run to be looked at?

One core, Poisson arrivals on the dummy driver: alone, and with metrics that are scraped (text and
protobuf) and a page that is asked for its state, each once a second. Both in turn. Send lag is from
due to first byte sent; the thread's CPU time is what the process's own count of its threads says.
Not measured: the browser, Prometheus, and a machine without a CPU to spare.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import urllib.request

import lab

protobuf = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")


def ask_each_second(port, stop, asked):
    """Until told to stop."""
    next_state = 0
    while not stop.wait(1):
        for path, accept in (("metrics", "text/plain"), ("metrics", protobuf),
                             (f"state?from={next_state}", "application/json")):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}",
                                             headers={"Accept": accept})
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    body = answer.read()
            except OSError:
                continue
            asked.append(len(body))
            if path.startswith("state"):
                next_state = json.loads(body)["next"]


def measure(watched, options, folder):
    scenario = {
        "name": "live",
        "groups": [{"workload": "s3", "tasks": ["get", "put"],
                    "data": {"prefix": "p/", "objects": 100, "size": 1024},
                    "load": {"open": {"rate": options.rate, "max_in_flight": 256,
                                      "queue_limit": 10_000}}}],
        "phases": {"warmup": 2, "measure": options.seconds, "drain": 20},
        "seed": 1}
    (folder / "s.yaml").write_text(json.dumps(scenario))
    port, = lab.free_ports(1)
    listen = [f"--metrics-listen={port}", f"--web-listen={port}"] if watched else []
    process = subprocess.Popen(
        [lab.binary, "run", "-f", folder / "s.yaml", "--set", "workload.driver=dummy", "--cores",
         "1", "--idle", options.idle, "--quiet", "--output", folder / "r.json", *listen],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    stop, asked = threading.Event(), []
    asker = threading.Thread(target=ask_each_second, args=(port, stop, asked))
    try:
        if watched:
            asker.start()
        _, said = process.communicate(timeout=120 + 3 * options.seconds)
    finally:
        stop.set()
        if watched:
            asker.join()
        if process.poll() is None:
            process.kill()
            process.wait()
    # 3: the generator was the limit. It is what is looked at; the figures tell.
    if process.returncode not in (0, 3):
        raise SystemExit(f"chopsticks ended with {process.returncode}:\n{said}")
    result = json.loads((folder / "r.json").read_text())
    lag = result["total"]["send_lag"]
    threads = {one["name"]: one["cpu_s"] for one in result["health"]["held_up"]["threads"]}
    return {"send_lag_p50_us": lag["p50_ns"] / 1e3, "send_lag_p99_us": lag["p99_ns"] / 1e3,
            "send_lag_p9999_us": lag["p9999_ns"] / 1e3, "live_cpu_s": threads.get("live", 0.0),
            "answers": len(asked), "bytes_max": max(asked, default=0),
            "machine_load": round(os.getloadavg()[0], 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--idle", default="spin", help="as of run")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.seconds, options.rounds = 2, 1
    lab.need(lab.binary)
    figures = {"alone": [], "watched": []}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            for name, of in figures.items():
                of.append(measure(name == "watched", options, pathlib.Path(scratch)))
                one = of[-1]
                print(f"round {number + 1}, {name}: send lag p50 {one['send_lag_p50_us']:.1f} us, "
                      f"p99 {one['send_lag_p99_us']:.1f} us, "
                      f"p99.99 {one['send_lag_p9999_us']:.0f} us; "
                      f"{one['answers']} answers of at most {one['bytes_max']} bytes, "
                      f"{one['live_cpu_s']:.2f} s of CPU; machine's load {one['machine_load']}",
                      flush=True)
    if not any(one["answers"] for one in figures["watched"]):
        raise SystemExit("nobody was answered")
    print()
    for name, of in figures.items():
        told = ", ".join(f"{key.removeprefix('send_lag_').removesuffix('_us')} "
                         f"{lab.median([one[key] for one in of]):.1f} us"
                         for key in ("send_lag_p50_us", "send_lag_p99_us", "send_lag_p9999_us"))
        print(f"{name}: send lag {told} (medians)")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
