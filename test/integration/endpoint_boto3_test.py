"""The embedded endpoint as boto3 sees it: every operation, checked by content."""

import hashlib
import io
import unittest

import boto3.s3.transfer

from endpoint_fixture import EndpointCase, content, md5, send, signed_headers

MIB = 1 << 20


class Buckets(EndpointCase):
    def test_bucket_made_is_listed_and_found(self):
        names = [b["Name"] for b in self.s3.list_buckets()["Buckets"]]
        self.assertIn(self.bucket, names)
        self.assertEqual(
            self.s3.head_bucket(Bucket=self.bucket)["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])

    def test_bucket_made_twice_is_refused(self):
        self.refused("BucketAlreadyOwnedByYou", 409, self.s3.create_bucket, Bucket=self.bucket)

    def test_bucket_with_objects_is_not_deleted(self):
        self.s3.put_object(Bucket=self.bucket, Key="a", Body=b"x")
        self.refused("BucketNotEmpty", 409, self.s3.delete_bucket, Bucket=self.bucket)
        self.s3.delete_object(Bucket=self.bucket, Key="a")
        self.s3.delete_bucket(Bucket=self.bucket)
        self.refused("404", 404, self.s3.head_bucket, Bucket=self.bucket)
        self.refused("NoSuchBucket", 404, self.s3.list_objects_v2, Bucket=self.bucket)

    def test_bucket_of_bad_name_is_refused(self):
        status, _, body = send(self.endpoint, "PUT", "/Bad_Name")
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>InvalidBucketName</Code>", body)

    def test_properties_that_are_not_set_are_told_so(self):
        self.refused("NoSuchBucketPolicy", 404, self.s3.get_bucket_policy, Bucket=self.bucket)
        self.refused("NoSuchCORSConfiguration", 404, self.s3.get_bucket_cors, Bucket=self.bucket)
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket=self.bucket))
        grants = self.s3.get_bucket_acl(Bucket=self.bucket)["Grants"]
        self.assertEqual(grants[0]["Permission"], "FULL_CONTROL")
        self.refused("NotImplemented", 501, self.s3.put_bucket_lifecycle_configuration,
                     Bucket=self.bucket, LifecycleConfiguration={"Rules": [
                         {"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]})

    def test_date_in_a_field_of_http_is_as_good_as_one_of_amazon(self):
        # Botocore's signer writes what is there anew, as mail has it.
        path = f"/{self.bucket}/k"
        fields = signed_headers("PUT", self.endpoint.url + path, {"Date": "now"}, b"x")
        self.assertNotIn("X-Amz-Date", fields)
        self.assertTrue(fields["Date"].endswith("-0000"), fields["Date"])
        self.assertEqual(send(self.endpoint, "PUT", path, {"Date": "now"}, b"x")[0], 200)
        self.assertEqual(self.read("k"), b"x")


class Objects(EndpointCase):
    def test_object_put_comes_back_with_all_that_belongs_to_it(self):
        data = content(100_000)
        put = self.s3.put_object(Bucket=self.bucket, Key="k", Body=data, ContentType="text/x-test",
                                 CacheControl="no-store", Metadata={"colour": "red"})
        self.assertEqual(put["ETag"], f'"{md5(data)}"')
        got = self.s3.get_object(Bucket=self.bucket, Key="k")
        self.assertEqual(md5(got["Body"].read()), md5(data))
        self.assertEqual(got["ContentType"], "text/x-test")
        self.assertEqual(got["CacheControl"], "no-store")
        self.assertEqual(got["Metadata"], {"colour": "red"})
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual(head["ContentLength"], len(data))
        self.assertEqual(head["ETag"], put["ETag"])
        self.assertEqual(head["LastModified"], got["LastModified"])

    def test_objects_of_all_sizes_come_back(self):
        for size in (0, 1, 4095, 65536, MIB - 1, MIB, MIB + 1, 3 * MIB + 17):
            data = content(size, size)
            self.s3.put_object(Bucket=self.bucket, Key=f"s{size}", Body=data)
            self.assertEqual(md5(self.read(f"s{size}")), md5(data), size)

    def test_keys_of_all_characters_are_kept_apart(self):
        keys = ["plain", "with space", "plus+plus", "a//b", "./dot/../dot", "äöü/ß", "日本語/キー",
                "😀",
                "q?u=e&r#y%20", "quote'\"<&>", "tab\tkey", "~tilde!*'()", "trailing/", "%2F",
                "semi;colon,comma", "=equals", "back\\slash", "[brackets]{braces}|^`"]
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode())
        for key in keys:
            self.assertEqual(self.read(key), key.encode(), key)
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, PaginationConfig={"PageSize": 3})
        listed = [o["Key"] for page in pages for o in page.get("Contents", [])]
        self.assertEqual(listed, sorted(keys, key=lambda k: k.encode()))
        gone = self.s3.delete_objects(Bucket=self.bucket,
                                      Delete={"Objects": [{"Key": k} for k in keys]})
        self.assertEqual({d["Key"] for d in gone["Deleted"]}, set(keys))
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_object_that_is_not_there_is_told_so(self):
        self.refused("NoSuchKey", 404, self.s3.get_object, Bucket=self.bucket, Key="none")
        self.refused("404", 404, self.s3.head_object, Bucket=self.bucket, Key="none")
        answer = self.s3.delete_object(Bucket=self.bucket, Key="none")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_key_too_long_is_refused(self):
        self.s3.put_object(Bucket=self.bucket, Key="k" * 1024, Body=b"")
        self.refused("KeyTooLongError", 400, self.s3.put_object, Bucket=self.bucket, Key="k" * 1025,
                     Body=b"")

    def test_ranges_are_cut_exactly(self):
        data = content(3 * MIB + 5)
        self.s3.put_object(Bucket=self.bucket, Key="r", Body=data)
        for text, part in {
            "bytes=0-0": data[:1],
            "bytes=10-19": data[10:20],
            f"bytes={MIB - 3}-{2 * MIB + 3}": data[MIB - 3: 2 * MIB + 4],
            f"bytes={3 * MIB}-": data[3 * MIB:],
            "bytes=-7": data[-7:],
            f"bytes=5-{10 ** 12}": data[5:],
            f"bytes=-{10 ** 12}": data,
        }.items():
            got = self.s3.get_object(Bucket=self.bucket, Key="r", Range=text)
            self.assertEqual(got["ResponseMetadata"]["HTTPStatusCode"], 206, text)
            self.assertEqual(md5(got["Body"].read()), md5(part), text)
        got = self.s3.get_object(Bucket=self.bucket, Key="r", Range="bytes=10-19")
        self.assertEqual(got["ContentRange"], f"bytes 10-19/{len(data)}")
        for text in (f"bytes={len(data)}-", "bytes=-0"):
            self.refused("InvalidRange", 416, self.s3.get_object, Bucket=self.bucket, Key="r",
                         Range=text)

    def test_conditions_decide(self):
        etag = self.s3.put_object(Bucket=self.bucket, Key="c", Body=b"one")["ETag"]
        modified = self.s3.head_object(Bucket=self.bucket, Key="c")["LastModified"]
        get = lambda **more: self.s3.get_object(Bucket=self.bucket, Key="c", **more)
        self.assertEqual(get(IfMatch=etag)["Body"].read(), b"one")
        self.refused("PreconditionFailed", 412, get, IfMatch='"other"')
        self.refused("304", 304, get, IfNoneMatch=etag)
        self.assertEqual(get(IfNoneMatch='"other"')["Body"].read(), b"one")
        self.refused("304", 304, get, IfModifiedSince=modified)
        self.assertEqual(get(IfUnmodifiedSince=modified)["Body"].read(), b"one")
        status, _, body = send(self.endpoint, "PUT", f"/{self.bucket}/c", {"If-None-Match": "*"},
                               b"two")
        self.assertEqual(status, 412, body)
        self.assertEqual(self.read("c"), b"one")
        status, _, body = send(self.endpoint, "PUT", f"/{self.bucket}/c", {"If-Match": etag},
                               b"two")
        self.assertEqual(status, 200, body)
        self.assertEqual(self.read("c"), b"two")

    def test_copies_are_independent(self):
        data = content(70_000)
        self.s3.put_object(Bucket=self.bucket, Key="dir/a b", Body=data, Metadata={"m": "1"})
        copied = self.s3.copy_object(Bucket=self.bucket, Key="copy",
                                     CopySource={"Bucket": self.bucket, "Key": "dir/a b"})
        self.assertEqual(copied["CopyObjectResult"]["ETag"], f'"{md5(data)}"')
        self.s3.delete_object(Bucket=self.bucket, Key="dir/a b")
        got = self.s3.get_object(Bucket=self.bucket, Key="copy")
        self.assertEqual(md5(got["Body"].read()), md5(data))
        self.assertEqual(got["Metadata"], {"m": "1"})
        self.refused("NoSuchKey", 404, self.s3.copy_object, Bucket=self.bucket, Key="copy",
                     CopySource={"Bucket": self.bucket, "Key": "none"})


class Uploads(EndpointCase):
    def test_upload_of_parts_comes_back(self):
        data = content(10 * MIB + 123)
        config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB,
                                                  multipart_chunksize=5 * MIB)
        self.s3.upload_fileobj(io.BytesIO(data), self.bucket, "big", Config=config,
                               ExtraArgs={"Metadata": {"a": "b"}})
        parts = [data[i:i + 5 * MIB] for i in range(0, len(data), 5 * MIB)]
        joined = hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest()
        head = self.s3.head_object(Bucket=self.bucket, Key="big")
        self.assertEqual(head["ETag"], f'"{joined}-{len(parts)}"')
        self.assertEqual(head["Metadata"], {"a": "b"})
        into = io.BytesIO()
        self.s3.download_fileobj(self.bucket, "big", into, Config=config)
        self.assertEqual(md5(into.getvalue()), md5(data))
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(Bucket=self.bucket))

    def test_upload_goes_through_its_life(self):
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="p")
        named = {"Bucket": self.bucket, "Key": "p", "UploadId": begun["UploadId"]}
        first, second = content(5 * MIB, 1), content(1000, 2)
        etags = [self.s3.upload_part(**named, PartNumber=n, Body=part)["ETag"]
                 for n, part in ((1, first), (7, second))]
        listed = self.s3.list_parts(**named)["Parts"]
        self.assertEqual([(p["PartNumber"], p["Size"]) for p in listed], [(1, 5 * MIB), (7, 1000)])
        open_uploads = self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"]
        self.assertEqual([u["Key"] for u in open_uploads], ["p"])
        complete = lambda parts: self.s3.complete_multipart_upload(
            **named, MultipartUpload={"Parts": parts})
        claims = [{"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 7, "ETag": etags[1]}]
        self.refused("InvalidPartOrder", 400, complete, claims[::-1])
        self.refused("InvalidPart", 400, complete, [{"PartNumber": 2, "ETag": etags[0]}])
        self.refused("InvalidPart", 400, complete, [{"PartNumber": 1, "ETag": etags[1]}])
        self.refused("NoSuchKey", 404, self.s3.get_object, Bucket=self.bucket, Key="p")
        done = complete(claims)
        self.assertEqual(md5(self.read("p")), md5(first + second))
        # A client that did not see the answer asks again; another completion is another matter.
        self.assertEqual(complete(claims)["ETag"], done["ETag"])
        self.refused("NoSuchUpload", 404, complete, claims[:1])

    def test_upload_of_a_small_part_in_the_middle_is_refused(self):
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="p")
        named = {"Bucket": self.bucket, "Key": "p", "UploadId": begun["UploadId"]}
        claims = [{"PartNumber": n, "ETag": self.s3.upload_part(**named, PartNumber=n,
                                                                Body=b"small")["ETag"]}
                  for n in (1, 2)]
        self.refused("EntityTooSmall", 400, self.s3.complete_multipart_upload, **named,
                     MultipartUpload={"Parts": claims})

    def test_upload_aborted_leaves_nothing(self):
        before = self.endpoint.counters()["memory_bytes"]
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="p")
        named = {"Bucket": self.bucket, "Key": "p", "UploadId": begun["UploadId"]}
        self.s3.upload_part(**named, PartNumber=1, Body=content(MIB))
        self.assertGreaterEqual(self.endpoint.counters()["memory_bytes"], before + MIB)
        self.s3.abort_multipart_upload(**named)
        self.assertEqual(self.endpoint.counters()["memory_bytes"], before)
        self.refused("NoSuchUpload", 404, self.s3.upload_part, **named, PartNumber=1, Body=b"x")

    def test_upload_part_copied_is_a_range_of_its_source(self):
        data = content(6 * MIB)
        self.s3.put_object(Bucket=self.bucket, Key="source", Body=data)
        begun = self.s3.create_multipart_upload(Bucket=self.bucket, Key="p")
        named = {"Bucket": self.bucket, "Key": "p", "UploadId": begun["UploadId"]}
        source = {"Bucket": self.bucket, "Key": "source"}
        ranges = [(100, 5 * MIB + 100), (5 * MIB + 100, 6 * MIB)]
        claims = []
        for number, (first, end) in enumerate(ranges, 1):
            copied = self.s3.upload_part_copy(**named, PartNumber=number, CopySource=source,
                                              CopySourceRange=f"bytes={first}-{end - 1}")
            self.assertEqual(copied["CopyPartResult"]["ETag"], f'"{md5(data[first:end])}"')
            claims.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        self.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": claims})
        self.assertEqual(md5(self.read("p")), md5(data[100:]))


class Listings(EndpointCase):
    KEYS = [f"{d}/{e}/f{n:02d}" for d in "abc" for e in "xy" for n in range(7)] + ["top", "a", "z"]

    def setUp(self):
        super().setUp()
        for key in self.KEYS:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"1")

    def expected(self, prefix, delimiter):
        keys, prefixes = [], []
        for key in sorted(self.KEYS):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix):]
            if delimiter and delimiter in rest:
                rolled = prefix + rest.split(delimiter)[0] + delimiter
                if rolled not in prefixes:
                    prefixes.append(rolled)
            else:
                keys.append(key)
        return keys, prefixes

    def test_listing_by_pages_is_complete_and_in_order(self):
        for operation in ("list_objects_v2", "list_objects"):
            for prefix in ("", "a", "a/", "b/x/", "none"):
                for delimiter in ("", "/"):
                    for size in (1, 2, 5, 1000):
                        with self.subTest(operation, prefix=prefix, delimiter=delimiter, size=size):
                            pages = list(self.s3.get_paginator(operation).paginate(
                                Bucket=self.bucket, Prefix=prefix, Delimiter=delimiter,
                                PaginationConfig={"PageSize": size}))
                            keys = [o["Key"] for p in pages for o in p.get("Contents", [])]
                            prefixes = [c["Prefix"] for p in pages
                                        for c in p.get("CommonPrefixes", [])]
                            self.assertEqual((keys, prefixes), self.expected(prefix, delimiter))
                            for page in pages:
                                self.assertLessEqual(len(page.get("Contents", [])) +
                                                     len(page.get("CommonPrefixes", [])), size)

    def test_listing_starts_after_what_it_is_told(self):
        got = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="c/x/f03")
        keys = [o["Key"] for o in got["Contents"]]
        self.assertEqual(keys, [k for k in sorted(self.KEYS) if k > "c/x/f03"])

    def test_listing_with_a_wrong_token_is_refused(self):
        self.refused("InvalidArgument", 400, self.s3.list_objects_v2, Bucket=self.bucket,
                     ContinuationToken="not base64!")


if __name__ == "__main__":
    unittest.main()
