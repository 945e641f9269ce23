#!/usr/bin/env python3
"""How well an open loop keeps its plan: 20,000 and 200,000 Poisson arrivals per second from one
core that spins, against the dummy driver and the embedded endpoint; and fio's own Poisson arrivals.

Send lag is from due to first byte sent. The mean gap is what was planned between two arrivals, over
what the rate asks for: 1 within 0.1 % for us. fio is asked for the same rates with `ioengine=null`,
of which it is known how many it issued in how long. Both sides run alone, one after the other; the
load of the machine before each is part of the output, since lag is mostly that.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import lab

# name -> rate, driver arguments, users that may be in flight, target of send lag p50 and p99 in us
points = {
    "dummy_20k": (20_000, ["--set", "workload.driver=dummy"], 256, (3, 100)),
    "endpoint_20k": (20_000, ["--embedded"], 256, (3, 100)),
    "dummy_200k": (200_000, ["--set", "workload.driver=dummy"], 1024, (None, 200)),
}
fio_rates = (20_000, 100_000, 200_000)
target_share = 0.001


def load_of_machine():
    return os.getloadavg()[0]


def measure(name, seconds, folder):
    rate, driver, in_flight, _ = points[name]
    scenario = {
        "name": "pacing",
        "groups": [{"workload": "s3", "tasks": ["get"],
                    "data": {"prefix": "p/", "objects": 100, "size": 1024},
                    "load": {"open": {"rate": rate, "max_in_flight": in_flight,
                                      "queue_limit": 10_000}}}],
        "phases": {"warmup": 2, "measure": seconds, "drain": 20},
        "timeouts": {"connect": 30, "operation": 60},
        "seed": 1}
    (folder / "s.yaml").write_text(json.dumps(scenario))
    before = load_of_machine()
    done = subprocess.run(
        [lab.binary, "run", "-f", folder / "s.yaml", *driver, "--cores", "1", "--idle", "spin",
         "--quiet", "--output", folder / "r.json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 + 3 * seconds,
        check=False)
    # 3: the generator was the limit. It is what is looked at; the figures tell.
    if done.returncode not in (0, 3):
        raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = json.loads((folder / "r.json").read_text())
    load, total = result["load"], result["total"]
    gaps = result["groups"]["s3"]["pacing"]
    return {"rate_per_s": rate, "machine_load": round(before, 2),
            "send_lag_p50_us": total["send_lag"]["p50_ns"] / 1e3,
            "send_lag_p99_us": total["send_lag"]["p99_ns"] / 1e3,
            "intended": load["intended"],
            "achieved_share": load["issued"] / max(load["intended"], 1),
            "shed": load["shed"], "backlog_at_end": load["backlog_at_end"],
            "intended_to_asked": load["intended"] / (rate * result["run"]["duration_s"]),
            "mean_gap": gaps["planned_gaps"]["mean"],
            "planned_p_value": gaps["planned_gaps"]["p_value"],
            "issued_distance": gaps["issued_gaps"]["distance"],
            "core_busy_share": result["generator"]["cores"][0]["busy_share"],
            "exit_status": done.returncode}


def measure_fio(rate, seconds, folder):
    """fio's rate over the rate it was asked for, with Poisson arrivals."""
    before = load_of_machine()
    out = folder / "fio.json"
    done = subprocess.run(
        ["fio", "--name=pacing", "--ioengine=null", "--size=1G", "--bs=4k", "--rw=read",
         "--time_based", f"--runtime={seconds}", f"--rate_iops={rate}", "--rate_process=poisson",
         "--thread", "--output-format=json", f"--output={out}"], cwd=folder,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 + 3 * seconds,
        check=False)
    if done.returncode != 0:
        raise SystemExit(f"fio ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    text = out.read_text()
    read = json.loads(text[text.index("{"):])["jobs"][0]["read"]
    issued = read["total_ios"] / (read["runtime"] / 1e3)
    return {"rate_per_s": rate, "machine_load": round(before, 2), "achieved_per_s": issued,
            "rate_error": issued / rate - 1}


def told(name, one):
    p50, p99 = points[name][3]
    kept = (p50 is None or one["send_lag_p50_us"] <= p50) and one["send_lag_p99_us"] <= p99
    exact = abs(one["achieved_share"] - 1) <= target_share
    # The count of arrivals strays by the root of their number, whoever counts.
    strays = 3 / max(one["intended"], 1) ** 0.5
    mean = abs(one["mean_gap"] - 1) <= max(target_share, strays)
    return (f"{name}: send lag p50 {one['send_lag_p50_us']:.1f} us, p99 "
            f"{one['send_lag_p99_us']:.1f} us (targets {p50 or '-'} and {p99}: "
            f"{'met' if kept else 'missed'}); achieved {100 * one['achieved_share']:.3f} % of "
            f"intended ({'met' if exact else 'missed'}), {one['shed']} shed, "
            f"{one['backlog_at_end']} left; mean gap {one['mean_gap']:.5f} "
            f"({'met' if mean else 'missed'}); core {100 * one['core_busy_share']:.0f} % busy; "
            f"machine's load {one['machine_load']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--fio-seconds", type=int, default=10)
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.seconds, options.fio_seconds = 1, 1
    lab.need(lab.binary)
    figures = {"points": {}, "fio": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in points:
            figures["points"][name] = measure(name, options.seconds, folder)
            print(told(name, figures["points"][name]), flush=True)
        if shutil.which("fio") is None:
            print("fio is not here: left out")
        else:
            for rate in fio_rates:
                one = measure_fio(rate, options.fio_seconds, folder)
                figures["fio"].append(one)
                print(f"fio asked for {rate}: {one['achieved_per_s']:.0f}/s, "
                      f"{100 * one['rate_error']:+.2f} %; machine's load {one['machine_load']}",
                      flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
