#!/usr/bin/env python3
"""What does a signed S3 request cost the client, beside wrk's unsigned one?

wrk and chopsticks take turns (A B A B ...) against one nginx, each on the same CPU, the server on
another. Figures are CPU time of the whole client process, start and end included, over the requests
or bytes it moved; medians over the rounds. Not measured: the server, latency, more than one core.
"""

import argparse
import json
import pathlib
import tempfile

import lab


class figure:
    """One line of the table: chopsticks' cost, wrk's if it takes part, and the target."""

    def __init__(self, name, unit, cost, target, relative):
        self.name, self.unit, self.cost = name, unit, cost
        self.target, self.relative = target, relative
        self.mine, self.wrk, self.mine_rate, self.wrk_rate = [], [], [], []

    def add(self, mine, wrk, seconds):
        self.mine.append(self.cost(mine))
        self.mine_rate.append(mine.requests / seconds)
        if wrk is not None:
            self.wrk.append(self.cost(wrk))
            self.wrk_rate.append(wrk.requests / seconds)

    def summary(self):
        mine = lab.median(self.mine)
        wrk = lab.median(self.wrk) if self.wrk else None
        compared = mine / wrk if self.relative else mine
        return {"name": self.name, "unit": self.unit, "chopsticks": mine, "wrk": wrk,
                "ratio": mine / wrk if wrk else None, "target": self.target,
                "target_is_ratio": self.relative, "met": compared <= self.target,
                "spread_chopsticks": lab.spread(self.mine),
                "spread_wrk": lab.spread(self.wrk) if self.wrk else None,
                "chopsticks_per_s": lab.median(self.mine_rate),
                "wrk_per_s": lab.median(self.wrk_rate) if self.wrk else None}


def show(rows):
    def number(value, form):
        return "-" if value is None else format(value, form)

    print(f"\n{'client CPU':<26}{'unit':>8}{'chopsticks':>12}{'wrk':>10}{'ratio':>8}"
          f"{'target':>9}{'met':>5}{'+-':>6}  per s")
    for row in rows:
        target = ("x" if row["target_is_ratio"] else "") + format(row["target"], ".2f")
        print(f"{row['name']:<26}{row['unit']:>8}{row['chopsticks']:>12.3f}"
              f"{number(row['wrk'], '10.3f'):>10}{number(row['ratio'], '8.2f'):>8}{target:>9}"
              f"{'yes' if row['met'] else 'no':>5}{row['spread_chopsticks']:>6.1%}"
              f"  {row['chopsticks_per_s']:,.0f} vs {number(row['wrk_per_s'], ',.0f')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of one client run")
    parser.add_argument("--tiny", action="store_true", help="once and short: does it still work?")
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    parser.add_argument("--only", metavar="NAME", help="figures whose name has this in it")
    options = parser.parse_args()
    if options.tiny:
        options.rounds, options.seconds = 1, 1
    lab.need("wrk", "taskset", lab.nginx)
    if len(lab.cpus) < 2:
        print("only one CPU: client and server share it, the ratios say little")

    per_request = (lambda u: u.us_per_request)
    per_gb = (lambda u: u.s_per_gb)
    # (figure, nginx port, operation, body, connections, does wrk take part, objects)
    plan = [
        (figure("get 1 KiB, 64 conns", "us/req", per_request, 1.15, True),
         "small", "get", lab.small_bytes, 64, True, 1000),
        (figure("get 1 KiB, 1000 conns", "us/req", per_request, 1.25, True),
         "small", "get", lab.small_bytes, 100 if options.tiny else 1000, True, 1000),
        (figure("get 64 MiB, 8 conns", "s/GB", per_gb, 0.5, True),
         "large", "get", lab.large_bytes, 8, True, 1000),
        (figure("put 64 MiB, 4 conns", "s/GB", per_gb, 0.25, False),
         "put", "put", lab.large_bytes, 4, False, 8),
    ]
    if options.only:
        plan = [line for line in plan if options.only in line[0].name]
    with lab.server() as server, tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for number in range(options.rounds):
            for line, port, op, size, connections, with_wrk, objects in plan:
                url = server.url(port)
                wrk = (lab.run_wrk(url, connections, options.seconds, folder)
                       if with_wrk else None)
                mine = lab.run_chopsticks(url, op, size, connections, options.seconds, folder,
                                          objects)
                line.add(mine, wrk, options.seconds)
            print(f"round {number + 1} of {options.rounds} done", flush=True)
    rows = [line[0].summary() for line in plan]
    show(rows)
    if options.tiny:
        print("\n--tiny: it works; one second says nothing about cost")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"figures": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
