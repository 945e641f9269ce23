"""Who gets in to the embedded endpoint and how: requests that nobody signs, access lists, forms of
browsers, and signatures of version 2, as boto3 and plain HTTP send them."""

import http.client
import threading
import unittest
import urllib.parse
import urllib.request

import boto3
import botocore
import botocore.client

from endpoint_fixture import ACCESS_KEY, SECRET_KEY, EndpointCase, content, make_client, md5

BOUNDARY = "form-of-a-test"


def client(url, signature):
    config = botocore.client.Config(
        s3={"addressing_style": "path"}, retries={"max_attempts": 0}, signature_version=signature
    )
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=ACCESS_KEY,
                        aws_secret_access_key=SECRET_KEY, region_name="us-east-1", config=config)


def form(fields, data, filename="f.bin"):
    """The body of a form, the file behind the fields."""
    body = b""
    for name, value in fields.items():
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                 f"{value}\r\n").encode()
    body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
             f'filename="{filename}"\r\n\r\n').encode()
    return body + data + f"\r\n--{BOUNDARY}--\r\n".encode()


class Access(EndpointCase):
    OPTIONS = ("--threads", "2", "--user", "other:other-secret")

    def setUp(self):
        super().setUp()
        self.stranger = client(self.endpoint.url, botocore.UNSIGNED)
        self.other = make_client(self.endpoint.url, "other", "other-secret")

    def post(self, url, fields, data, **more):
        """Status, fields and body of the answer."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=120)
        try:
            connection.request("POST", parts.path, body=form(fields, data, **more),
                               headers={"Content-Type":
                                        f"multipart/form-data; boundary={BOUNDARY}"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def test_a_public_object_is_read_by_anybody(self):
        data = content(100_000)
        self.s3.put_object(Bucket=self.bucket, Key="open", Body=data, ACL="public-read")
        self.s3.put_object(Bucket=self.bucket, Key="shut", Body=data)
        got = self.stranger.get_object(Bucket=self.bucket, Key="open")["Body"].read()
        self.assertEqual(md5(got), md5(data))
        self.refused("AccessDenied", 403, self.stranger.get_object, Bucket=self.bucket, Key="shut")
        self.refused("AccessDenied", 403, self.stranger.list_objects_v2, Bucket=self.bucket)
        self.s3.put_object_acl(Bucket=self.bucket, Key="open", ACL="private")
        self.refused("AccessDenied", 403, self.stranger.get_object, Bucket=self.bucket, Key="open")

    def test_a_bucket_that_all_may_write_takes_all_that_is_sent(self):
        self.s3.put_bucket_acl(Bucket=self.bucket, ACL="public-read-write")
        for size in (5, 70_000, 3 << 20):
            data = content(size, size)
            self.stranger.put_object(Bucket=self.bucket, Key=f"k{size}", Body=data,
                                     ACL="bucket-owner-full-control")
            self.assertEqual(md5(self.read(f"k{size}")), md5(data))
        listed = self.stranger.list_objects_v2(Bucket=self.bucket, FetchOwner=True)["Contents"]
        self.assertEqual(len(listed), 3)
        self.assertNotIn(ACCESS_KEY, [o["Owner"]["ID"] for o in listed])
        upload = self.other.create_multipart_upload(Bucket=self.bucket, Key="m")["UploadId"]
        part = self.other.upload_part(Bucket=self.bucket, Key="m", UploadId=upload, PartNumber=1,
                                      Body=b"part")
        self.other.complete_multipart_upload(
            Bucket=self.bucket, Key="m", UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        self.assertEqual(self.other.get_object_acl(Bucket=self.bucket, Key="m")["Owner"]["ID"],
                         "other")
        self.refused("AccessDenied", 403, self.s3.get_object, Bucket=self.bucket, Key="m")

    def test_a_grant_is_told_and_taken_back(self):
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x", GrantRead='id="other"',
                           GrantFullControl=f"id={ACCESS_KEY}")
        self.assertEqual(self.other.get_object(Bucket=self.bucket, Key="k")["Body"].read(), b"x")
        acl = self.s3.get_object_acl(Bucket=self.bucket, Key="k")
        self.assertEqual([(g["Grantee"]["ID"], g["Permission"]) for g in acl["Grants"]],
                         [("other", "READ"), (ACCESS_KEY, "FULL_CONTROL")])
        self.s3.put_object_acl(Bucket=self.bucket, Key="k", AccessControlPolicy={
            "Owner": acl["Owner"], "Grants": acl["Grants"][1:]})
        self.refused("AccessDenied", 403, self.other.get_object, Bucket=self.bucket, Key="k")

    def test_a_block_of_public_access_shuts_what_was_open(self):
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x", ACL="public-read")
        block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
                 "RestrictPublicBuckets": False}
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=block)
        self.assertEqual(self.s3.get_public_access_block(
            Bucket=self.bucket)["PublicAccessBlockConfiguration"], block)
        self.refused("AccessDenied", 403, self.stranger.get_object, Bucket=self.bucket, Key="k")
        self.refused("AccessDenied", 403, self.s3.put_bucket_acl, Bucket=self.bucket,
                     ACL="public-read")
        self.s3.delete_public_access_block(Bucket=self.bucket)
        self.stranger.get_object(Bucket=self.bucket, Key="k")

    def test_a_form_of_each_signature_is_taken(self):
        for signature in ("s3v4", "s3"):
            signer = client(self.endpoint.url, signature)
            for size in (0, 100, (5 << 20) + 3):
                with self.subTest(signature=signature, size=size):
                    data = content(size, size)
                    sent = signer.generate_presigned_post(
                        self.bucket, "in/${filename}", {"x-amz-meta-a": "b"},
                        [{"x-amz-meta-a": "b"}, ["content-length-range", 0, 6 << 20]])
                    status, fields, _ = self.post(sent["url"], sent["fields"], data,
                                                  filename=f"{size}.bin")
                    self.assertEqual(status, 204)
                    self.assertEqual(fields["ETag"], f'"{md5(data)}"')
                    got = self.s3.get_object(Bucket=self.bucket, Key=f"in/{size}.bin")
                    self.assertEqual(md5(got["Body"].read()), md5(data))
                    self.assertEqual(got["Metadata"], {"a": "b"})

    def test_a_form_that_says_more_than_its_policy_is_refused(self):
        sent = self.s3.generate_presigned_post(self.bucket, "k", None,
                                               [["content-length-range", 1, 10]])
        for fields, data, status, code in (
                (sent["fields"] | {"acl": "public-read"}, b"x", 403, b"AccessDenied"),
                (sent["fields"] | {"key": "other"}, b"x", 403, b"AccessDenied"),
                (sent["fields"], b"", 400, b"EntityTooSmall"),
                (sent["fields"], b"x" * 11, 400, b"EntityTooLarge"),
                (sent["fields"] | {"policy": "e30="}, b"x", 403, b"SignatureDoesNotMatch"),
                ({"key": "k"}, b"x", 403, b"AccessDenied")):
            got, _, body = self.post(sent["url"], fields, data)
            self.assertEqual(got, status, body)
            self.assertIn(b"<Code>" + code + b"</Code>", body)
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_version_2_signs_all_that_version_4_does(self):
        old = client(self.endpoint.url, "s3")
        old.create_bucket(Bucket="of-version-2")
        data = content(200_000)
        old.put_object(Bucket="of-version-2", Key="a b/ü+", Body=data, ContentType="t/t",
                       Metadata={"z": "1", "a": "2"})
        got = old.get_object(Bucket="of-version-2", Key="a b/ü+", ResponseContentType="u/u")
        self.assertEqual(md5(got["Body"].read()), md5(data))
        self.assertEqual(got["ContentType"], "u/u")
        # Some botocore sign the query twice, which no server takes: what has none is enough here.
        old.delete_object(Bucket="of-version-2", Key="a b/ü+")
        old.delete_bucket(Bucket="of-version-2")

    def test_a_url_of_version_2_is_good_until_it_expires(self):
        old = client(self.endpoint.url, "s3")
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x")
        where = {"Bucket": self.bucket, "Key": "k"}
        url = old.generate_presigned_url("get_object", where, ExpiresIn=100)
        self.assertIn("AWSAccessKeyId", url)
        with urllib.request.urlopen(url, timeout=120) as answer:
            self.assertEqual(answer.read(), b"x")
        for bad in (old.generate_presigned_url("get_object", where, ExpiresIn=-10),
                    url.replace("/k?", "/l?")):
            with self.assertRaises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(bad, timeout=120)
            self.assertEqual(raised.exception.code, 403)

    def test_appends_of_many_at_a_time_lose_none(self):
        each, writers = 40, 3

        def append():
            mine = make_client(self.endpoint.url)
            size, done = 0, 0

            def position(params, **unused):
                params["url"] += f"?append&position={size}"

            mine.meta.events.register("before-call.s3.PutObject", position)
            while done < each:
                try:
                    answer = mine.put_object(Bucket=self.bucket, Key="k", Body=b"x" * 10)
                    done += 1
                except botocore.exceptions.ClientError as refused:
                    self.assertEqual(refused.response["Error"]["Code"],
                                     "PositionNotEqualToLength")
                    answer = refused.response
                size = int(answer["ResponseMetadata"]["HTTPHeaders"]
                           ["x-rgw-next-append-position"])

        failed = []

        def run():
            try:
                append()
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=run) for _ in range(writers)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failed, [])
        self.assertEqual(len(self.read("k")), 10 * each * writers)


if __name__ == "__main__":
    unittest.main()
