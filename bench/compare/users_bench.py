#!/usr/bin/env python3
"""What does a user with a connection cost, and how soon are all of them there?

One chopsticks process on one CPU, nginx on another, 10,000 closed-loop users. Memory is the
resident set at full load, all of it divided by the users, and beside it what the users alone add
(less a run with one user). Full load is when the process has as many sockets open as users,
counted from exec.
Not measured: the sockets' memory in the kernel, TLS.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import lab

target_kib, target_s = 12.0, 5.0


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def sockets_of(pid):
    count = 0
    with os.scandir(f"/proc/{pid}/fd") as entries:
        for _ in entries:
            count += 1
    return count


def measure(url, users, seconds, folder):
    """(RSS in bytes at the end of the load, seconds from start to full load)."""
    text = lab.scenario("get", lab.small_bytes, users, seconds)
    begun = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", str(lab.client_cpu),
         *map(str, lab.chopsticks_command(url, folder, text))],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "AWS_SECRET_ACCESS_KEY": "secret"})
    full_at, resident = None, 0
    try:
        while process.poll() is None:
            try:
                if full_at is None:
                    if sockets_of(process.pid) >= users:
                        full_at = time.monotonic() - begun
                else:
                    resident = max(resident, resident_bytes(process.pid))
            except OSError:
                break
            time.sleep(0.02 if full_at is None else 0.2)
        _, said = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"chopsticks ended with {process.returncode}:\n{said.decode()}")
    result = json.loads((folder / "r.json").read_text())
    if result["total"]["failed"]:
        raise SystemExit("operations failed: " + json.dumps(
            [one["errors"] for one in result["operations"].values()])[:2000])
    if full_at is None:
        raise SystemExit(f"{users} sockets were never open at a time:\n{said.decode()}")
    return resident, full_at, result["total"]["ok"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="200 users, once: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.users, options.seconds, options.rounds = 200, 2, 1
    lab.need("taskset", lab.nginx)
    alone, all_of_it, full = [], [], []
    with (lab.server(connections=options.users, large=False) as server,
          tempfile.TemporaryDirectory() as scratch):
        folder = pathlib.Path(scratch)
        url = server.url("small")
        for number in range(options.rounds):
            one_user, _, _ = measure(url, 1, 2, folder)
            resident, full_at, done = measure(url, options.users, options.seconds, folder)
            all_of_it.append(resident / options.users / 1024)
            alone.append((resident - one_user) / (options.users - 1) / 1024)
            full.append(full_at)
            print(f"round {number + 1}: {resident / 2**20:.1f} MiB resident "
                  f"({one_user / 2**20:.1f} MiB with one user), full load after {full_at:.2f} s, "
                  f"{done} operations", flush=True)
    figures = {"users": options.users, "kib_per_user": lab.median(all_of_it),
               "kib_per_user_alone": lab.median(alone), "seconds_to_full_load": lab.median(full)}
    print(f"\n{options.users} users: {figures['kib_per_user']:.1f} KiB per user in all "
          f"(target {target_kib:.0f}), {figures['kib_per_user_alone']:.1f} KiB beyond the process; "
          f"full load after {figures['seconds_to_full_load']:.2f} s (target {target_s:.0f})")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
