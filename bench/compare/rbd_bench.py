#!/usr/bin/env python3
"""Block I/O side by side with fio's rbd engine and with a bare loop over librbd (`rbd_floor`): the
same image of the same cluster, the same depth, the same Ceph options, rounds in turn.

Twice: with the options that Chopsticks sets unless told otherwise (`own`), and with stock values of
the library (`stock`); cache and I/O scheduler are off in both. All three get the same ones.

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
floor = pathlib.Path(os.environ.get("RBD_FLOOR", lab.root / "build" / "bench" / "rbd_floor"))

# What Chopsticks sets for this load, src/rbd/cluster.cpp, and what the library has.
own = {"rbd_cache": "false", "rbd_io_scheduler": "none", "rbd_readahead_max_bytes": "0",
       "rbd_skip_partial_discard": "false", "rbd_disable_zero_copy_writes": "false",
       "rbd_non_blocking_aio": "false", "client_mount_timeout": "30", "rados_mon_op_timeout": "30",
       "rados_osd_op_timeout": "30", "objecter_inflight_ops": "1536",
       "objecter_inflight_op_bytes": "2147483648"}
stock = {"rbd_cache": "false", "rbd_io_scheduler": "none", "rbd_readahead_max_bytes": "524288",
         "rbd_skip_partial_discard": "true", "rbd_disable_zero_copy_writes": "true",
         "rbd_non_blocking_aio": "true", "client_mount_timeout": "300", "rados_mon_op_timeout": "0",
         "rados_osd_op_timeout": "0", "objecter_inflight_ops": "1024",
         "objecter_inflight_op_bytes": "104857600"}
option_sets = {"own": own, "stock": stock}


class used(NamedTuple):
    """What one run did and took."""
    iops: float
    ios: int
    cpu_s: float
    result: dict


class bench:
    def __init__(self, folder, cluster_conf, seconds):
        self.folder = folder
        self.conf = folder / "client.conf"
        self.cluster_conf = cluster_conf
        self.seconds = seconds
        self.use(own)

    def use(self, options):
        """From now on all clients have these Ceph options."""
        self.options = options
        self.start_up = {}
        self.conf.write_text(self.cluster_conf + "[client]\n"
                             + "".join(f"{k} = {v}\n" for k, v in options.items()))

    def bare(self, op, depth, seconds, *ios):
        said, cpu, _ = lab.run_client([floor, "rbd", image, op, depth, seconds, *ios], self.folder)
        result = json.loads(said[said.index("{"):])
        return used(result["iops"], result["ios"], cpu, result)

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
            "options": self.options, **config}}))
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
        if name == "floor":
            return self.bare(op, depth, seconds or self.seconds)
        if name == "fio":
            return self.fio(op, depth, "--time_based", f"--runtime={seconds or self.seconds}")
        return self.chopsticks(op, depth, seconds=seconds, completion=name)

    def us_per_io(self, name, run):
        if name not in self.start_up:
            if name == "floor":
                self.start_up[name] = self.bare("read", 1, 60, 1).cpu_s
            elif name == "fio":
                self.start_up[name] = self.fio("read", 1, "--number_ios=1").cpu_s
            else:
                self.start_up[name] = self.chopsticks("read", 1, stop={"operations": 1},
                                                      completion=name).cpu_s
        return (run.cpu_s - self.start_up[name]) / run.ios * 1e6


def median(values):
    return statistics.median(list(values))


def ratio(ours, theirs):
    """Median of the rounds' ratios, and half of their range."""
    rounds = [one / other for one, other in zip(ours, theirs)]
    return f"{median(rounds):7.2f} ±{(max(rounds) - min(rounds)) / 2:4.2f}"


def compare_depths(b, ops, depths, rounds, names):
    """IOPS and CPU per I/O of all clients, and Chopsticks' over fio's and over the floor's."""
    ours = names[0]
    others = [n for n in names if n != ours]
    print(f"{'op':6}{'depth':>6}" + "".join(f"{n + ' IOPS':>15}{'CPU us/IO':>11}" for n in names)
          + "".join(f"{'IOPS/' + n:>16}{'CPU/' + n:>14}" for n in others))
    for op in ops:
        for depth in depths:
            iops = {n: [] for n in names}
            cpu = {n: [] for n in names}
            for number in range(rounds):
                # In turn, and each round another one first.
                first = number % len(names)
                for n in names[first:] + names[:first]:
                    run = b.closed(n, op, depth)
                    iops[n].append(run.iops)
                    cpu[n].append(b.us_per_io(n, run))
            print(f"{op:6}{depth:6}"
                  + "".join(f"{median(iops[n]):15.0f}{median(cpu[n]):11.1f}" for n in names)
                  + "".join(f"{ratio(iops[ours], iops[n]):>16}{ratio(cpu[ours], cpu[n]):>14}"
                            for n in others), flush=True)


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
    parser.add_argument("--options", nargs="+", default=["own", "stock"], choices=option_sets,
                        help="Ceph options that all clients get")
    parser.add_argument("--clients", nargs="+", default=["callback", "fio", "floor"],
                        choices=["callback", "eventfd", "fio", "floor"],
                        help="Chopsticks by its ways of completion, and the others; the first is "
                             "held against the rest")
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
                               env={**os.environ, "RGW": "no", "OWNER_PID": str(os.getpid())})
            source = pathlib.Path(theirs or folder / "c" / "ceph.conf")
            pid = (source.parent / "run" / "osd.0.pid").read_text().strip()
            subprocess.run(["taskset", "-a", "-c", "-p", str(lab.server_cpu), pid], check=True,
                           stdout=subprocess.DEVNULL)
            b = bench(folder, source.read_text(), a.seconds)
            os.environ["CEPH_CONF"] = str(b.conf)
            b.chopsticks("read", 1, seconds=1)  # makes and fills the image
            for name in a.options if "depths" in a.parts else []:
                b.use(option_sets[name])
                print(f"\nCeph options: {name}")
                compare_depths(b, a.ops, a.depths, a.rounds, a.clients)
            b.use(own)
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
