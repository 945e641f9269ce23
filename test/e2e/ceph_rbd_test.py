#!/usr/bin/env python3
"""Against the block devices of a real cluster: the driver by itself, then the program as a user
runs it. Other clients agree about the data; every mistake costs one clear message; nothing is left
behind, neither by an interrupt nor by a kill.

Environment: RBD_DRIVER_TEST, the driver's own tests.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from rbd_case import rbd_case, reads

class driver_test(rbd_case):
    def test_driver_by_itself(self):
        done = self.tool(os.environ["RBD_DRIVER_TEST"], check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-6000:])

    def test_both_ways_of_completion_verify_and_leave_nothing(self):
        for way in ("callback", "eventfd"):
            with self.subTest(way):
                done = self.run_it(self.config(count=4, completion=way))
                result = harness.read_result(self.output)
                ok, failed, _ = harness.all_operations(result)
                self.assertGreater(ok, 0)
                self.assertEqual(failed, 0, done.said)
                self.assertEqual(harness.schema_errors(result), [])
                self.assertEqual(self.images(), [])

    def test_exported_image_holds_what_was_written(self):
        self.run_it(self.config(prefix="kept-", keep=True))
        self.addCleanup(self.tool, "rbd", "rm", "kept-0")
        raw = self.dir / "raw"
        self.tool("rbd", "export", "kept-0", raw)
        data = raw.read_bytes()
        self.assertEqual(len(data), 16 << 20)
        for at in range(0, len(data), 4096):
            block = data[at:at + 4096]
            self.assertEqual(block[:8], b"CHSPBLK1", at)
            self.assertEqual(int.from_bytes(block[16:24], "little"), at)
            crc = int.from_bytes(block[40:44], "little")
            if at % (64 << 12) == 0:
                self.assertEqual(crc32c(block[:40] + bytes(4) + block[44:]), crc, at)
        # The next run finds it filled and reads it.
        before = zlib.crc32(data)
        done = self.run_it(self.config(prefix="kept-", keep=True), tasks=reads)
        self.assertEqual(harness.all_operations(harness.read_result(self.output))[1], 0, done.said)
        self.tool("rbd", "export", "kept-0", self.dir / "again")
        self.assertEqual(zlib.crc32((self.dir / "again").read_bytes()), before)

    def test_imported_and_benched_images_are_read_and_kept(self):
        raw = self.dir / "raw"
        raw.write_bytes(os.urandom(8 << 20))
        self.tool("rbd", "import", raw, "theirs")
        self.addCleanup(self.tool, "rbd", "rm", "theirs")
        self.tool("rbd", "bench", "--io-type", "write", "--io-size", "64K", "--io-total", "2M",
                  "--io-pattern", "seq", "theirs")
        self.tool("rbd", "export", "theirs", self.dir / "before")
        self.run_it(self.config(images=["theirs"]), tasks=reads, verify="false")
        result = harness.read_result(self.output)
        self.assertGreater(result["operations"]["disks/read"]["ok"], 0)
        self.refused(self.config(images=["theirs"]), "overwrite_existing")
        self.tool("rbd", "export", "theirs", self.dir / "after")
        self.assertEqual((self.dir / "before").read_bytes(), (self.dir / "after").read_bytes())

    def test_runs_that_end_at_once_on_one_cpu_end_as_others_do(self):
        # Where core and librbd's threads take turns, whoever hands over late finds the other gone.
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        self.addCleanup(os.sched_setaffinity, 0, cpus)
        config = self.config(count=1, size="16MiB", keep=True)
        for _ in range(12):
            self.run_it(config, tasks=reads, verify="false", stop="stop: {operations: 1}")
        for name in self.images():
            self.tool("rbd", "rm", name)

    def test_snapshot_and_fresh_clones(self):
        self.run_it(self.config(prefix="base-", keep=True))
        self.tool("rbd", "snap", "create", "base-0@s")

        def forget():
            self.tool("rbd", "snap", "rm", "base-0@s")
            self.tool("rbd", "rm", "base-0")
        self.addCleanup(forget)
        self.run_it(self.config(images=["base-0"], source="snapshot", snapshot="s"), tasks=reads)
        self.run_it(self.config(prefix="c-", count=2, source="clone", parent="base-0",
                                snapshot="s"))
        self.run_it(self.config(prefix="d-", count=2, source="clone"))
        self.assertEqual(self.images(), ["base-0"])

    def test_encrypted_image(self):
        secret = self.file("pass", "correct horse")
        config = self.config(prefix="luks-", keep=True, encryption="luks1", size="32MiB",
                             passphrase_file=str(secret))
        self.run_it(config)
        self.addCleanup(self.tool, "rbd", "rm", "luks-0")
        self.run_it(config, tasks=reads)
        raw = self.dir / "raw"
        self.tool("rbd", "export", "luks-0", raw)
        self.assertEqual(raw.read_bytes()[:4], b"LUKS")
        self.assertNotIn(b"CHSPBLK1", raw.read_bytes())
        secret.write_text("wrong")
        done = self.refused(config, "passphrase")
        self.assertNotIn("correct horse", done.said)

    def test_recorded_blocks_are_replayed_on_an_image_of_half_the_size(self):
        log, again = self.dir / "a.oplog", self.dir / "b.oplog"
        done = self.run_binary(
            *self.arguments(self.config(count=2), verify="false",
                            tasks="[read, {op: write, block: 8KiB}, discard, write_zeroes, flush]"),
            "--op-log", log, timeout=60)
        self.assert_code(done, harness.ran, harness.generator_was_limit)
        replay = self.file("replay.yaml", json.dumps({
            "groups": [{"workload": "rbd", "name": "disks",
                        "load": {"replay": {"file": str(log), "speed": 0.5,
                                            "queue_limit": 1000000}}}],
            "phases": {"drain": "20s"}}))
        for way in ("callback", "eventfd"):
            with self.subTest(way):
                again.unlink(missing_ok=True)
                done = self.run_binary(
                    "run", "-f", replay, "--workload-config",
                    self.config(count=2, size="8MiB", completion=way), "--output", self.output,
                    "--op-log", again, timeout=60)
                self.assert_code(done, harness.ran, harness.generator_was_limit)
                result = harness.read_result(self.output)
                figures = result["groups"]["disks"]["replay"]
                ok, failed, _ = harness.all_operations(result)
                self.assertEqual(failed, 0, done.said)
                self.assertGreater(ok, 100)
                self.assertEqual(figures["operations"], result["load"]["intended"])
                self.assertGreater(figures["moved"], ok // 4)
                records = [json.loads(line) for line in
                           self.run_binary("oplog", again).out.splitlines()]
                self.assertEqual({one["operation"] for one in records},
                                 {"disks/" + name for name in ("read", "write", "discard",
                                                               "write_zeroes", "flush")})
                for one in records:
                    self.assertLessEqual(one["offset"] + one["length"], 8 << 20)
                self.assertEqual(self.images(), [])
        # What others have made is safe from it as from any load that writes.
        self.tool("rbd", "create", "--size", "16M", "theirs")
        self.addCleanup(self.tool, "rbd", "rm", "theirs")
        for keys, said in (({}, "overwrite_existing"), ({"read_only": True}, "read-only")):
            done = self.run_binary("run", "-f", replay, "--workload-config",
                                   self.config(images=["theirs"], **keys), "--output",
                                   self.output)
            self.assert_code(done, harness.errors_or_slo, harness.bad_usage)
            self.assert_one_clear_message(done, said)

    def test_bad_input_costs_one_message(self):
        self.refused(self.config(pool="nowhere"), "no pool \"nowhere\"")
        self.refused(self.config(create=False), "no image rbd/chopsticks-0")
        self.refused(self.config(size="16KiB"), "(?i)less than|at least|smaller|bytes",
                     tasks="[{op: write, block: 64KiB}]")
        self.refused(self.config(options={"rbd_nonsense": "1"}), "rbd_nonsense")
        self.refused(self.config(namespace="elsewhere"), "no namespace \"elsewhere\"")
        key = self.file("wrong", "[client.admin]\n"
                                 "\tkey = AQAAAAAAAAAAABAAqqqqqqqqqqqqqqqqqqqqqg==\n")
        self.refused(self.config(keyring=str(key)), "keyring")
        self.refused(self.config(conf_file=str(self.dir / "none.conf")), "conf")
        lonely = self.file("lonely.conf", f"[global]\nmon_host = v2:127.0.0.1:"
                           f"{harness.free_port()}\nkeyring = {self.cluster}/keyring\n")
        done = self.refused(self.config(conf_file=str(lonely), operation_timeout="3s"),
                            "no monitor answered")
        self.assertLess(done.seconds, 20)
        self.assertEqual(self.images(), [])

    def test_image_locked_by_a_living_client_is_refused(self):
        self.tool("rbd", "create", "--size", "16M", "locked")
        self.addCleanup(self.tool, "rbd", "rm", "locked")
        other = subprocess.Popen(
            ["rbd", "bench", "--io-type", "write", "--io-total", "100G", "locked"],
            env={**os.environ, "CEPH_CONF": str(self.conf)}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            harness.wait_until("a lock", lambda: b"auto" in self.tool(
                "rbd", "lock", "ls", "locked").stdout)
            config = self.config(images=["locked"], overwrite_existing=True,
                                 operation_timeout="2s")
            self.refused(config, "locked by client",
                         r"(?m)^open waits for the lock of rbd/locked, held by client\.\d+, "
                         r"at most \d+ s more")
        finally:
            other.send_signal(signal.SIGINT)
            other.wait(30)

    def test_interrupt_and_kill_leave_nothing_that_blocks(self):
        process = self.start(*self.arguments(self.config(), measure="60s"))
        harness.wait_until("images", lambda: self.images() == ["chopsticks-0"])
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertEqual(self.images(), [])

        process = self.start(*self.arguments(self.config(), measure="60s"))
        harness.wait_until("images", lambda: self.images() == ["chopsticks-0"])
        time.sleep(2)
        process.kill()
        process.wait()
        self.assertEqual(self.images(), ["chopsticks-0"])
        # Its lock is broken once the cluster misses it.
        done = self.run_it(self.config(operation_timeout="30s"))
        self.assertEqual(harness.all_operations(harness.read_result(self.output))[1], 0, done.said)
        self.tool("rbd", "rm", "chopsticks-0")


class fault_test(rbd_case):
    """On a store that keeps its data: a target that fills up, stands still, dies and comes back."""
    store = "bluestore"

    def quota(self, most, full):
        self.tool("ceph", "osd", "pool", "set-quota", "rbd", "max_bytes", most)
        harness.wait_until(f"full: {full}", lambda: full == (
            b"POOL_FULL" in self.tool("ceph", "health", "detail").stdout))

    def test_full_pool_is_told_and_does_not_hang(self):
        config = self.config(prefix="full-", keep=True, operation_timeout="2s")
        self.run_it(config)
        self.addCleanup(self.tool, "rbd", "rm", "full-0")
        self.quota(1, True)
        try:
            done = self.refused(config, "pool may be full", tasks="[{op: write, block: 4KiB}]")
        finally:
            self.quota(0, False)
        self.assertLess(done.seconds, 30)
        self.run_it(config)
        self.assertEqual(harness.all_operations(harness.read_result(self.output))[1], 0)

    def run_through(self, trouble, config, *codes, **how):
        """A run that meets trouble in its middle; its result, with what it printed on failure."""
        process = self.start(*self.arguments(config, outage="2%", **how))
        harness.wait_until("images", lambda: self.images() == ["chopsticks-0"])
        time.sleep(3)
        trouble()
        out, err = process.communicate(timeout=90)
        said = harness.decode(out) + harness.decode(err)
        self.assertIn(process.returncode, codes, said)
        self.assertEqual(self.images(), [])
        result = harness.read_result(self.output)
        load = result["load"]
        self.assertEqual(load["completed"] + load["cancelled"], load["issued"])
        ok_after = sum(harness.all_operations(one)[0] for one in result["intervals"][-2:])
        self.assertGreater(ok_after, 0, "it did not go on")
        return result

    def test_pool_that_fills_up_in_the_middle(self):
        def trouble():
            self.quota(1, True)
            try:
                time.sleep(4)
            finally:
                self.quota(0, False)
        result = self.run_through(trouble, self.config(operation_timeout="3s"),
                                  harness.errors_or_slo, measure="25s")
        self.assert_only_errors(result, "timeout", "io_error")
        errors = {name.split("/")[-1] for name, one in result["operations"].items()
                  if one["errors"]}
        self.assertEqual(errors, {"write"}, "reads need no room")

    def test_osd_that_dies_and_comes_back_loses_nothing(self):
        def trouble():
            self.ceph_script("kill-osd")
            time.sleep(4)
            self.ceph_script("start-osd")
        # What was confirmed before the crash is read and compared after it.
        result = self.run_through(trouble, self.config(operation_timeout="3s"),
                                  harness.errors_or_slo, measure="25s")
        self.assert_only_errors(result, "timeout")

    def assert_only_errors(self, result, *classes):
        found = {error["class"] for one in result["operations"].values()
                 for error in one["errors"]}
        self.assertTrue(found)
        self.assertLessEqual(found, set(classes))

    def osd_pid(self):
        return int(pathlib.Path(self.cluster, "run/osd.0.pid").read_text())

    def wake_osd(self):
        """Lets a stopped OSD go on. Its lease to answer reads has run out, and with nobody else to
        ask it need not notice: it peers anew, or what it held would wait for ever."""
        os.kill(self.osd_pid(), signal.SIGCONT)
        before = self.tool("ceph", "osd", "stat").stdout
        self.tool("ceph", "osd", "down", "0")
        harness.wait_until("the OSD", lambda: b"1 up" in (
            now := self.tool("ceph", "osd", "stat").stdout) and now != before, timeout=120)

    def test_osd_that_stands_still_costs_its_operations_only(self):
        def trouble():
            os.kill(self.osd_pid(), signal.SIGSTOP)
            try:
                time.sleep(5)
            finally:
                os.kill(self.osd_pid(), signal.SIGCONT)
        result = self.run_through(trouble, self.config(operation_timeout="3s"),
                                  harness.errors_or_slo, measure="12s")
        self.assert_only_errors(result, "timeout")

    def timed(self, *arguments):
        """A process, and a list that its lines come into, each with its time."""
        process = self.start(*arguments)
        lines = []

        def read(stream):
            for line in stream:
                lines.append((time.monotonic(), harness.decode(line).rstrip()))
        readers = [threading.Thread(target=read, args=(one,), daemon=True)
                   for one in (process.stdout, process.stderr)]
        for one in readers:
            one.start()
        return process, lines, readers

    def test_nothing_is_waited_for_behind_the_report(self):
        process, lines, readers = self.timed(*self.arguments(self.config(), measure="60s"))
        harness.wait_until("a load", lambda: any(" measure" in text for _, text in list(lines)))
        time.sleep(1)
        os.kill(self.osd_pid(), signal.SIGSTOP)
        try:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            process.wait(harness.hang_s)
            ended = time.monotonic()
        finally:
            self.wake_osd()
        for one in readers:
            one.join(10)
        self.assertEqual(process.returncode, harness.interrupted)
        self.assertLess(ended - max(at for at, _ in lines), 3)

        def removed():
            return subprocess.run(["timeout", "20", "rbd", "rm", "chopsticks-0"], check=False,
                                  capture_output=True, env={**os.environ, "CEPH_CONF":
                                                            str(self.conf)}).returncode == 0
        harness.wait_until("the watch to expire", removed, timeout=120)

    def test_interrupt_while_no_monitor_answers(self):
        monitor = int(pathlib.Path(self.cluster, "run/mon.a.pid").read_text())
        os.kill(monitor, signal.SIGSTOP)
        try:
            cleanup = ["cleanup", "--workload-config", self.config(), "--older-than", "1d"]
            for arguments in (cleanup, self.arguments(self.config())):
                with self.subTest(arguments[0]):
                    process, lines, readers = self.timed(*arguments)
                    harness.wait_until("a word", lambda: any(
                        re.search(r"waits for a monitor of the cluster.*at most|"
                                  r"open waits for a monitor", text)
                        for _, text in list(lines)))
                    begun = time.monotonic()
                    process.send_signal(signal.SIGINT)
                    process.wait(harness.hang_s)
                    took = time.monotonic() - begun
                    for one in readers:
                        one.join(10)
                    said = "\n".join(text for _, text in lines)
                    self.assertEqual(process.returncode, harness.interrupted, said)
                    self.assertLess(took, 5 if arguments is cleanup else 30)
        finally:
            os.kill(monitor, signal.SIGCONT)
        result = harness.read_result(self.output)
        self.assertEqual(result["data"]["left"], [])
        self.assertEqual(result["run"]["verdicts"]["left_behind"], "nothing")
        self.assertEqual(self.images(), [])

    def test_interrupt_while_the_osd_stands_still_does_not_hang(self):
        config = self.config(operation_timeout="60s")
        process = self.start(*self.arguments(config, measure="60s", timeout="60s", drain="60s"))
        harness.wait_until("images", lambda: self.images() == ["chopsticks-0"])
        time.sleep(3)
        os.kill(self.osd_pid(), signal.SIGSTOP)
        try:
            harness.send_signal(process, signal.SIGINT)
            time.sleep(1)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=harness.hang_s)
            self.assertLess(time.monotonic() - begun, 20)
            self.assertEqual(process.returncode, harness.interrupted)
        finally:
            self.wake_osd()

        def removed():
            return self.tool("rbd", "rm", "chopsticks-0", check=False).returncode == 0
        harness.wait_until("the watch to expire", removed, timeout=60)


def crc32c(data):
    table = crc32c.__dict__.setdefault("table", [])
    if not table:
        for crc in range(256):
            for _ in range(8):
                crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
            table.append(crc)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


if __name__ == "__main__":
    harness.main()
