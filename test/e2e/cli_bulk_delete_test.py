#!/usr/bin/env python3
"""How a run's cleanup removes many objects with one request, and what it makes of the answer."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness
from safety_case import object_key, ran, safety_case

objects = 230


def deleted(keys):
    return "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)


def error(key, code="AccessDenied"):
    return f"<Error><Key>{key}</Key><Code>{code}</Code><Message>no</Message></Error>"


class bulk_delete_test(safety_case):
    def clean_up_after_a_run(self, **lies):
        """A run that makes objects and reads; what it says, and the server."""
        server = self.serve(**lies)
        self.batches = []
        answer = server.lies.delete_many

        def note(keys):
            if "/runs/" in keys[0]:  # the mark, which goes last
                return keys, deleted(keys)
            self.batches.append(keys)
            return answer(keys) if answer else (keys, deleted(keys))
        server.lies.delete_many = note
        done = self.run_against(server, self.scenario("[get]", objects=objects))
        # Only what the run made, and nothing twice in a request.
        for keys in self.batches:
            self.assertEqual(len(keys), len(set(keys)))
            self.assertTrue(all(object_key.fullmatch(key) for key in keys), keys)
        return done, server

    @staticmethod
    def singles(server):
        return [key for _, _, key, _ in server.asked("DELETE object") if "/runs/" not in key]

    def assert_left(self, done):
        self.assert_code(done, harness.left_behind, harness.generator_was_limit)
        verdicts = harness.read_result(self.output)["run"]["verdicts"]
        self.assertEqual(verdicts["left_behind"], "something", done.said)

    def left(self):
        return harness.read_result(self.output)["data"]["left"]

    def test_objects_go_with_few_requests(self):
        done, server = self.clean_up_after_a_run()
        self.assert_code(done, *ran)
        self.assertEqual(server.buckets, {})
        self.assertEqual(self.singles(server), [])
        sizes = [len(keys) for keys in self.batches]
        self.assertEqual(sum(sizes), objects)
        self.assertEqual(sizes[0], 100)

    def test_a_key_with_an_error_is_removed_by_itself(self):
        done, server = self.clean_up_after_a_run(
            delete_many=lambda keys: (keys[1:], deleted(keys[1:]) + error(keys[0], "SlowDown")))
        self.assert_code(done, *ran)
        self.assertEqual(sorted(self.singles(server)), sorted(keys[0] for keys in self.batches))
        self.assertEqual(server.buckets, {})

    def test_a_key_that_cannot_be_removed_is_named(self):
        locked = []

        def answer(keys):
            locked[:] = locked or keys[:1]
            others = [key for key in keys if key not in locked]
            return others, deleted(others) + "".join(error(k) for k in keys if k in locked)
        done, server = self.clean_up_after_a_run(delete_many=answer, denied=("DELETE object",))
        self.assert_left(done)
        # The mark stays as well: single deletes are refused.
        self.assertEqual([key for key in server.keys(self.bucket) if "/runs/" not in key], locked)
        self.assertEqual([one["count"] for one in self.left() if one["kind"] == "object"], [1])
        self.assertIn("AccessDenied", self.words(done))

    def test_a_key_that_is_left_out_is_removed_by_itself(self):
        done, server = self.clean_up_after_a_run(
            delete_many=lambda keys: (keys[:-1], deleted(keys[:-1])))
        self.assert_code(done, *ran)
        self.assertEqual(sorted(self.singles(server)), sorted(keys[-1] for keys in self.batches))
        self.assertEqual(server.buckets, {})

    def test_a_key_that_is_said_to_be_gone_and_to_have_failed_is_not_gone(self):
        done, server = self.clean_up_after_a_run(
            delete_many=lambda keys: (keys[1:], deleted(keys) + error(keys[0])))
        self.assert_code(done, *ran)
        self.assertEqual(len(self.singles(server)), len(self.batches))
        self.assertEqual(server.buckets, {})

    def test_who_names_a_key_that_was_not_asked_for_is_not_believed(self):
        done, server = self.clean_up_after_a_run(
            delete_many=lambda keys: ([], deleted(keys + ["e2e/theirs"])))
        self.assert_code(done, *ran)
        self.assertLessEqual(len(self.batches), 3)  # those that were under way at once
        self.assertEqual(len(self.singles(server)), objects)
        self.assertEqual(server.buckets, {})

    def test_what_is_said_to_be_gone_and_is_there_is_named(self):
        done, server = self.clean_up_after_a_run(delete_many=lambda keys: ([], deleted(keys)))
        self.assert_left(done)
        self.assertEqual([one["count"] for one in self.left() if one["kind"] == "object"],
                         [objects])
        self.assertEqual(len(self.batches) >= 3, True)

    def test_without_it_objects_go_one_by_one_and_it_is_not_asked_for_again(self):
        for lie in ("unserved", "denied", "failing"):
            with self.subTest(lie):
                server = self.serve()

                # The mark's removal asks again, and may have it.
                def before(operation, _, key, of=server.lies, name=lie):
                    refused = operation == "POST bucket delete" and not self.singles(server)
                    setattr(of, name, (operation,) if refused else ())
                server.lies.before = before
                done = self.run_against(server, self.scenario("[get]", objects=objects))
                self.assert_code(done, *ran)
                self.assertEqual(len(self.singles(server)), objects)
                asked = [query for _, _, _, query in server.asked("POST bucket delete")]
                # Those that were under way when the first was refused, and the mark's.
                self.assertLessEqual(len(asked), 4, lie)
                self.assertEqual(server.buckets, {})


if __name__ == "__main__":
    harness.main()
