"""The embedded endpoint as rclone, restic and the command line of AWS see it: what they put comes
back, and what they say of it is so."""

import hashlib
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest
import urllib.request

from endpoint_fixture import ACCESS_KEY, SECRET_KEY, Endpoint

MIB = 1 << 20
NAMES = ("one", "sub/two", "sub/deep/ümlaut öl+&%", "empty", "big")


def fill(tree):
    """Files of all kinds; `big` goes up in parts. Their digests by name."""
    for seed, name in enumerate(NAMES):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = {"empty": 0, "big": 11 * MIB + 7}.get(name, 1000 * (seed + 1))
        path.write_bytes(random.Random(seed).randbytes(size))
    return contents(tree)


def contents(tree):
    return {str(p.relative_to(tree)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in tree.rglob("*") if p.is_file()}


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint("--threads", "2")
        cls.addClassCleanup(cls.endpoint.close)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        # Whatever the caller's environment says of AWS is not about this server.
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith(("AWS_", "RCLONE_", "RESTIC_"))}
        self.environment |= {"HOME": folder.name, "LC_ALL": "C.UTF-8",
                             "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                             "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                             "AWS_DEFAULT_REGION": "us-east-1",
                             "AWS_EC2_METADATA_DISABLED": "true"}

    def run_client(self, *command, refused=None):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL)
        if refused is None:
            self.assertEqual(done.returncode, 0, f"{command}:\n{done.stdout}{done.stderr}")
        else:
            self.assertNotEqual(done.returncode, 0, command)
            self.assertIn(refused, done.stdout + done.stderr)
        return done.stdout


class Rclone(Client):
    def setUp(self):
        super().setUp()
        self.environment |= {"RCLONE_CONFIG_TO_TYPE": "s3", "RCLONE_CONFIG_TO_PROVIDER": "Other",
                             "RCLONE_CONFIG_TO_ENV_AUTH": "true",
                             "RCLONE_CONFIG_TO_ENDPOINT": self.endpoint.url,
                             "RCLONE_S3_UPLOAD_CUTOFF": "5M", "RCLONE_S3_CHUNK_SIZE": "5M",
                             "RCLONE_S3_COPY_CUTOFF": "6M", "RCLONE_RETRIES": "1"}

    def rclone(self, *arguments, **more):
        return self.run_client("rclone", *arguments, **more)

    def test_tree_is_synced_checked_and_moved(self):
        tree = self.dir / "tree"
        here = fill(tree)
        self.rclone("mkdir", "to:rclone")
        self.rclone("sync", tree, "to:rclone/t")
        # By size and MD5, which rclone keeps in the metadata of what went up in parts.
        self.rclone("check", tree, "to:rclone/t")
        self.rclone("check", "--download", tree, "to:rclone/t")
        # The larger one is copied by parts.
        self.rclone("copy", "to:rclone/t", "to:rclone/copy")
        self.rclone("moveto", "to:rclone/copy/one", "to:rclone/copy/moved")
        listed = json.loads(self.rclone("lsjson", "-R", "--files-only", "to:rclone/copy"))
        self.assertEqual({o["Path"]: o["Size"] for o in listed},
                         {("moved" if n == "one" else n): (tree / n).stat().st_size
                          for n in NAMES})
        (tree / "one").unlink()
        self.rclone("sync", tree, "to:rclone/t")
        self.rclone("copy", "to:rclone/t", self.dir / "back")
        del here["one"]
        self.assertEqual(contents(self.dir / "back"), here)
        # One bit is told.
        data = bytearray((tree / "big").read_bytes())
        data[7] ^= 1
        (tree / "big").write_bytes(data)
        self.rclone("check", "--download", tree, "to:rclone/t", refused="differ")
        link = self.rclone("link", "--expire", "1h", "to:rclone/copy/moved").strip()
        with urllib.request.urlopen(link) as answer:
            self.assertEqual(len(answer.read()), 1000)
        self.rclone("purge", "to:rclone")
        self.assertNotIn("rclone", self.rclone("lsd", "to:"))


class Restic(Client):
    def test_backup_is_checked_pruned_and_restored(self):
        tree = self.dir / "tree"
        fill(tree)
        self.environment |= {"RESTIC_REPOSITORY": f"s3:{self.endpoint.url}/restic/repository",
                             "RESTIC_PASSWORD": "test", "RESTIC_CACHE_DIR": str(self.dir / "c")}
        self.run_client("restic", "init")
        self.run_client("restic", "backup", tree)
        (tree / "big").write_bytes(random.Random(9).randbytes(6 * MIB))
        here = contents(tree)
        self.run_client("restic", "backup", tree)
        before = self.endpoint.counters()["object_bytes"]
        self.run_client("restic", "forget", "--keep-last", "1", "--prune")
        self.assertLess(self.endpoint.counters()["object_bytes"], before - 10 * MIB)
        self.run_client("restic", "check", "--read-data")
        self.run_client("restic", "restore", "latest", "--target", self.dir / "back")
        self.assertEqual(contents(self.dir / "back" / tree.relative_to("/")), here)


class CommandLineOfAws(Client):
    def aws(self, *arguments, **more):
        # Debian's, whatever else is first in the path.
        return self.run_client("/usr/bin/aws", "--endpoint-url", self.endpoint.url, *arguments,
                               **more)

    def test_tree_is_synced_and_what_is_asked_for_is_told(self):
        here = fill(self.dir / "tree")
        self.aws("s3", "mb", "s3://aws")
        self.aws("s3", "sync", self.dir / "tree", "s3://aws/t")
        self.aws("s3", "mv", "--recursive", "s3://aws/t", "s3://aws/u")
        self.aws("s3", "sync", "s3://aws/u", self.dir / "back")
        self.assertEqual(contents(self.dir / "back"), here)
        api = lambda operation, *more: self.aws("s3api", operation, "--bucket", "aws", *more)
        api("put-bucket-encryption", "--server-side-encryption-configuration",
            '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}')
        put = json.loads(api("put-object", "--key", "k", "--body", self.dir / "tree/one",
                             "--checksum-algorithm", "SHA256", "--metadata", "colour=red"))
        head = json.loads(api("head-object", "--key", "k", "--checksum-mode", "ENABLED"))
        self.assertEqual(put["ServerSideEncryption"], "AES256")
        for name in ("ETag", "ChecksumSHA256", "ServerSideEncryption"):
            self.assertEqual(head[name], put[name])
        self.assertEqual(head["Metadata"], {"colour": "red"})
        self.aws("s3", "rb", "--force", "s3://aws")


if __name__ == "__main__":
    unittest.main()
