"""The embedded endpoint as s3cmd sees it."""

import hashlib
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from endpoint_fixture import ACCESS_KEY, SECRET_KEY, Endpoint

MIB = 1 << 20


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class S3cmd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint("--threads", "2")
        cls.addClassCleanup(cls.endpoint.close)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.config = self.dir / "s3cfg"
        self.config.write_text(
            "[default]\n"
            f"access_key = {ACCESS_KEY}\nsecret_key = {SECRET_KEY}\n"
            f"host_base = {self.endpoint.host}\nhost_bucket = {self.endpoint.host}\n"
            "use_https = False\nsignature_v2 = False\nbucket_location = us-east-1\n")
        self.bucket = "s3://s3cmd-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[:40].strip("-")
        self.run_s3cmd("mb", self.bucket)

    def run_s3cmd(self, *arguments, status=0):
        command = ["s3cmd", "-c", str(self.config), "--no-progress", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "HOME": str(self.dir), "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def file(self, name, size, seed=0):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(seed).randbytes(size))
        return path

    def test_put_and_get_keep_the_content(self):
        source = self.file("source", 300_001)
        self.run_s3cmd("put", source, f"{self.bucket}/dir/a file")
        listed = self.run_s3cmd("ls", f"{self.bucket}/dir/")
        self.assertIn("300001", listed)
        self.assertIn(f"{self.bucket}/dir/a file", listed)
        self.assertIn("DIR", self.run_s3cmd("ls", self.bucket))
        self.run_s3cmd("get", f"{self.bucket}/dir/a file", self.dir / "back")
        self.assertEqual(digest(self.dir / "back"), digest(source))
        self.assertIn("300001", self.run_s3cmd("du", self.bucket))

    def test_put_in_parts_keeps_the_content(self):
        source = self.file("big", 20 * MIB + 321)
        self.run_s3cmd("put", "--multipart-chunk-size-mb=5", source, f"{self.bucket}/big")
        told = self.run_s3cmd("info", f"{self.bucket}/big")
        self.assertIn(str(20 * MIB + 321), told)
        self.assertIn("FULL_CONTROL", told)
        # s3cmd keeps the whole file's MD5 in the metadata and checks it here.
        self.run_s3cmd("get", f"{self.bucket}/big", self.dir / "back")
        self.assertEqual(digest(self.dir / "back"), digest(source))
        self.assertNotIn(" s3://", self.run_s3cmd("multipart", self.bucket).split("Path\tId")[-1])

    def test_sync_of_a_tree_goes_both_ways(self):
        names = ["one", "sub/two", "sub/deep/three", "sub/ümlaut öl", "empty"]
        for seed, name in enumerate(names):
            self.file("tree/" + name, 0 if name == "empty" else 1000 * (seed + 1), seed)
        self.run_s3cmd("sync", f"{self.dir}/tree/", f"{self.bucket}/tree/")
        again = self.run_s3cmd("sync", f"{self.dir}/tree/", f"{self.bucket}/tree/")
        self.assertNotIn("upload:", again)
        (self.dir / "tree/one").unlink()
        self.run_s3cmd("sync", "--delete-removed", f"{self.dir}/tree/", f"{self.bucket}/tree/")
        self.run_s3cmd("sync", f"{self.bucket}/tree/", f"{self.dir}/back/")
        kept = {str(p.relative_to(self.dir / "back")) for p in (self.dir / "back").rglob("*")
                if p.is_file()}
        self.assertEqual(kept, set(names) - {"one"})
        for name in kept:
            self.assertEqual(digest(self.dir / "back" / name), digest(self.dir / "tree" / name),
                             name)

    def test_copy_move_and_delete_do_what_they_say(self):
        source = self.file("source", 5000)
        self.run_s3cmd("put", source, f"{self.bucket}/a")
        self.run_s3cmd("cp", f"{self.bucket}/a", f"{self.bucket}/b")
        self.run_s3cmd("mv", f"{self.bucket}/a", f"{self.bucket}/c")
        listed = self.run_s3cmd("ls", self.bucket)
        self.assertNotIn(f"{self.bucket}/a", listed)
        for name in "bc":
            self.run_s3cmd("get", f"{self.bucket}/{name}", self.dir / name)
            self.assertEqual(digest(self.dir / name), digest(source))
        self.run_s3cmd("rb", self.bucket, status=13)
        self.run_s3cmd("del", f"{self.bucket}/b")
        self.run_s3cmd("del", "--recursive", "--force", self.bucket)
        self.assertEqual(self.run_s3cmd("ls", self.bucket).strip(), "")
        self.run_s3cmd("rb", self.bucket)
        self.assertNotIn(self.bucket, self.run_s3cmd("ls"))

    def test_info_of_a_bucket_is_told(self):
        told = self.run_s3cmd("info", self.bucket)
        self.assertIn("us-east-1", told)
        self.assertIn("FULL_CONTROL", told)

    def test_wrong_key_is_told(self):
        told = self.run_s3cmd("--secret_key=wrong", "ls", status=77)
        self.assertIn("SignatureDoesNotMatch", told)


if __name__ == "__main__":
    unittest.main()
