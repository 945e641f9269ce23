#!/usr/bin/env python3
"""The documentation's commands that need a Ceph cluster, against one of this test's own."""

import subprocess
import tempfile

import docs_pages
from docs_pages import step

import docs
import harness

elsewhere = "docs_commands_test.py runs it"


def small_images(page):
    """The shipped configurations, for this cluster and with images that are filled in a moment."""
    for name in ("rbd.yaml", "s3_rbd.yaml"):
        text = (docs.root / "config" / name).read_text()
        for old, new in (("/etc/ceph/ceph.conf", page.values["conf"]),
                         ("size: 10GiB", "size: 32MiB"), ("count: 4", "count: 2"),
                         ("http://localhost:8000", page.values["url"]),
                         ("# access_key: ...", "access_key: benchaccess\n ")):
            text = text.replace(old, new)
        page.file(f"config/{name}", text)
    page.environment["AWS_SECRET_ACCESS_KEY"] = "benchsecret"


def small_pool(page):
    """The shipped configuration, for this cluster; and loads that end soon."""
    text = (docs.root / "config/rados.yaml").read_text()
    page.file("config/rados.yaml", text.replace("/etc/ceph/ceph.conf", page.values["conf"]))


pages = {
    "docs/how-to/own-cluster.md": [
        step("export AWS_SECRET_ACCESS_KEY", left_out=elsewhere),
        step("chopsticks run -f scenarios/quickstart.yaml", left_out=elsewhere),
        step("test/support/ceph.sh up", changes=((r"/tmp/ceph\b", "{new_cluster}"),)),
    ],
    "docs/how-to/rbd-images.md": [
        step("chopsticks validate -f scenarios/rbd_random_read.yaml", before=small_images),
        step("chopsticks run -f scenarios/rbd_mixed_70_30.yaml"),
        step("chopsticks run -f scenarios/hybrid_s3_rbd.yaml"),
        step("chopsticks run -f scenarios/rbd_random_read.yaml --set", left_out=elsewhere),
    ],
    "docs/how-to/rados-pools.md": [
        step("chopsticks validate -f scenarios/rados_mixed.yaml", before=small_pool),
        step("chopsticks cleanup --older-than 1d --workload-config config/rados.yaml"),
    ],
}


class ceph_commands_test(docs_pages.page):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="cd-", dir="/tmp")
        self.addCleanup(self.folder.cleanup)

    def test_how_to_own_cluster(self):
        folder = f"{self.folder.name}/c"
        # Whatever becomes of the block, its daemons end; after its own `down` there are none.
        self.addCleanup(subprocess.run, [docs.root / "test/support/ceph.sh", "down", folder],
                        check=False, capture_output=True)
        self.run_page("docs/how-to/own-cluster.md", pages["docs/how-to/own-cluster.md"],
                      new_cluster=folder)

    def test_how_to_rbd_images(self):
        folder = f"{self.folder.name}/c"
        harness.ceph_script("up", folder)
        self.addCleanup(harness.ceph_script, "down", folder)
        exported = dict(line.strip().split("=", 1) for line in open(f"{folder}/env"))
        self.run_page("docs/how-to/rbd-images.md", pages["docs/how-to/rbd-images.md"],
                      conf=exported["CEPH_CONF"], url=exported["S3_ENDPOINT"])
        left = subprocess.run(["rbd", "-c", exported["CEPH_CONF"], "ls", "rbd"], check=True,
                              capture_output=True, text=True).stdout
        self.assertEqual(left, "")

    def test_how_to_rados_pools(self):
        folder = f"{self.folder.name}/c"
        harness.ceph_script("up", folder, RGW="no")
        self.addCleanup(harness.ceph_script, "down", folder)
        conf = f"{folder}/ceph.conf"
        subprocess.run(["ceph", "-c", conf, "osd", "pool", "create", "bench", "8", "8"],
                       check=True, capture_output=True)
        self.run_page("docs/how-to/rados-pools.md", pages["docs/how-to/rados-pools.md"],
                      conf=conf)
        left = subprocess.run(["rados", "-c", conf, "-p", "bench", "ls"], check=True,
                              capture_output=True, text=True).stdout
        self.assertEqual(left, "")


if __name__ == "__main__":
    harness.main()
