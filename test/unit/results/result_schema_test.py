"""Results of this build against the JSON Schema, read by a validator that is not ours.

Environment: CHOPSTICKS_WRITE_SAMPLES (the program that writes them), CHOPSTICKS_RESULT_SCHEMA.
"""
import copy
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from validate_schema import load_schema, problems_of, problems_of_file


def nodes(schema):
    """All sub-schemas of a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


class ResultSchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = load_schema(os.environ["CHOPSTICKS_RESULT_SCHEMA"])
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.directory.name)
        subprocess.run([os.environ["CHOPSTICKS_WRITE_SAMPLES"], cls.path], check=True, timeout=60)
        cls.full = json.loads((cls.path / "full.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def assert_refused(self, change):
        document = copy.deepcopy(self.full)
        change(document)
        self.assertNotEqual(problems_of(document, self.schema), [])

    def test_every_kind_of_result_is_valid(self):
        for name in ("full.json", "empty.json", "invalid.json", "merged.json", "watched.json"):
            with self.subTest(name):
                self.assertEqual(problems_of_file(self.path / name, self.schema), [])

    def test_documents_of_series_take_every_histogram_of_a_result(self):
        histograms = [one for one in nodes(self.full) if "hdr" in one]
        self.assertTrue(histograms)
        bounds = self.schema["$defs"]["histogram"]["properties"]["at_least"]["items"]["enum"]
        histograms.append({**histograms[0], "at_least": bounds})
        folder = pathlib.Path(os.environ["CHOPSTICKS_RESULT_SCHEMA"]).parent
        for name in ("sweep", "find_max"):
            schema = load_schema(folder / f"{name}.schema.json")
            schema = {"$defs": schema["$defs"], "$ref": "#/$defs/histogram"}
            for one in histograms:
                self.assertEqual(problems_of(one, schema), [], name)

    def test_interval_stream_is_valid(self):
        path = self.path / "full.jsonl"
        self.assertEqual(problems_of_file(path, self.schema), [])
        self.assertEqual(len(path.read_text().splitlines()), 4)

    def test_cluster_is_closed_and_whole(self):
        self.assertEqual(problems_of_file(self.path / "watched.jsonl", self.schema), [])
        watched = json.loads((self.path / "watched.json").read_text())
        cluster = ("cluster",)
        for path in (cluster, ("environment", "ceph"), ("cluster", "before"),
                     ("cluster", "samples", 0), ("cluster", "questions"),
                     ("cluster", "before", "pools", "data"), ("cluster", "before", "osds", 0)):
            def at(document, path=path):
                for step in path:
                    document = document[step]
                return document
            for key in list(at(watched)):
                changed = copy.deepcopy(watched)
                at(changed).pop(key)
                self.assertNotEqual(problems_of(changed, self.schema), [], (path, key))
            changed = copy.deepcopy(watched)
            at(changed)["surprise"] = 1
            self.assertNotEqual(problems_of(changed, self.schema), [], path)

    def test_torn_stream_is_valid_and_a_damaged_one_is_not(self):
        text = (self.path / "full.jsonl").read_text()
        torn = self.path / "torn.jsonl"
        torn.write_text(text[:-100])
        self.assertEqual(problems_of_file(torn, self.schema), [])
        torn.write_text(text.replace('"phase":"measure"', '"phase":"lunch"', 1))
        self.assertIn("line 2", problems_of_file(torn, self.schema)[0])

    def test_every_member_that_is_missing_or_unknown_is_refused(self):
        for key in self.full:
            with self.subTest(key):
                self.assert_refused(lambda document: document.pop(key))
        for part in ("run", "load", "data", "total", "generator", "environment", "workload",
                     "scenario", "validity"):
            with self.subTest(part):
                self.assert_refused(lambda document: document[part].update({"surprise": 1}))
                for key in self.full[part]:
                    self.assert_refused(lambda document: document[part].pop(key))
        self.assert_refused(lambda document: document["intervals"][0].pop("load"))

    def test_wrong_values_are_refused(self):
        get = "s3/get"
        for change in (
                lambda d: d.update(schema_version=3),
                lambda d: d["operations"][get].update(ok=-1),
                lambda d: d["operations"][get].update(ok=1.5),
                lambda d: d["operations"][get]["response"].update(hdr="not base64!"),
                lambda d: d["operations"][get]["response"].update(p99_ns=None),
                lambda d: d["operations"]["s3/put"]["errors"][0].update({"class": "bad luck"}),
                lambda d: d["operations"]["s3/put"]["errors"][0].update(count=0),
                lambda d: d["generator"]["cores"][0].update(busy_share=1.5),
                lambda d: d["run"].update(started="yesterday"),
                lambda d: d["events"][0].update(source="rumour"),
                lambda d: d["events"][0].pop("text"),
                lambda d: d.update(events=d["events"] * 300),
                lambda d: d["validity"].update(valid=False, reasons=[]),
                lambda d: d["workload"]["s3"].update(secret_key="x")):
            self.assert_refused(change)

    def test_every_field_is_described_and_every_object_closed(self):
        references = {"$ref", "description"}
        for node in nodes(self.schema):
            for name, field in node.get("properties", {}).items():
                if not isinstance(field, dict) or "const" in field and len(field) == 1:
                    continue
                if name in ("valid", "reasons") and "type" not in field:
                    continue  # the condition of validity, not a field
                target = field.get("$ref", "").removeprefix("#/$defs/")
                described = field if not target or "description" in field else \
                    self.schema["$defs"][target]
                self.assertIn("description", described, name)
                self.assertTrue(set(field) <= references or "type" in field or "enum" in field
                                or "const" in field, name)
            if node.get("type") == "object":
                self.assertIn("additionalProperties", node)

    def test_every_time_and_size_says_its_unit(self):
        for node in nodes(self.schema):
            for name, field in node.get("properties", {}).items():
                text = field.get("description", "").lower()
                if name.endswith("_ns"):
                    self.assertIn("nanoseconds", text, name)
                elif name.endswith("_bytes") or name == "bytes":
                    self.assertIn("bytes", text, name)


if __name__ == "__main__":
    unittest.main()
