#!/usr/bin/env python3
"""What the drivers of S3 cost, other people's programs among them: gets per second of CPU time,
that of the client and of all programs that do its operations, each driver in turn against the
embedded endpoint.

CPU is that of the load alone, as the results have it: the process (`generator.cpu_seconds`) and its
programs (the figure `program_cpu`). Drivers whose program is not here are left out, and said so.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import pathlib
import subprocess

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/support"))
import harness

scenario = """
name: programs
groups:
  - workload: s3
    data: {{prefix: bench/, objects: 4, size: {size}}}
    tasks: [get]
    load: {{closed: {{users: 2}}}}
phases: {{warmup: 0s, measure: {seconds}s, drain: 30s}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
"""

# Name: the workload config, and the program that has to be there.
drivers = {
    "native": ("driver: native", None),
    "beast": ("driver: beast", None),
    "curl": ("driver: curl", None),
    "process/boto3": ("driver: boto3", None),
    "exec/s5cmd": ("driver: s5cmd", "s5cmd"),
    "exec/rclone": ("driver: exec\ndriver_options: {tool: rclone}", "rclone"),
    "exec/s3cmd": ("driver: exec\ndriver_options: {tool: s3cmd}", "s3cmd"),
    "exec/aws": ("driver: exec\ndriver_options: {tool: aws}", "aws"),
}


def measure(endpoint, folder, config, size, seconds):
    """Gets per CPU second, and of that CPU time the share of the programs."""
    plan, target, output = (folder / name for name in ("s.yaml", "w.yaml", "r.json"))
    plan.write_text(scenario.format(size=size, seconds=seconds))
    target.write_text(config + "\n")
    done = subprocess.run(
        [harness.binary, "run", "-f", plan, "--workload-config", target, *endpoint.target(),
         "--cores", "1", "--idle", "sleep", "--output", output],
        env={**os.environ, **endpoint.credentials}, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{config}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    result = harness.read_result(output)
    gets = result["operations"]["s3/get"]["ok"]
    figures = result["driver_figures"].get("s3", {})
    programs = figures["program_cpu"]["load"]["count"] / 1e6 if "program_cpu" in figures else 0.0
    own = sum(result["generator"]["cpu_seconds"].values())
    return gets / (own + programs), programs / (own + programs), 1000 * (own + programs) / gets


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="only shows that it works")
    options = parser.parse_args()
    if options.tiny:
        options.seconds, options.rounds = 1, 1
    here = {name: config for name, (config, program) in drivers.items()
            if program is None or shutil.which(program)}
    if options.tiny:
        here = {name: here[name] for name in ("native", "curl", "exec/rclone") if name in here}
    for name in sorted(set(drivers) - set(here)) if not options.tiny else ():
        print(f"left out, its program is not here: {name}")
    print("| driver | 4 KiB: gets per CPU second | CPU ms per get | of the programs "
          "| 16 MiB: gets per CPU second | CPU ms per get | of the programs |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, harness.endpoint() as endpoint:
        found = {}
        for _ in range(options.rounds):
            for size in ("4KiB", "16MiB"):
                for name, config in here.items():
                    found.setdefault((name, size), []).append(
                        measure(endpoint, pathlib.Path(folder), config, size, options.seconds))
        for name in here:
            cells = []
            for size in ("4KiB", "16MiB"):
                rate, share, each = (statistics.median(one) for one in zip(*found[name, size]))
                cells.append(f"{rate:.3g} | {each:.3g} | {share:.0%}")
            print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
