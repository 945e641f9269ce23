#!/usr/bin/env python3
"""What does the engine itself cost: users, task choice, objects or blocks, recording, intervals?

chopsticks runs against its `dummy` driver, which answers at once, with one core and with two in
turn. Two figures scale: operations per second, which other programs on the machine take from, and
operations per second of CPU time of the cores, which they hardly do. Not measured: any I/O.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import lab

target_per_core = 2e6
target_scaling = 1.9


groups = {
    "s3": {"workload": "s3", "data": {"prefix": "c/", "objects": 100000, "size": 4096},
           "tasks": [{"op": "get", "weight": 70}, {"op": "put", "weight": 15},
                     {"op": "delete", "weight": 15}]},
    "rbd": {"workload": "rbd",
            "tasks": [{"op": "read", "weight": 70}, {"op": "write", "weight": 30}]},
}


def measure(workload, cores, seconds, folder):
    scenario = {
        "name": "engine",
        "groups": [{**groups[workload], "load": {"closed": {"users": 64}}}],
        "phases": {"prepare": False, "warmup": 1, "measure": seconds, "cleanup": False},
        "seed": 1}
    (folder / "s.yaml").write_text(json.dumps(scenario))
    done = subprocess.run(
        [lab.binary, "run", "-f", folder / "s.yaml", "--set", "workload.driver=dummy",
         "--cores", str(cores), "--quiet", "--output", folder / "r.json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    # 3: the generator was the limit; here it is nothing else.
    if done.returncode not in (0, 3):
        raise SystemExit(f"ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = json.loads((folder / "r.json").read_text())
    rate = result["total"]["rate_per_s"]
    cpu_share = sum(one["cpu_share"] for one in result["generator"]["cores"])
    return rate, rate / cpu_share


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=sorted(groups), default="s3")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.seconds = 1, 1
    lab.need(lab.binary)
    rate, per_cpu = {1: [], 2: []}, {1: [], 2: []}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            for cores in (1, 2):
                one, busy = measure(options.workload, cores, options.seconds, pathlib.Path(scratch))
                rate[cores].append(one)
                per_cpu[cores].append(busy)
            print(f"round {number + 1}: {rate[1][-1] / 1e6:.2f} M/s on one core, "
                  f"{rate[2][-1] / 1e6:.2f} M/s on two", flush=True)
    figures = {"per_s_one_core": lab.median(rate[1]), "per_s_two_cores": lab.median(rate[2]),
               "scaling": lab.median([b / a for a, b in zip(rate[1], rate[2])]),
               "scaling_of_cpu_time": 2 * lab.median([b / a for a, b in
                                                      zip(per_cpu[1], per_cpu[2])]),
               "cpu_ns_per_operation": 1e9 / lab.median(per_cpu[1])}
    print(f"\none core {figures['per_s_one_core'] / 1e6:.2f} M/s (target "
          f"{target_per_core / 1e6:.0f}), {figures['cpu_ns_per_operation']:.0f} ns of CPU per "
          f"operation\ntwo cores {figures['scaling']:.2f} times one (target {target_scaling}); by "
          f"CPU time {figures['scaling_of_cpu_time']:.2f} times")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
