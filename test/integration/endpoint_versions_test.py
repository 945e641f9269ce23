"""Versions, checksums, tags, locks and users of the embedded endpoint as boto3 sees them."""

import base64
import datetime
import hashlib
import random
import unittest
import zlib

from endpoint_fixture import EndpointCase, content, make_client, md5

MIB = 1 << 20


def base64_sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class Versions(EndpointCase):
    def setUp(self):
        super().setUp()
        self.versioning("Enabled")

    def versioning(self, status):
        self.s3.put_bucket_versioning(Bucket=self.bucket,
                                      VersioningConfiguration={"Status": status})

    def put(self, key, data):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=data).get("VersionId")

    def listed(self, size, **more):
        """Of each version: key, id, whether it is the latest, whether it is a delete marker."""
        versions, markers = [], []
        for page in self.s3.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, PaginationConfig={"PageSize": size}, **more):
            versions += [(v["Key"], v["VersionId"], v["IsLatest"])
                         for v in page.get("Versions", [])]
            markers += [(m["Key"], m["VersionId"], m["IsLatest"])
                        for m in page.get("DeleteMarkers", [])]
        return versions, markers

    def test_versions_follow_a_model(self):
        """Puts and deletes by chance, against a model that is a list for each key."""
        chance = random.Random(7)
        model = {}  # key: [(id, data or None)], the latest last
        for step in range(300):
            key = chance.choice("abc")
            stack = model.setdefault(key, [])
            act = chance.randrange(10)
            if step in (100, 200):
                self.versioning("Suspended" if step == 100 else "Enabled")
            if act < 5:
                data = f"{key}{step}".encode()
                version = self.put(key, data)
                if version == "null":
                    stack[:] = [v for v in stack if v[0] != "null"]
                stack.append((version, data))
            elif act < 7:
                gone = self.s3.delete_object(Bucket=self.bucket, Key=key)
                self.assertTrue(gone["DeleteMarker"])
                if gone["VersionId"] == "null":
                    stack[:] = [v for v in stack if v[0] != "null"]
                stack.append((gone["VersionId"], None))
            elif stack:
                version, data = stack.pop(chance.randrange(len(stack)))
                gone = self.s3.delete_object(Bucket=self.bucket, Key=key, VersionId=version)
                self.assertEqual(gone.get("DeleteMarker", False), data is None)
            for version, data in stack:
                if data is not None:
                    self.assertEqual(self.read(key, VersionId=version), data)
            if stack and stack[-1][1] is not None:
                self.assertEqual(self.read(key), stack[-1][1])
            else:
                self.refused("NoSuchKey", 404, self.s3.get_object, Bucket=self.bucket, Key=key)
        versions = [(k, v, n == 0) for k in sorted(model)
                    for n, (v, data) in enumerate(reversed(model[k])) if data is not None]
        markers = [(k, v, n == 0) for k in sorted(model)
                   for n, (v, data) in enumerate(reversed(model[k])) if data is None]
        for size in (1, 3, 1000):
            self.assertEqual(self.listed(size), (versions, markers), size)
        shown = [k for k in sorted(model) if model[k] and model[k][-1][1] is not None]
        objects = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        self.assertEqual([o["Key"] for o in objects], shown)
        self.s3.delete_objects(Bucket=self.bucket, Delete={
            "Objects": [{"Key": k, "VersionId": v} for k, v, _ in versions + markers]})
        self.s3.delete_bucket(Bucket=self.bucket)

    def test_delete_marker_answers_for_itself(self):
        version = self.put("k", b"x")
        marker = self.s3.delete_object(Bucket=self.bucket, Key="k")["VersionId"]
        error = self.refused("405", 405, self.s3.head_object, Bucket=self.bucket, Key="k",
                             VersionId=marker)
        self.assertEqual(error["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
        copied = self.s3.copy_object(
            Bucket=self.bucket, Key="c",
            CopySource={"Bucket": self.bucket, "Key": "k", "VersionId": version})
        self.assertEqual(copied["CopySourceVersionId"], version)
        self.assertEqual(self.read("c"), b"x")

    def test_upload_makes_a_version(self):
        first = self.put("k", b"before")
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k")
        named = {"Bucket": self.bucket, "Key": "k", "UploadId": begun["UploadId"]}
        etag = self.s3.upload_part(**named, PartNumber=1, Body=b"after")["ETag"]
        done = self.s3.complete_multipart_upload(
            **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
        self.assertEqual(self.read("k", VersionId=done["VersionId"]), b"after")
        self.assertEqual(self.read("k", VersionId=first), b"before")


class Checksums(EndpointCase):
    def test_checksum_comes_back_with_its_object(self):
        data = content(100_000)
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=data, ChecksumAlgorithm="SHA256")
        got = self.s3.get_object(Bucket=self.bucket, Key="k", ChecksumMode="ENABLED")
        self.assertEqual(got["ChecksumSHA256"], base64_sha256(data))
        self.assertEqual(got["Body"].read(), data)
        listed = self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]
        self.assertEqual(listed[0]["ChecksumAlgorithm"], ["SHA256"])
        told = self.s3.get_object_attributes(Bucket=self.bucket, Key="k",
                                             ObjectAttributes=["ETag", "Checksum", "ObjectSize"])
        self.assertEqual(told["ETag"], md5(data))
        self.assertEqual(told["Checksum"]["ChecksumSHA256"], base64_sha256(data))
        self.assertEqual(told["ObjectSize"], len(data))

    def test_upload_has_the_checksum_of_its_parts(self):
        parts = [content(5 * MIB, 1), content(77, 2)]
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k",
                                                ChecksumAlgorithm="SHA256")
        named = {"Bucket": self.bucket, "Key": "k", "UploadId": begun["UploadId"]}
        claims = []
        for number, part in enumerate(parts, 1):
            put = self.s3.upload_part(**named, PartNumber=number, Body=part,
                                      ChecksumAlgorithm="SHA256")
            self.assertEqual(put["ChecksumSHA256"], base64_sha256(part))
            claims.append({"PartNumber": number, "ETag": put["ETag"],
                           "ChecksumSHA256": put["ChecksumSHA256"]})
        wrong = [claims[0], {**claims[1], "ChecksumSHA256": claims[0]["ChecksumSHA256"]}]
        complete = lambda parts: self.s3.complete_multipart_upload(
            **named, MultipartUpload={"Parts": parts})
        self.refused("InvalidPart", 400, complete, wrong)
        joined = base64_sha256(b"".join(hashlib.sha256(p).digest() for p in parts))
        self.assertEqual(complete(claims)["ChecksumSHA256"], f"{joined}-2")
        told = self.s3.get_object_attributes(Bucket=self.bucket, Key="k",
                                             ObjectAttributes=["ObjectParts"])["ObjectParts"]
        self.assertEqual([(p["PartNumber"], p["Size"], p["ChecksumSHA256"])
                          for p in told["Parts"]],
                         [(n, len(p), base64_sha256(p)) for n, p in enumerate(parts, 1)])
        second = self.s3.get_object(Bucket=self.bucket, Key="k", PartNumber=2)
        self.assertEqual(second["Body"].read(), parts[1])
        self.assertEqual(second["PartsCount"], 2)

    def test_wrong_checksum_leaves_what_was_there(self):
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"before")
        wrong = base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big")).decode()
        self.refused("BadDigest", 400, self.s3.put_object, Bucket=self.bucket, Key="k",
                     Body=b"after", ChecksumCRC32=wrong)
        self.assertEqual(self.read("k"), b"before")


class Tags(EndpointCase):
    def test_tags_are_kept_with_object_and_bucket(self):
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x", Tagging="a=1&b=2",
                           StorageClass="STANDARD_IA")
        tags = lambda: self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"]
        self.assertEqual(tags(), [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["StorageClass"], "STANDARD_IA")
        new = [{"Key": "c", "Value": ""}]
        self.s3.put_object_tagging(Bucket=self.bucket, Key="k", Tagging={"TagSet": new})
        self.assertEqual(tags(), new)
        self.s3.delete_object_tagging(Bucket=self.bucket, Key="k")
        self.assertEqual(tags(), [])
        self.s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": new})
        self.assertEqual(self.s3.get_bucket_tagging(Bucket=self.bucket)["TagSet"], new)


class Locks(EndpointCase):
    def test_locked_version_is_not_deleted(self):
        bucket = self.bucket + "-l"
        self.s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        put = self.s3.put_object(Bucket=bucket, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE",
                                 ObjectLockRetainUntilDate=until)
        named = {"Bucket": bucket, "Key": "k", "VersionId": put["VersionId"]}
        kept = self.s3.get_object_retention(**named)["Retention"]
        self.assertEqual((kept["Mode"], int(kept["RetainUntilDate"].timestamp())),
                         ("GOVERNANCE", int(until.timestamp())))
        self.refused("AccessDenied", 403, self.s3.delete_object, **named)
        self.s3.put_object_legal_hold(**named, LegalHold={"Status": "ON"})
        self.refused("AccessDenied", 403, self.s3.delete_object, **named,
                     BypassGovernanceRetention=True)
        self.s3.put_object_legal_hold(**named, LegalHold={"Status": "OFF"})
        self.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}})
        put = self.s3.put_object(Bucket=bucket, Key="k", Body=b"y")
        self.refused("AccessDenied", 403, self.s3.delete_object, Bucket=bucket, Key="k",
                     VersionId=put["VersionId"], BypassGovernanceRetention=True)
        self.s3.delete_object(**named, BypassGovernanceRetention=True)


class Users(EndpointCase):
    OPTIONS = ("--user", "other:other-secret")

    def test_what_one_made_the_other_is_refused(self):
        other = make_client(self.endpoint.url, "other", "other-secret")
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x")
        self.refused("AccessDenied", 403, other.get_object, Bucket=self.bucket, Key="k")
        self.refused("AccessDenied", 403, other.list_objects_v2, Bucket=self.bucket)
        self.refused("BucketAlreadyExists", 409, other.create_bucket, Bucket=self.bucket)
        self.assertEqual(other.list_buckets()["Buckets"], [])
        other.create_bucket(Bucket="theirs")
        self.refused("AccessDenied", 403, self.s3.put_object, Bucket="theirs", Key="k", Body=b"x")
        wrong = make_client(self.endpoint.url, "other", "chopsticks-secret")
        self.refused("SignatureDoesNotMatch", 403, wrong.list_buckets)


if __name__ == "__main__":
    unittest.main()
