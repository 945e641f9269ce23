#!/usr/bin/env python3
"""The S3 operations of other load generators against ours.

What warp and elbencho can put on a store is listed here by their own words, each with the operation
or parameter of ours that does the same. What is missing stands in MISSING with the reason: whoever
adds one takes it off that list, and one that is on neither list fails.
"""

import os
import re
import subprocess
import unittest

# A word is an operation of ours, or an operation's parameter.
OURS = {
    "warp": {
        "put": "put",
        "get": "get",
        "get --range": "get.range",
        "stat": "head",
        "list": "list",
        "list --max-keys": "list.max_keys",
        "list --versions": "list_versions",
        "delete --batch": "multi_delete.batch",
        "delete --batch 1": "delete",
        "mixed": "get",
        "multipart": "get.range",
        "multipart-put": "multipart_put",
        "multipart-put --part.size": "multipart_put.part_size",
        "multipart-put --part.concurrent": "multipart_put.concurrency",
        "put --storage-class": "put.storage_class",
        "put --add-metadata": "put.metadata",
        "put --tag": "put.tags",
        "versioned": "get_version",
        "append": "append_put.dialect",
        "retention": "put_retention",
        "put --post": "form_put",
    },
    "elbencho": {
        "-w": "put",
        "-w with -s above -b": "multipart_put",
        "-r": "get.range",
        "--stat": "head",
        "--s3listobj": "list",
        "--s3listobjpar": "list.directory",
        "-F": "delete",
        "--s3multidel": "multi_delete",
        "-d": "create_bucket",
        "-D": "delete_bucket",
        "--s3otag put": "put_tagging",
        "--s3otag get": "get_tagging",
        "--s3otag delete": "delete_tagging",
        "--s3otagverify": "get_tagging",
        "--s3btag put": "put_bucket_tagging",
        "--s3btag get": "get_bucket_tagging",
        "--s3btag delete": "delete_bucket_tagging",
        "--s3aclput": "put_acl",
        "--s3aclputinl": "put.acl",
        "--s3aclget": "get_acl",
        "--s3baclput": "put_bucket_acl",
        "--s3baclget": "get_bucket_acl",
        "--s3bversion put": "put_bucket_versioning",
        "--s3bversion get": "get_bucket_versioning",
        "--s3olockcfg get": "get_bucket_object_lock",
        "--s3olockcfg put": "put_bucket_object_lock",
        "--s3statdirs": "head_bucket",
        "--s3nompucompl": "multipart_leave",
    },
}

MISSING = {
    "warp": {},
    "elbencho": {
        "--s3mpusharing": "one upload by several clients: an object belongs to one core",
    },
}

# MinIO's own, or no storage operations: nobody else answers them.
NOT_S3 = {"warp": {"snowball", "zip", "fanout", "iceberg"}, "elbencho": set()}

# How many are missing. It may be lowered, and nothing else.
MISSING_MOST = 1


def ours():
    text = subprocess.run([os.environ["CHOPSTICKS"], "list"], check=True, text=True,
                          capture_output=True).stdout
    part = text[text.index("Workload s3:"):]
    part = part[part.index("  operations and their parameters"):]
    part = part[:part.find("\nWorkload ")] if "\nWorkload " in part else part
    names = set()
    operation = ""
    for line in part.splitlines()[1:]:
        if found := re.match(r"    (\w+)(?:\s|$)", line):
            operation = found[1]
            names.add(operation)
        elif found := re.match(r"      (\w+)\s", line):
            names.add(f"{operation}.{found[1]}")
    return names


class peer_operations_test(unittest.TestCase):
    def test_what_others_do_is_done_or_said_to_be_missing(self):
        names = ours()
        self.assertIn("get.range", names)
        for tool, words in OURS.items():
            for word, name in words.items():
                with self.subTest(tool=tool, word=word):
                    self.assertIn(name, names)

    def test_what_is_missing_has_a_reason_and_is_on_one_list(self):
        for tool, words in MISSING.items():
            for word, reason in words.items():
                with self.subTest(tool=tool, word=word):
                    self.assertGreater(len(reason), 10)
                    self.assertNotIn(word, OURS[tool])
                    self.assertNotIn(word, NOT_S3[tool])
        self.assertLessEqual(sum(len(words) for words in MISSING.values()), MISSING_MOST,
                             "the list of what is missing has grown")


unittest.main(verbosity=2)
