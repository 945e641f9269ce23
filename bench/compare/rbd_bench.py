#!/usr/bin/env python3
"""Block I/O side by side with fio's rbd engine: the same image of the same cluster, the same depth,
caches off, rounds in turn.

The OSD is pinned to the first CPU, the clients to the second. CPU per I/O is that of the whole
process with librbd's threads, less what the same program takes for one I/O: connecting, opening
and closing. Starts a one-node cluster of its own (test/support/ceph.sh) unless CEPH_CONF names one.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

import lab

image = "compare-0"
settings = {"rbd_cache": "false", "rbd_io_scheduler": "none"}


class used(NamedTuple):
    """What one run did and took."""
    iops: float
    ios: int
    cpu_s: float
    result: dict


class bench:
    def __init__(self, folder, conf, seconds):
        self.folder = folder
        self.conf = conf
        self.seconds = seconds
        self.start_up = {}

    def fio(self, op, depth, *more):
        out = self.folder / "fio.json"
        _, cpu, _ = lab.run_client(
            ["fio", "--name=x", "--ioengine=rbd", "--pool=rbd", "--clientname=admin", "--direct=1",
             f"--rbdname={image}", f"--rw=rand{op}", "--bs=4k", f"--iodepth={depth}",
             "--norandommap", "--randrepeat=0", "--output-format=json", f"--output={out}", *more],
            self.folder)
        text = out.read_text()
        job = json.loads(text[text.index("{"):])["jobs"][0][op]
        return used(job["iops"], job["total_ios"], cpu, job)

    def chopsticks(self, op, depth, load=None, stop=None, seconds=None, warmup=0, **config):
        more = {"stop": stop} if stop else {}
        scenario = self.folder / "s.yaml"
        scenario.write_text(json.dumps({
            "name": "compare",
            "groups": [{"name": "g", "workload": "rbd", "tasks": [{"op": op, "block": "4KiB"}],
                        "load": load or {"closed": {"users": depth}}}],
            "phases": {"warmup": f"{warmup}s", "measure": f"{seconds or self.seconds}s"}, **more}))
        workload = self.folder / "w.yaml"
        workload.write_text(json.dumps({"rbd": {
            "conf_file": str(self.conf), "prefix": "compare-", "size": "256MiB", "keep": True,
            **config}}))
        out = self.folder / "r.json"
        _, cpu, _ = lab.run_client(
            [lab.binary, "run", "-f", scenario, "--workload-config", workload, "--cores", "1",
             "--output", out], self.folder, accepted=(0, 3))
        result = json.loads(out.read_text())
        figures = result["operations"][f"g/{op}"]
        if figures["failed"]:
            raise SystemExit(f"operations failed: {figures['errors']}")
        return used(figures["ok"] / result["run"]["duration_s"], figures["ok"], cpu, result)

    def closed(self, name, op, depth, seconds=None):
        if name == "fio":
            return self.fio(op, depth, "--time_based", f"--runtime={seconds or self.seconds}")
        return self.chopsticks(op, depth, seconds=seconds, completion=name)

    def us_per_io(self, name, run):
        if name not in self.start_up:
            if name == "fio":
                self.start_up[name] = self.fio("read", 1, "--number_ios=1").cpu_s
            else:
                self.start_up[name] = self.chopsticks("read", 1, stop={"operations": 1},
                                                      completion=name).cpu_s
        return (run.cpu_s - self.start_up[name]) / run.ios * 1e6


def median(values):
    return statistics.median(list(values))


def compare_depths(b, ops, depths, rounds):
    names = ("fio", "callback", "eventfd")
    print(f"{'op':6}{'depth':>6}" + "".join(f"{n + ' IOPS':>15}{'CPU us/IO':>11}" for n in names)
          + f"{'IOPS ratio':>12}{'CPU ratio':>11}")
    for op in ops:
        for depth in depths:
            iops = {n: [] for n in names}
            cpu = {n: [] for n in names}
            for number in range(rounds):
                # In turn, and each round another one first.
                for n in names[number % 3:] + names[:number % 3]:
                    run = b.closed(n, op, depth)
                    iops[n].append(run.iops)
                    cpu[n].append(b.us_per_io(n, run))
            print(f"{op:6}{depth:6}" + "".join(
                f"{median(iops[n]):15.0f}{median(cpu[n]):11.1f}" for n in names)
                + f"{median(ours / fio for ours, fio in zip(iops['callback'], iops['fio'])):12.3f}"
                + f"{median(ours / fio for ours, fio in zip(cpu['callback'], cpu['fio'])):11.3f}",
                flush=True)


def compare_pace(b):
    most = min(b.closed("fio", "read", 64).iops, b.closed("callback", "read", 64).iops)
    rate = round(most / 2)
    print(f"\nPoisson at {rate} reads/s, half of the most; microseconds from when an I/O was due "
          "(fio: from when it was sent)")
    # Both warm up: a first stall of 50 ms would be the 99th percentile of seconds. fio has no
    # percentiles of a run that is shorter than that.
    warmup = 2 if b.seconds > 2 else 0
    f = b.fio("read", 64, "--time_based", f"--runtime={b.seconds}", f"--ramp_time={warmup}",
              f"--rate_iops={rate}", "--rate_process=poisson").result
    p = f["clat_ns"]["percentile"]
    print(f"fio         {f['iops']:8.0f}/s  p50 {p['50.000000'] / 1e3:6.0f}  "
          f"p99 {p['99.000000'] / 1e3:6.0f}  p99.9 {p['99.900000'] / 1e3:6.0f}")
    run = b.chopsticks("read", 64, {"open": {"rate": rate, "max_in_flight": 64}}, warmup=warmup)
    figures = run.result["operations"]["g/read"]
    for what in ("response", "service", "send_lag"):
        ns = figures[what]
        print(f"{what:12}{run.iops:8.0f}/s  p50 {ns['p50_ns'] / 1e3:6.0f}  "
              f"p99 {ns['p99_ns'] / 1e3:6.0f}  p99.9 {ns['p999_ns'] / 1e3:6.0f}")


def many_images(b, count):
    run = b.chopsticks("read", count, prefix="many-", count=count, size="8MiB", keep=False)
    print(f"\n{count} images in one process: {run.iops:.0f} reads/s with {count} users")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8, help="of one run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--ops", nargs="+", default=["read", "write"], choices=["read", "write"])
    parser.add_argument("--parts", nargs="+", default=["depths", "pace", "images"],
                        choices=["depths", "pace", "images"])
    parser.add_argument("--tiny", action="store_true", help="a second of each: does it work?")
    a = parser.parse_args()
    if a.tiny:
        a.seconds, a.rounds, a.depths = 1, 1, [4]
    for tool in ("fio", "ceph-osd"):
        if not shutil.which(tool):
            print(f"no {tool}: nothing to compare with")
            sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="rbd-", dir="/tmp") as name:
        folder = pathlib.Path(name)
        script = lab.root / "test/support/ceph.sh"
        theirs = os.environ.get("CEPH_CONF")
        try:
            if not theirs:
                subprocess.run([script, "up", folder / "c"], check=True, stdout=subprocess.DEVNULL,
                               env={**os.environ, "RGW": "no"})
            source = pathlib.Path(theirs or folder / "c" / "ceph.conf")
            pid = (source.parent / "run" / "osd.0.pid").read_text().strip()
            subprocess.run(["taskset", "-a", "-c", "-p", str(lab.server_cpu), pid], check=True,
                           stdout=subprocess.DEVNULL)
            conf = folder / "client.conf"
            conf.write_text(source.read_text() + "[client]\n"
                            + "".join(f"{k} = {v}\n" for k, v in settings.items()))
            os.environ["CEPH_CONF"] = str(conf)
            b = bench(folder, conf, a.seconds)
            b.chopsticks("read", 1, seconds=1)  # makes and fills the image
            if "depths" in a.parts:
                compare_depths(b, a.ops, a.depths, a.rounds)
            if "pace" in a.parts:
                compare_pace(b)
            if "images" in a.parts:
                many_images(b, 4 if a.tiny else 64)
            subprocess.run(["rbd", "rm", "--no-progress", image], check=True)
        finally:
            if not theirs:
                subprocess.run([script, "down", folder / "c"], check=False,
                               stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
