"""The Python decoder of the end-to-end tests, against the reference's vectors."""

import json
import os
import pathlib
import sys
import unittest

_test = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, os.fspath(_test / "support"))

import hdr_decode  # noqa: E402


class hdr_decode_test(unittest.TestCase):
    def test_reference_vectors_give_their_percentiles(self):
        for vector in json.loads((_test / "data" / "hdr_v2.json").read_text()):
            with self.subTest(vector["name"]):
                h = hdr_decode.decode(vector["v2_compressed_base64"])
                self.assertEqual(h.count, vector["count"])
                self.assertEqual(h.significant_digits, vector["significant_digits"])
                for percentile, value in vector["percentiles"].items():
                    self.assertEqual(h.value_at_percentile(float(percentile)), value, percentile)

    def test_reference_values_lie_in_their_buckets(self):
        for vector in json.loads((_test / "data" / "hdr_v2.json").read_text()):
            with self.subTest(vector["name"]):
                h = hdr_decode.decode(vector["v2_compressed_base64"])
                for value in vector["values"]:
                    self.assertTrue(any(low <= value <= high for low, high in h.counts))

    def test_malformed_text_is_an_error(self):
        text = json.loads((_test / "data" / "hdr_v2.json").read_text())[0]["v2_compressed_base64"]
        for spoiled in ("", text[:-4], "AAAA" + text[4:], text.replace("4", "5", 1)):
            with self.subTest(spoiled), self.assertRaises(Exception):
                hdr_decode.decode(spoiled)


if __name__ == "__main__":
    unittest.main()
