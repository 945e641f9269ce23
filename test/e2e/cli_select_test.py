#!/usr/bin/env python3
"""Selects and renames against a server that answers selects truly, or lies."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
import select_events
from safety_case import ran, safety_case


class select_test(safety_case):
    def result(self, server, tasks, cleanup=True):
        done = self.run_against(server, self.scenario(tasks, 2, "60s", cleanup, operations=12),
                                "--set", "workload.create_bucket=true")
        return done, harness.read_result(self.output)

    def keys(self, server):
        """Of objects, without marks."""
        return [key for held in server.buckets.values() for key in held.visible()
                if "/runs/" not in key]

    def test_selects_are_done_and_their_tables_are_gone(self):
        server = self.serve()
        done, result = self.result(server, "[{op: select, rows: 3000}, "
                                           "{op: select, rows: 3000, all: true}]", False)
        self.assert_code(done, *ran)
        one = result["operations"]["s3/select"]
        self.assertEqual(one["failed"], 0, done.said)
        for part in ("put_table", "select_rows", "remove_table"):
            self.assertEqual(result["operations"][f"s3/select.{part}"]["ok"], one["ok"])
        # What came back, and not what was scanned: all rows of some, a number of the others.
        self.assertGreater(one["bytes"], 26 * 3000)
        self.assertLess(one["bytes"], one["ok"] * 26 * 3000)
        self.assertEqual([key for key in self.keys(server) if key.endswith(".aside")], [])

    def test_what_is_no_whole_answer_is_a_failure_and_its_table_is_gone(self):
        lies = {
            "NoEnd": lambda events: events[:-1],
            "BadEvents": lambda events: [b"".join(events).replace(b"End", b"end")],
            "WrongRecords": lambda events: events[1:-2] + events[-1:],
            "WrongStats": lambda events: events[1:],
            "InternalError": lambda events: events[:1] + [select_events.error("InternalError")],
        }
        for code, lie in lies.items():
            with self.subTest(code):
                server = self.serve(select=lie)
                done, result = self.result(server, "[{op: select, rows: 500, all: true}]", False)
                one = result["operations"]["s3/select"]
                self.assertEqual(one["ok"], 0, done.said)
                self.assertEqual({error["s3_code"] for error in one["errors"]}, {code})
                self.assertEqual([key for key in self.keys(server) if key.endswith(".aside")], [])

    def test_what_a_server_does_not_have_is_said_to_be_so(self):
        server = self.serve(unserved=("POST object select", "PUT object renameObject"))
        done, result = self.result(server, "[select, rename_put]")
        self.assert_code(done, harness.errors_or_slo)
        for name in ("select", "rename_put"):
            one = result["operations"][f"s3/{name}"]
            self.assertEqual(one["ok"], 0)
            self.assertGreater(one["unsupported"], 0)
            self.assertEqual(one["unsupported"], one["failed"])
        self.assertEqual(result["data"]["left_behind"], 0, done.said)
        self.assertEqual(self.keys(server), [])

    def test_a_table_that_cannot_be_removed_is_found_by_the_cleanup(self):
        def before(op, bucket, key):
            return "fail" if op == "DELETE object" and key.endswith(".aside") else None

        server = self.serve(before=before)
        done, result = self.result(server, "[select]")
        self.assertEqual(result["operations"]["s3/select"]["ok"], 0)
        self.assertGreater(result["operations"]["s3/select.select_rows"]["ok"], 0)
        self.assertEqual(result["data"]["left_behind"], 0, done.said)
        self.assertEqual(self.keys(server), [])

    def test_a_server_that_takes_a_rename_for_a_put_is_found_out(self):
        server = self.serve()
        _, result = self.result(server, "[rename_put]")
        one = result["operations"]["s3/rename_put"]
        self.assertEqual(one["ok"], 0)
        self.assertEqual({error["s3_code"] for error in one["errors"]}, {"WrongSize"})
        self.assertEqual(self.keys(server), [])


if __name__ == "__main__":
    harness.main()
