#!/usr/bin/env python3
"""Data of block devices from one run to the next, on a real cluster: what another client zeroes,
rolls back or restores is found, all of it and nothing else; a killed run's data is verified; ends
name what is left.
"""

import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import rados
import rbd
from rbd_case import mix, rbd_case

sequential = "[{op: read, block: 1MiB, pattern: sequential}]"
writes = "[{op: write, block: 16KiB}]"


class lost_data_test(rbd_case):
    def setUp(self):
        super().setUp()
        self.client = rados.Rados(conffile=str(self.conf))
        self.client.connect()
        self.addCleanup(self.client.shutdown)
        self.pool = self.client.open_ioctx("rbd")
        self.addCleanup(self.pool.close)

    def kept(self, **keys):
        return self.config(prefix="kept-", keep=True, **keys)

    def forget(self):
        with rbd.Image(self.pool, "kept-0") as image:
            for snapshot in list(image.list_snaps()):
                image.remove_snap(snapshot["name"])
        rbd.RBD().remove(self.pool, "kept-0")

    def wrong(self, *codes):
        """Offsets that a run which reads everything calls wrong."""
        self.run_it(self.kept(), *codes, tasks=sequential, measure="4s")
        result = harness.read_result(self.output)
        self.assertEqual(harness.schema_errors(result), [])
        wrong = result["data"]["wrong"]
        self.assertGreaterEqual(wrong["checked"], 4096)
        self.assertEqual(len(wrong["examples"]), min(wrong["places"], 32))
        return sorted(int(one.split("offset ")[1].split(":")[0]) for one in wrong["examples"])

    def test_zeroed_rolled_back_and_restored(self):
        for _ in range(2):
            self.run_it(self.kept())
        self.addCleanup(self.forget)
        self.assertEqual(self.wrong(), [])
        places = [0, 40960, 8 << 20]
        with rbd.Image(self.pool, "kept-0") as image:
            image.create_snap("s")
            before = image.read(0, image.size())
            for place in places:
                image.write(bytes(4096), place)
        self.assertEqual(self.wrong(harness.errors_or_slo), places)
        with rbd.Image(self.pool, "kept-0") as image:
            for place in places:
                image.write(before[place:place + 4096], place)
        self.assertEqual(self.wrong(), [])

        # Some 100 blocks that the snapshot has as they were before.
        self.run_it(self.kept(), tasks="[{op: write, block: 4KiB}]",
                    measure="60s", stop="stop: {operations: 24}")
        with rbd.Image(self.pool, "kept-0") as image:
            after = image.read(0, image.size())
            image.rollback_to_snap("s")
        changed = [at for at in range(0, len(after), 4096)
                   if after[at:at + 4096] != before[at:at + 4096]]
        self.assertGreater(len(changed), 3)
        found = self.wrong(harness.errors_or_slo)
        self.assertLessEqual(set(found), set(changed))
        self.assertEqual(len(found), min(len(changed), 32))
        self.assertEqual(harness.read_result(self.output)["data"]["wrong"]["places"], len(changed))

    def test_killed_run_is_verified_by_the_next(self):
        self.run_it(self.kept())
        self.addCleanup(self.forget)
        process = self.start(*self.arguments(self.kept(), tasks=writes, measure="60s"))
        stream = self.dir / "r.jsonl"
        harness.wait_until("intervals", lambda: stream.exists() and
                           len(stream.read_text().splitlines()) > 4)
        process.kill()
        process.wait()
        done = self.run_it(self.kept(operation_timeout="30s"), tasks=mix)
        self.assertIn("was last written by a run that was killed", done.said)
        self.assertEqual(self.wrong(), [])
        # What it had acknowledged is expected: zeros are found.
        with rbd.Image(self.pool, "kept-0") as image:
            image.write(bytes(4096), 12288)
        self.assertEqual(self.wrong(harness.errors_or_slo), [12288])

    def test_run_that_only_writes_reads_it_back(self):
        self.run_it(self.config(), tasks=writes)
        wrong = harness.read_result(self.output)["data"]["wrong"]
        self.assertGreater(wrong["checked"], 0)
        self.assertEqual(wrong["places"], 0)

    def test_cleanup_removes_images_that_a_run_left_and_no_other(self):
        self.tool("rbd", "create", "--size", "8M", "foreign-0")
        self.addCleanup(self.tool, "rbd", "rm", "foreign-0")
        self.run_it(self.config(prefix="left-", count=2), cleanup="false", verify="false")
        self.run_it(self.config(prefix="kept-", keep=True), verify="false")
        self.addCleanup(self.tool, "rbd", "rm", "kept-0")
        run = harness.read_result(self.output)["run"]["id"]
        both = ["cleanup", "--workload-config", self.config()]
        # Another run's, none that are so old, and a dry run: nothing goes.
        before = sorted(self.images())
        self.assertEqual(before, ["foreign-0", "kept-0", "left-0", "left-1"])
        for more in (["--run", "19990101T000000Z-000000000000"], ["--older-than", "1d", "--yes"]):
            self.assert_code(self.run_binary(*both, *more), 0)
        kept = self.run_binary(*both, "--run", run, "--yes")
        self.assertIn("left alone", kept.said)
        dry = self.run_binary(*both, "--older-than", "1ms")
        self.assert_code(dry, harness.left_behind)
        self.assertIn("add --yes", dry.said)
        self.assertEqual(sorted(self.images()), before)
        done = self.run_binary(*both, "--older-than", "1ms", "--yes")
        self.assert_code(done, 0)
        self.assertEqual(sorted(self.images()), ["foreign-0", "kept-0"])

    def test_reads_of_what_was_never_written_are_warned_of(self):
        reads = "[{op: read, block: 4KiB}]"
        for name, features in (("theirs-0", "layering"),
                               ("theirs-1", "layering,exclusive-lock,object-map,fast-diff")):
            with self.subTest(features=features):
                self.tool("rbd", "create", "--size", "16M", "--image-feature", features, name)
                self.addCleanup(self.tool, "rbd", "rm", name)
                config = self.config(images=[name])
                for written, said in ((0, "nothing was ever written"),
                                      (4 << 20, "at most 4 MiB were ever written"), (16 << 20, "")):
                    with rbd.Image(self.pool, name) as image:
                        image.write(bytes([1]) * written, 0)
                    done = self.run_it(config, tasks=reads, verify="false")
                    result = harness.read_result(self.output)
                    self.assertEqual(harness.schema_errors(result), [])
                    self.assertEqual(result["groups"]["disks"]["images"],
                                     [{"name": f"rbd/{name}", "bytes": 16 << 20, "made": False,
                                       "written_bytes": written,
                                       "features": features.split(",")}])
                    warned = [one for one in result["run"]["warnings"] if "never written" in one]
                    self.assertEqual(len(warned), 1 if said else 0)
                    self.assertIn(said, " ".join(warned))
                    # The closing report has it as well.
                    self.assertEqual("never written" in " ".join(done.out.split()), bool(said))

    def test_copies_of_a_runs_images_are_their_makers(self):
        self.run_it(self.config(prefix="kept-", keep=True), tasks=writes)
        self.tool("rbd", "image-meta", "remove", "kept-0", "chopsticks.keep")
        self.tool("rbd", "cp", "kept-0", "precious-0")
        self.tool("rbd", "deep", "cp", "kept-0", "precious-1")
        self.tool("rbd", "snap", "create", "kept-0@theirs")
        self.tool("rbd", "clone", "--rbd-default-clone-format", "2", "kept-0@theirs", "precious-2")
        precious = [f"precious-{n}" for n in range(3)]
        for name in precious:
            self.addCleanup(self.tool, "rbd", "rm", name, check=False)
            self.assertIn(b"chopsticks.run",
                          self.tool("rbd", "image-meta", "ls", name).stdout)
        # A run would neither write them nor take their blocks for its own.
        self.refused(self.config(images=["precious-0"]), "copy or clone of an image of run",
                     tasks=writes)
        self.refused(self.config(prefix="precious-", count=2), "copy or clone")
        read = self.run_it(self.config(images=["precious-0"]), verify="false",
                           tasks="[{op: read, block: 4KiB}]")
        self.assertIn("read as it is", read.said)
        # A snapshot of others: the image stays, and that is no success.
        cleanup = ["cleanup", "--workload-config", self.config(), "--older-than", "1ms", "--yes"]
        stays = self.run_binary(*cleanup)
        self.assert_code(stays, harness.left_behind)
        self.assertIn("it has the snapshot theirs", stays.said)
        self.tool("rbd", "rm", "precious-2")
        self.tool("rbd", "snap", "rm", "kept-0@theirs")
        self.assert_code(self.run_binary(*cleanup), 0)
        self.assertEqual(sorted(self.images()), precious[:2])

    def test_cleanup_counts_an_image_that_a_client_has_open(self):
        process = self.start(*self.arguments(self.config(), measure="60s"))
        stream = self.dir / "r.jsonl"
        # Its second line is of an interval: the image is made, and open.
        harness.wait_until("a load",
                           lambda: stream.exists() and stream.read_text().count("\n") > 1)
        run = json.loads(stream.read_text().splitlines()[0])["run"]["id"]
        cleanup = ["cleanup", "--workload-config", self.config(), "--run", run]
        for more in ([], ["--yes"]):
            done = self.run_binary(*cleanup, *more)
            self.assert_code(done, harness.left_behind)
            self.assertIn("has it open", done.said)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(self.images(), [])

    def assert_tells_of(self, result, images):
        """That it names all of them, none besides that it calls certain, and not fewer."""
        told = result["data"]["left"]
        said = {name for one in told for name in one["name"].split(" or ")}
        certain = {one["name"] for one in told if one["exact"]}
        paths = {f"rbd/{name}" for name in images}
        self.assertLessEqual(paths, said)
        self.assertLessEqual(certain, paths)
        self.assertGreaterEqual(result["data"]["left_behind"], len(paths))
        self.assertEqual(result["data"]["left_behind"], sum(one["count"] for one in told))
        for one in told:
            for name in one["name"].split(" or "):
                self.assertIn(f"rbd rm {name}", one["remove_with"])
        if len(certain) == len(told):
            self.assertEqual(result["data"]["left_behind"], len(paths))

    def forget_all(self):
        """Also what a process that has ended still watches."""
        for name in self.images():
            status = self.tool("rbd", "status", name, check=False).stdout.decode()
            for line in status.splitlines():
                if "watcher=" in line:
                    self.tool("ceph", "osd", "blocklist", "add",
                              line.split("watcher=")[1].split()[0])
            self.tool("rbd", "rm", name, check=False)
        harness.wait_until("no image", lambda: not self.images() or self.forget_all())

    def test_interrupts_while_images_are_made_or_removed_claim_nothing_that_is_not_so(self):
        self.addCleanup(self.forget_all)
        for at in range(6):
            with self.subTest(at=at):
                # Two while they are made; then one, and the next while they are removed.
                made = at < 3
                (self.dir / "r.jsonl").unlink(missing_ok=True)
                process = self.start(*self.arguments(
                    self.config(count=30, prefix=f"mm{at}-", size="1MiB"), prefill="false",
                    verify="false", measure="60s"))
                if made:
                    harness.wait_until("images", lambda: len(self.images()) > 2 + 5 * at)
                else:
                    harness.wait_until("a load", lambda: len(self.images()) == 30 and
                                       (self.dir / "r.jsonl").exists())
                process.send_signal(signal.SIGINT)
                if made:
                    time.sleep(0.02)
                else:
                    harness.wait_until("a removal", lambda: len(self.images()) < 29 - at)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=30)
                self.assertEqual(process.returncode, harness.interrupted)
                self.assert_tells_of(harness.read_result(self.output), self.images())
                self.forget_all()

    def test_second_interrupt_names_every_image_that_is_left(self):
        process = self.start(*self.arguments(self.config(count=3), measure="60s", drain="60s"))
        harness.wait_until("images", lambda: len(self.images()) == 3)
        harness.wait_until("a load", lambda: (self.dir / "r.jsonl").exists())
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        said = harness.decode(out) + harness.decode(err)
        left = self.images()
        result = harness.read_result(self.output)
        for name in left:
            self.assertIn(f"rbd/{name}", said)
        self.assert_tells_of(result, left)

        def removed():
            for name in self.images():
                self.tool("rbd", "rm", name, check=False)
            return not self.images()
        harness.wait_until("the watch to expire", removed, timeout=60)


if __name__ == "__main__":
    harness.main()
