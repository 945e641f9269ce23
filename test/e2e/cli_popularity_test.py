#!/usr/bin/env python3
"""Laws of popularity over whole runs, by the operation log, on 1, 2 and 4 cores."""

import collections
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

objects = 200
# An open loop: every core is due as many choices as the others. On a busy machine one may get fewer
# of them done, which `even_cores` takes into account.
scenario = """
name: popular
groups:
  - workload: s3
    data: {{objects: 200, size: 1KiB, popularity: {popularity}}}
    tasks: {tasks}
    load: {{open: {{rate: 20000, arrivals: constant, max_in_flight: 512, queue_limit: 100000}}}}
phases: {{prepare: false, warmup: 0s, measure: 3s, drain: 60s, cleanup: false}}
limits: {{held_up: 100%, held_up_longest: 1h, outage: 100%}}
seed: 11
"""


def zipf(s):
    weights = [(rank + 1) ** -s for rank in range(objects)]
    return [w / sum(weights) for w in weights]


def hot_set(members, share):
    return [share / members] * members + [(1 - share) / (objects - members)] * (objects - members)


def even_cores(counts, cores):
    """(shares, number): the objects' shares as if every core had got as many choices done, and how
    many choices of all of them these are as exact as. An object's core is its number modulo the
    cores'."""
    done = [0] * cores
    for name, count in counts.items():
        done[name % cores] += count
    shares = {name: count / done[name % cores] / cores for name, count in counts.items()}
    return shares, cores ** 2 / sum(1 / one for one in done)


def distance(counts, law, number=None):
    """Kolmogorov's distance between the cumulated shares, the most chosen first, times the root of
    the number of choices. Sorting by what was seen adds a little."""
    all_of_them = sum(counts.values())
    seen = sorted(counts.values(), reverse=True) + [0] * (objects - len(counts))
    worst = apart = 0.0
    for count, share in zip(seen, law):
        apart += count / all_of_them - share
        worst = max(worst, abs(apart))
    return worst * math.sqrt(number or all_of_them)


class popularity_test(harness.case):
    def reads(self, popularity, tasks, cores):
        file = self.file("s.yaml", scenario.format(popularity=popularity, tasks=tasks))
        self.logs = getattr(self, "logs", 0) + 1
        log = self.dir / f"{self.logs}.log"
        done = self.run_binary("run", "-f", file, "--set", "workload.driver=dummy", "--cores",
                               cores, "--op-log", log, "--quiet", "--output",
                               self.dir / "r.json", timeout=200)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        result = harness.read_result(self.dir / "r.json")
        self.said = done.said + " ".join(result["run"]["notes"])
        told = self.run_binary("oplog", log, timeout=200)
        self.assert_code(told, harness.ran)
        counts = collections.Counter()
        for line in told.out.splitlines():
            one = json.loads(line)
            if one["operation"].endswith("/get"):
                counts[one["object"]] += 1
        self.assertGreater(sum(counts.values()), 5000)
        return counts

    def test_reads_alone(self):
        for popularity, law in (("{zipf: 0.99}", zipf(0.99)),
                                ("{hot_set: {fraction: 0.5%, share: 90%}}", hot_set(1, 0.9))):
            ranks = None
            for cores in (1, 2, 4):
                with self.subTest(popularity=popularity, cores=cores):
                    counts = self.reads(popularity, "[get]", cores)
                    self.assertLess(distance(counts, law), 4)
                    # The same objects are hot whatever the number of cores.
                    top = [name for name, _ in counts.most_common(1)]
                    ranks = ranks or top
                    self.assertEqual(top, ranks)

    def test_reads_and_rewrites(self):
        for cores in (1, 2, 4):
            with self.subTest(cores=cores):
                counts = self.reads("{zipf: 0.99}", "[{op: get, weight: 80}, "
                                    "{op: put, overwrite: true, weight: 20}]", cores)
                shares, number = even_cores(counts, cores)
                self.assertLess(distance(shares, zipf(0.99), number), 4)
                self.assertNotIn("law of popularity", self.said)

    def test_puts_and_deletes_hand_places_on(self):
        # With more cores their fewer objects come and go more often as a share, and hot places are
        # drawn anew in between: the unit tests have sets that keep their size.
        for cores in (1, 2):
            with self.subTest(cores=cores):
                counts = self.reads("{zipf: 0.99}", "[{op: get, weight: 80}, "
                                    "{op: put, weight: 10}, {op: delete, weight: 10}]", cores)
                # The set breathes by a few objects; a core has as many places as it had objects at
                # some time, or a sixteenth more. With the right number hot places stand out.
                places = []
                shares, _ = even_cores(counts, cores)
                for core in range(cores):
                    found = []
                    for each in range(objects // cores - 8, objects // cores * 5 // 4 + 8):
                        at = collections.Counter()
                        for name, count in shares.items():
                            if name % cores == core:
                                at[name // cores % each] += count
                        found.append((sum(n * n for n in at.values()), at))
                    places += max(found, key=lambda one: one[0])[1].values()
                share = sorted((n / sum(places) for n in places), reverse=True)
                self.assertGreater(share[0], 0.1, share[:5])
                self.assertLess(share[0], 0.25, share[:5])
                # Ten hot places have 48 % of the reads by the law.
                self.assertAlmostEqual(sum(share[:10]), sum(zipf(0.99)[:10]), delta=0.1)

    def test_a_law_that_cores_cannot_keep_is_told(self):
        self.reads("{hot_set: {fraction: 0.5%, share: 90%}}",
                   "[{op: get, weight: 80}, {op: put, overwrite: true, weight: 20}]", 2)
        self.assertIn("law of popularity does not hold", self.said)


if __name__ == "__main__":
    harness.main()
