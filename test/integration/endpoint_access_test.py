"""Who gets in to the embedded endpoint and how: requests that nobody signs, access lists, forms of
browsers, and signatures of version 2, as boto3 and plain HTTP send them."""

import http.client
import json
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

    def test_a_policy_opens_and_denies(self):
        def allow(effect, action, resource, **more):
            return {"Effect": effect, "Principal": "*", "Action": action,
                    "Resource": f"arn:aws:s3:::{self.bucket}{resource}", **more}

        def set_policy(*statements):
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.s3.put_bucket_policy(Bucket=self.bucket, Policy=document)
            self.assertEqual(self.s3.get_bucket_policy(Bucket=self.bucket)["Policy"], document)

        data = content(100_000)
        self.s3.put_object(Bucket=self.bucket, Key="open/k", Body=data)
        self.s3.put_object(Bucket=self.bucket, Key="shut/k", Body=data)
        set_policy(allow("Allow", ["s3:GetObject", "s3:PutObject"], "/open/*"),
                   allow("Allow", "s3:ListBucket", "",
                         Condition={"StringEquals": {"s3:prefix": "open/"}}),
                   allow("Deny", "s3:PutObject", "/*",
                         Condition={"StringLike": {"s3:x-amz-acl": "public*"}}))
        for who in (self.other, self.stranger):
            got = who.get_object(Bucket=self.bucket, Key="open/k")["Body"].read()
            self.assertEqual(md5(got), md5(data))
            self.refused("AccessDenied", 403, who.get_object, Bucket=self.bucket, Key="shut/k")
            self.refused("AccessDenied", 403, who.delete_object, Bucket=self.bucket, Key="open/k")
            self.assertEqual(who.list_objects_v2(Bucket=self.bucket, Prefix="open/")["KeyCount"], 1)
            self.refused("AccessDenied", 403, who.list_objects_v2, Bucket=self.bucket)
        upload = self.other.create_multipart_upload(Bucket=self.bucket, Key="open/m")["UploadId"]
        part = self.other.upload_part(Bucket=self.bucket, Key="open/m", UploadId=upload,
                                      PartNumber=1, Body=b"part")
        self.other.complete_multipart_upload(
            Bucket=self.bucket, Key="open/m", UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        for who in (self.s3, self.other):
            self.refused("AccessDenied", 403, who.put_object, Bucket=self.bucket, Key="open/n",
                         Body=b"x", ACL="public-read")
        status, _, _ = self.post(f"{self.endpoint.url}/{self.bucket}", {"key": "open/f"}, b"form")
        self.assertEqual(status, 204)
        status, _, _ = self.post(f"{self.endpoint.url}/{self.bucket}", {"key": "shut/f"}, b"form")
        self.assertEqual(status, 403)
        self.assertTrue(self.s3.get_bucket_policy_status(
            Bucket=self.bucket)["PolicyStatus"]["IsPublic"])
        self.refused("NotImplemented", 501, self.s3.put_bucket_policy, Bucket=self.bucket,
                     Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow(
                         "Allow", "s3:GetObject", "/*",
                         Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})]}))
        self.s3.delete_bucket_policy(Bucket=self.bucket)
        self.refused("AccessDenied", 403, self.other.get_object, Bucket=self.bucket, Key="open/k")
        self.refused("NoSuchBucketPolicy", 404, self.s3.get_bucket_policy, Bucket=self.bucket)

    def test_pages_of_other_origins_are_told_what_they_may(self):
        rules = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example"],
                  "AllowedHeaders": ["x-amz-*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": rules})
        self.assertEqual(self.s3.get_bucket_cors(Bucket=self.bucket)["CORSRules"], rules)
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x")

        def ask(method, path, **headers):
            connection = http.client.HTTPConnection(self.endpoint.host, timeout=120)
            try:
                connection.request(method, path, headers={
                    name.replace("_", "-"): value for name, value in headers.items()})
                answer = connection.getresponse()
                answer.read()
                return answer.status, answer.headers
            finally:
                connection.close()

        origin = "https://page.example"
        wanted = {"Origin": origin, "Access_Control_Request_Method": "PUT"}
        status, told = ask("OPTIONS", f"/{self.bucket}/k", **wanted,
                           Access_Control_Request_Headers="x-amz-date")
        self.assertEqual(status, 200)
        self.assertEqual(told["Access-Control-Allow-Origin"], origin)
        self.assertEqual(told["Access-Control-Allow-Methods"], "GET, PUT")
        self.assertEqual(told["Access-Control-Max-Age"], "60")
        url = urllib.parse.urlsplit(self.s3.generate_presigned_url(
            "get_object", {"Bucket": self.bucket, "Key": "k"}))
        signed = f"{url.path}?{url.query}"
        for path, status in ((signed, 200), (url.path, 403), (signed.replace("/k?", "/l?"), 403)):
            got, told = ask("GET", path, Origin=origin)
            self.assertEqual(got, status)
            self.assertEqual(told["Access-Control-Allow-Origin"], origin)
            self.assertEqual(told["Access-Control-Expose-Headers"], "ETag")
        self.assertNotIn("Access-Control-Allow-Origin",
                         ask("GET", signed, Origin="https://evil.test")[1])
        for refused in (wanted | {"Origin": "https://evil.test"},
                        wanted | {"Access_Control_Request_Method": "DELETE"},
                        wanted | {"Access_Control_Request_Headers": "authorization"}):
            self.assertEqual(ask("OPTIONS", f"/{self.bucket}/k", **refused)[0], 403)
        self.s3.delete_bucket_cors(Bucket=self.bucket)
        self.assertEqual(ask("OPTIONS", f"/{self.bucket}/k", **wanted)[0], 403)
        self.refused("NoSuchCORSConfiguration", 404, self.s3.get_bucket_cors, Bucket=self.bucket)

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
