#!/usr/bin/env python3
"""What does each S3 operation cost the client, beside a plain get? And an object in parts, beside
the same object with one put?

The embedded endpoint runs in a process of its own on one CPU and keeps sizes only; the client's
core is another. Figures are CPU time of that core in the measure phase, over what it did, as
ratios within one round: each operation is run right behind the one that it is held against, and
the ratio is the median over the rounds, with half of their range. Objects are of 4 KiB, lists of
100 keys a page; those in parts of 1 GiB, in parts of 8 MiB, one at a time. Not measured: the
server, latency, more than one core.
"""

import argparse
import json
import pathlib
import tempfile

import lab
from drivers_bench import endpoint

small_bytes, part_bytes, whole_bytes = 4 << 10, 8 << 20, 1 << 30

# Each beside a get.
reading = ["get", {"op": "get", "range": "1KiB"}, {"op": "get", "conditional": True},
           "presigned_get", "get_unmodified", "get_unmatched", "head", "head_unmodified",
           {"op": "list", "max_keys": 100}, {"op": "list_v1", "max_keys": 100},
           {"op": "list_versions", "max_keys": 100}, "get_tagging", "get_acl", "get_attributes",
           "list_buckets", "head_bucket", "get_bucket_location", "get_bucket_acl",
           "get_bucket_versioning"]
changing = [{"op": "put", "overwrite": True}, {"op": "put", "conditional": True},
            {"op": "put", "overwrite": True, "metadata": 100},
            {"op": "put", "overwrite": True, "tags": 3}, "presigned_put",
            {"op": "form_put", "overwrite": True}, "put_existing", "copy",
            "put_tagging", "delete_tagging", "put_acl", "delete_unmatched"]
removals = {"delete": "delete",
            "multi_delete of 100, per object": {"op": "multi_delete", "batch": 100}}


def name_of(task):
    if isinstance(task, str):
        return task
    more = [f"{key}={value}" for key, value in task.items() if key not in ("op", "max_keys")]
    return " ".join([task["op"], *more])


def run(server, folder, tasks, seconds, size=small_bytes, objects=1000, users=16, operations=0):
    (folder / "s.yaml").write_text(json.dumps({
        "name": "operations",
        "groups": [{"workload": "s3", "tasks": tasks, "load": {"closed": {"users": users}},
                    "data": {"prefix": "o/", "size": size, "objects": objects}}],
        "phases": {"prepare": {"concurrency": 16},
                   "warmup": 0 if operations or not objects else seconds / 4,
                   "measure": seconds, "drain": 60},
        **({"stop": {"operations": operations}} if operations else {}),
        "timeouts": {"connect": 60, "operation": 120},
        "limits": {"outage": "100%"}, "seed": 1}))
    # 3: the generator was the limit, which is what a race on one core is about.
    said, _, _ = lab.run_client(
        [lab.binary, "run", "-f", folder / "s.yaml", *server.arguments(), "--cores", "1", "--quiet",
         "--output", folder / "r.json"], folder, accepted=(0, 3))
    result = json.loads((folder / "r.json").read_text())
    if result["total"]["failed"] or not result["total"]["ok"]:
        raise SystemExit(f"{tasks} met errors:\n" + said + json.dumps(
            [one["errors"] for one in result["operations"].values()])[:2000])
    return result


def cpu_s(result):
    return result["generator"]["cores"][0]["cpu_share"] * result["run"]["duration_s"]


def us_each(result):
    return cpu_s(result) / result["total"]["ok"] * 1e6


def us_of_removal(server, folder, task, objects):
    """Of one object, of so many that prepare had made."""
    batch = task.get("batch", 1) if isinstance(task, dict) else 1
    result = run(server, folder, [task], 60, objects=objects,
                 operations=objects * 9 // 10 // batch)
    return us_each(result) / batch


class table:
    def __init__(self, unit):
        self.rows = []
        print(f"{'':<36}{unit:>10}{'beside':>10}{'ratio':>9}{'+-':>7}", flush=True)

    def add(self, name, values, beside):
        ratios = [a / b for a, b in zip(values, beside)]
        row = {"name": name, "value": lab.median(values), "beside": lab.median(beside),
               "ratio": lab.median(ratios), "error": (max(ratios) - min(ratios)) / 2}
        self.rows.append(row)
        print(f"{name:<36}{row['value']:>10.2f}{row['beside']:>10.2f}{row['ratio']:>9.2f}"
              f"{row['error']:>7.2f}", flush=True)


def small(server, folder, options):
    out = table("us")
    for task in reading + changing:
        if options.only not in name_of(task):
            continue
        values, beside = [], []
        for _ in range(options.rounds):
            beside.append(us_each(run(server, folder, ["get"], options.seconds)))
            values.append(us_each(run(server, folder, [task], options.seconds)))
        out.add(name_of(task), values, beside)
    for name, task in removals.items():
        if options.only not in name:
            continue
        values, beside = [], []
        for _ in range(options.rounds):
            beside.append(us_each(run(server, folder, ["get"], options.seconds)))
            values.append(us_of_removal(server, folder, task, options.removed))
        out.add(name, values, beside)
    return out.rows


def large(server, folder, options):
    whole = options.whole_mib << 20
    out = table("ms/GB")

    def ms_per_gb(first):
        # Long enough for a few: it ends with the object in hand.
        result = run(server, folder, [{"name": "one", "steps": [first, "delete"]}],
                     options.large_seconds, whole, objects=0, users=1)
        size = sum(one["bytes"] for key, one in result["operations"].items()
                   if key in ("s3/put", "s3/multipart_put"))
        return cpu_s(result) / (size / 1e9) * 1e3

    parts = {"op": "multipart_put", "part_size": part_bytes, "concurrency": 1}
    values, beside = [], []
    for _ in range(options.rounds):
        beside.append(ms_per_gb("put"))
        values.append(ms_per_gb(parts))
    out.add(f"put of {options.whole_mib} MiB in 8 MiB parts", values, beside)
    return out.rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--removed", type=int, default=50_000, help="objects that are made to be "
                        "removed")
    parser.add_argument("--large-seconds", type=float, default=4)
    parser.add_argument("--whole-mib", type=int, default=whole_bytes >> 20)
    parser.add_argument("--only", metavar="WORDS", default="", help="operations whose names have "
                        "these; `parts` alone: the object in parts")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.seconds, options.large_seconds = 1, 0.2, 0.4
        options.whole_mib, options.only = 32, options.only or "delete"
        options.removed = 2000
    lab.need("taskset")
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        with endpoint(folder, False) as server:
            if options.only != "parts":
                figures["operations"] = small(server, folder, options)
            figures["parts"] = large(server, folder, options)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
