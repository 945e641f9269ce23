#!/usr/bin/env python3
"""Objects of a pool side by side with `rados bench`: write, seq and rand, at the same depth and
size on the same cluster, rounds in turn.

The OSD is pinned to the first CPU, the clients to the second. CPU per operation is that of the
whole process with librados's threads, less what the same program takes for one operation:
connecting and ending. `chopsticks` verifies nothing here, as `rados bench` is told not to;
`verified` compares every byte. Starts a one-node cluster of its own (test/support/ceph.sh) unless
CEPH_CONF names one, with a pool of its own in either.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

import lab

pool = "chopsticks-compare"
objects = 64  # that reads go to


class used(NamedTuple):
    """What one run did and took."""
    rate: float
    operations: int
    cpu_s: float


class bench:
    def __init__(self, folder, conf, seconds, before=None):
        self.folder = folder
        self.conf = conf
        self.seconds = seconds
        self.before = before
        self.start_up = {}

    def theirs(self, op, depth, size, seconds):
        command = ["rados", "-p", pool, "bench", seconds, op, "-t", depth]
        command += ["-b", size, "--no-cleanup"] if op == "write" else ["--no-verify"]
        said, cpu, _ = lab.run_client(command, self.folder)
        count = int(re.search(r"Total (?:writes|reads) made:\s+(\d+)", said).group(1))
        took = float(re.search(r"Total time run:\s+([\d.]+)", said).group(1))
        return used(count / took, count, cpu)

    def ours(self, op, depth, size, seconds, verify=False, stop=None, binary=lab.binary):
        popularity = "sequential" if op == "seq" else "uniform"
        group = {"name": "g", "workload": "rados",
                 "data": {"size": size, "verify": verify, "popularity": popularity,
                          "objects": 0 if op == "write" else objects, "reuse": f"set-{size}"},
                 "tasks": ["write_full" if op == "write" else "read"],
                 "load": {"closed": {"users": depth}}}
        if op == "write":
            del group["data"]["reuse"], group["data"]["popularity"]
        scenario = self.folder / "s.yaml"
        scenario.write_text(json.dumps({
            "name": "compare", "groups": [group],
            "phases": {"warmup": "0s", "measure": f"{seconds}s", "cleanup": False},
            # A busy neighbour shall cost the comparison time, not a run.
            "limits": {"outage": "100%"},
            **({"stop": stop} if stop else {})}))
        workload = self.folder / "w.yaml"
        workload.write_text(json.dumps({"rados": {"conf_file": str(self.conf), "pool": pool}}))
        out = self.folder / "r.json"
        _, cpu, _ = lab.run_client(
            [binary, "run", "-f", scenario, "--workload-config", workload, "--cores", "1",
             "--output", out], self.folder, accepted=(0, 3))
        result = json.loads(out.read_text())
        [figures] = result["operations"].values()
        if figures["failed"]:
            raise SystemExit(f"operations failed: {figures['errors']}")
        return used(figures["ok"] / result["run"]["duration_s"], figures["ok"], cpu)

    def run(self, name, op, depth, size, seconds=None):
        seconds = seconds or self.seconds
        if name == "rados bench":
            return self.theirs(op, depth, size, seconds)
        return self.ours(op, depth, size, seconds, verify=name == "verified",
                         binary=self.binary_of(name))

    def binary_of(self, name):
        return self.before if name == "before" else lab.binary

    def us_per_operation(self, name, op, size, run):
        """Beyond what it takes to start and end."""
        key = (name, op, size)
        if key not in self.start_up:
            if name == "rados bench":
                # It does not end after one operation: an empty listing connects as it does.
                _, cpu, _ = lab.run_client(["rados", "-p", pool, "-N", "empty", "ls"], self.folder)
            else:
                cpu = self.ours(op, 1, size, 60, stop={"operations": 1},
                                binary=self.binary_of(name)).cpu_s
            self.start_up[key] = cpu
        return (run.cpu_s - self.start_up[key]) / max(run.operations, 1) * 1e6

    def forget(self):
        """All objects, so that one run does not leave the next a fuller store."""
        subprocess.run(["rados", "purge", pool, "--yes-i-really-really-mean-it"], check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "CEPH_CONF": str(self.conf)})


def ratio(ours, theirs):
    """Median of the rounds' ratios, and half of their range."""
    rounds = [one / other for one, other in zip(ours, theirs)]
    return f"{statistics.median(rounds):7.2f} ±{(max(rounds) - min(rounds)) / 2:4.2f}"


def compare(b, op, size, depth, rounds, names):
    rate = {n: [] for n in names}
    cpu = {n: [] for n in names}
    b.forget()
    if op != "write":
        b.theirs("write", 16, size, 2)
        b.ours(op, 16, size, 1)  # makes the kept data set
    for number in range(rounds):
        # In turn, and each round another one first.
        first = number % len(names)
        for n in names[first:] + names[:first]:
            if op == "write":
                b.forget()
            run = b.run(n, op, depth, size)
            rate[n].append(run.rate)
            cpu[n].append(b.us_per_operation(n, op, size, run))
    others = [n for n in names if n != "chopsticks"]
    print(f"{op:6}{size:>9}{depth:6}"
          + "".join(f"{statistics.median(rate[n]):14.0f}{statistics.median(cpu[n]):11.1f}"
                    for n in names)
          + "".join(f"{ratio(rate['chopsticks'], rate[n]):>16}"
                    f"{ratio(cpu['chopsticks'], cpu[n]):>16}" for n in others), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8, help="of one run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--sizes", type=int, nargs="+", default=[4096, 4 << 20])
    parser.add_argument("--ops", nargs="+", default=["write", "rand"],
                        choices=["write", "rand", "seq"])
    parser.add_argument("--clients", nargs="+", default=["chopsticks", "rados bench"],
                        choices=["chopsticks", "verified", "rados bench"])
    parser.add_argument("--before", type=pathlib.Path, metavar="BINARY",
                        help="another chopsticks, in turn with this one")
    parser.add_argument("--tiny", action="store_true", help="a second of each: does it work?")
    a = parser.parse_args()
    if a.tiny:
        a.seconds, a.rounds, a.depths, a.sizes = 1, 1, [4], [65536]
    for tool in ("rados", "ceph-osd"):
        if not shutil.which(tool):
            print(f"no {tool}: nothing to compare with")
            sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="rados-", dir="/tmp") as name:
        folder = pathlib.Path(name)
        script = lab.root / "test/support/ceph.sh"
        theirs = os.environ.get("CEPH_CONF")
        try:
            if not theirs:
                subprocess.run([script, "up", folder / "c"], check=True, stdout=subprocess.DEVNULL,
                               env={**os.environ, "RGW": "no", "OWNER_PID": str(os.getpid())})
            conf = pathlib.Path(theirs or folder / "c" / "ceph.conf")
            os.environ["CEPH_CONF"] = str(conf)
            pid = (conf.parent / "run" / "osd.0.pid").read_text().strip()
            subprocess.run(["taskset", "-a", "-c", "-p", str(lab.server_cpu), pid], check=True,
                           stdout=subprocess.DEVNULL)
            subprocess.run(["ceph", "osd", "pool", "create", pool, "8", "8"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            b = bench(folder, conf, a.seconds, a.before)
            names = a.clients + (["before"] if a.before else [])
            print(f"{'op':6}{'bytes':>9}{'depth':>6}"
                  + "".join(f"{n + '/s':>14}{'CPU us':>11}" for n in names)
                  + "".join(f"{'rate/' + n:>16}{'CPU/' + n:>16}" for n in names
                            if n != "chopsticks"))
            for op in a.ops:
                for size in a.sizes:
                    for depth in a.depths:
                        compare(b, op, size, depth, a.rounds, names)
        finally:
            if theirs:
                subprocess.run(["ceph", "osd", "pool", "rm", pool, pool,
                                "--yes-i-really-really-mean-it"], check=False,
                               stdout=subprocess.DEVNULL)
            else:
                subprocess.run([script, "down", folder / "c"], check=False,
                               stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
