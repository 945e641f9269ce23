#!/usr/bin/env python3
"""Does a change cost anything? Two binaries of chopsticks side by side, before and after it.

What is counted does not hang on the mood of the machine: instructions of an operation (callgrind)
and its system calls (strace), each as the difference between two runs of fixed length, over what
one has more; starting, preparing and ending are in neither. What is measured is the CPU time
of the client's core per operation or GB, both binaries in turn (A B B A ...): the ratio is the
median over the pairs, with half of the pairs' range. The server is the embedded endpoint of the
first binary, on a CPU of its own; the dummy drivers need none. Not measured: the server, latency,
more than one core.
"""

import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import lab
from drivers_bench import endpoint, small_bytes

large_bytes = 8 << 20

mixed = [{"op": "get", "weight": 70}, {"op": "put", "weight": 15}, {"op": "delete", "weight": 15}]
blocks = [{"op": "read", "weight": 70}, {"op": "write", "weight": 30}]


def dummy(workload, tasks, **more):
    return {"workload": workload, "tasks": tasks, "users": 64, "tls": None, **more}


def over_http(op, size, users, tls=False):
    task = {"op": op, **({"overwrite": True} if op == "put" else {})}
    return {"workload": "s3", "tasks": [task], "users": users, "tls": tls, "size": size}


# Name, and whether its instructions and calls are counted as well.
cases = {
    "engine, objects": (dummy("s3", mixed, size=4096, objects=100_000), True),
    "engine, blocks": (dummy("rbd", blocks), True),
    "get 4 KiB, 1 conn.": (over_http("get", small_bytes, 1), True),
    "put 4 KiB, 1 conn.": (over_http("put", small_bytes, 1), True),
    "get 4 KiB, 64 conn.": (over_http("get", small_bytes, 64), False),
    "put 4 KiB, 64 conn.": (over_http("put", small_bytes, 64), False),
    "get 4 KiB, 64 conn., TLS": (over_http("get", small_bytes, 64, True), False),
    "get 8 MiB, 4 conn.": (over_http("get", large_bytes, 4), False),
    "put 8 MiB, 4 conn.": (over_http("put", large_bytes, 4), False),
    "get 8 MiB, 4 conn., TLS": (over_http("get", large_bytes, 4, True), False),
    "put 8 MiB, 4 conn., TLS": (over_http("put", large_bytes, 4, True), False),
}


def command(binary, case, server, folder, measure, operations=0):
    large = case.get("size") == large_bytes
    data = {"prefix": "b/", "objects": case.get("objects", 32 if large else 1000),
            "size": case.get("size", 0)}
    group = {"workload": case["workload"], "tasks": case["tasks"],
             "load": {"closed": {"users": case["users"]}}}
    if case["workload"] == "s3":
        group["data"] = data
    (folder / "s.yaml").write_text(json.dumps({
        "name": "binaries", "groups": [group],
        "phases": {"prepare": server is not None, "warmup": 0 if operations else measure / 4,
                   "measure": measure, "drain": 60, "cleanup": server is not None},
        **({"stop": {"operations": operations}} if operations else {}),
        "timeouts": {"connect": 60, "operation": 120}, "seed": 1}))
    target = server.arguments() if server else ["--set", "workload.driver=dummy"]
    return [binary, "run", "-f", folder / "s.yaml", *target, "--cores", "1", "--quiet",
            "--output", folder / "r.json",
            # A core that spins between two answers counts as long as the server takes.
            *(["--idle", "sleep"] if operations else [])]


def result_of(folder, said):
    result = json.loads((folder / "r.json").read_text())
    if result["total"]["failed"] or not result["total"]["ok"]:
        raise SystemExit("it met errors:\n" + said + json.dumps(
            [one["errors"] for one in result["operations"].values()])[:2000])
    return result


# 3: the generator was the limit, which is what a race on one core is about.
statuses = (0, 3)


def cpu(binary, case, server, seconds, folder):
    """us per operation, or ms per GB where they are large."""
    said, _, _ = lab.run_client(command(binary, case, server, folder, seconds), folder, statuses)
    result = result_of(folder, said)
    took_s = result["generator"]["cores"][0]["cpu_share"] * result["run"]["duration_s"]
    if case.get("size") != large_bytes:
        return took_s / result["total"]["ok"] * 1e6
    return took_s / (result["total"]["bytes"] / 1e9) * 1e3


def instructions(run, folder):
    """Of the core's thread, which of all but the main one has most to do."""
    for old in folder.glob("counts*"):
        old.unlink()
    lab.run_client(["valgrind", "--tool=callgrind", "--separate-threads=yes",
                    f"--callgrind-out-file={folder}/counts", *run], folder, statuses)
    totals = {}
    for path in folder.glob("counts-*"):
        text = path.read_text()
        thread = int(re.search(r"^thread: (\d+)$", text, re.M).group(1))
        totals[thread] = int(re.search(r"^totals: (\d+)", text, re.M).group(1))
    return max(total for thread, total in totals.items() if thread != 1)


def calls(run, folder):
    """System calls of all threads, but for those that time out: a wait of a thread that only waits
    hangs on how long it runs."""
    lab.run_client(["strace", "-f", "-c", "-o", folder / "calls.txt", "-e",
                    "trace=!futex,clock_nanosleep,restart_syscall,ppoll,poll", *run],
                   folder, statuses)
    total = re.search(r"^\s*100\.00.*?(\d+)\s+(?:\d+\s+)?total$",
                      (folder / "calls.txt").read_text(), re.M)
    return int(total.group(1))


def per_operation(count, binary, case, server, folder, operations):
    """What `count` says of one operation more."""
    found = []
    for number in (operations, 3 * operations):
        # Long enough for either to be over before it ends.
        found.append(count(command(binary, case, server, folder, 600, number), folder))
    return (found[1] - found[0]) / (2 * operations)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", nargs="?", type=pathlib.Path, default=lab.binary)
    parser.add_argument("after", nargs="?", type=pathlib.Path, default=lab.binary)
    parser.add_argument("--only", metavar="WORDS", default="", help="cases whose names have these")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--operations", type=int, default=20_000, help="that are counted at least")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.pairs, options.seconds, options.operations = 1, 0.4, 200
        options.only = options.only or "put 4 KiB, 1 conn."
    lab.need("openssl", "taskset", "valgrind", "strace")
    both = {"before": options.before.resolve(), "after": options.after.resolve()}
    lab.binary = both["before"]  # serves
    figures = []
    print(f"{'':<36}{'before':>12}{'after':>12}{'after/before':>14}{'+-':>7}")

    def show(title, values, ratio, error=None):
        figures.append({"name": title, **values, "ratio": ratio, "error": error})
        print(f"{title:<36}{values['before']:>12.2f}{values['after']:>12.2f}{ratio:>14.3f}"
              + (f"{error:>7.1%}" if error is not None else ""), flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name, (case, counted) in cases.items():
            if options.only not in name:
                continue

            def rows(server):
                for what, count in (("instructions", instructions), ("system calls", calls)):
                    if not counted:
                        break
                    values = {which: per_operation(count, binary, case, server, folder,
                                                   options.operations)
                              for which, binary in both.items()}
                    if values["before"] >= 0.001:
                        show(f"{name}, {what}", values, values["after"] / values["before"])
                taken = {which: [] for which in both}
                for pair in range(options.pairs):
                    for which in sorted(both, reverse=pair % 2 == 0):
                        taken[which].append(cpu(both[which], case, server, options.seconds,
                                                folder))
                ratios = [a / b for a, b in zip(taken["after"], taken["before"])]
                unit = "ms/GB" if case.get("size") == large_bytes else "us"
                show(f"{name}, {unit}", {k: lab.median(v) for k, v in taken.items()},
                     lab.median(ratios), (max(ratios) - min(ratios)) / 2)

            if case["tls"] is None:
                rows(None)
            else:
                with endpoint(folder, case["tls"]) as server:
                    rows(server)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
