"""Signatures, body checks, limits, TLS and concurrency of the embedded endpoint."""

import base64
import hashlib
import io
import json
import os
import socket
import ssl
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
import zlib

from endpoint_fixture import Endpoint, EndpointCase, content, make_client, md5, send

MIB = 1 << 20


class Signatures(EndpointCase):
    def test_wrong_secret_is_refused(self):
        other = make_client(self.endpoint.url, secret_key="wrong")
        self.refused("SignatureDoesNotMatch", 403, other.list_buckets)

    def test_unknown_access_key_is_refused(self):
        other = make_client(self.endpoint.url, access_key="nobody")
        self.refused("InvalidAccessKeyId", 403, other.list_buckets)

    def test_wrong_region_is_refused_with_the_right_one(self):
        status, _, body = send(self.endpoint, "GET", f"/{self.bucket}", region="eu-west-9")
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>AuthorizationHeaderMalformed</Code>", body)
        self.assertIn(b"<Region>us-east-1</Region>", body)

    def test_no_signature_is_refused(self):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{self.endpoint.url}/{self.bucket}", timeout=120)
        self.assertEqual(raised.exception.code, 403)
        self.assertIn(b"<Code>AccessDenied</Code>", raised.exception.read())

    def test_old_request_is_refused(self):
        headers = {"X-Amz-Date": "20200101T000000Z", "Host": self.endpoint.host,
                   "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=chopsticks/20200101/us-east-1/s3/"
                                    "aws4_request, SignedHeaders=host;x-amz-content-sha256;"
                                    "x-amz-date, Signature=" + "0" * 64}
        request = urllib.request.Request(f"{self.endpoint.url}/{self.bucket}", headers=headers)
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request, timeout=120)
        self.assertEqual(raised.exception.code, 403)
        self.assertIn(b"<Code>RequestTimeTooSkewed</Code>", raised.exception.read())

    def test_presigned_url_serves_until_it_is_changed(self):
        data = content(12345)
        key = "signed key/ä+b"
        url = self.s3.generate_presigned_url("put_object",
                                             Params={"Bucket": self.bucket, "Key": key})
        put = urllib.request.Request(url, method="PUT", data=data)
        self.assertEqual(urllib.request.urlopen(put, timeout=120).status, 200)
        url = self.s3.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key,
                                  "ResponseContentType": "text/presigned"})
        with urllib.request.urlopen(url, timeout=120) as got:
            self.assertEqual(got.headers["Content-Type"], "text/presigned")
            self.assertEqual(md5(got.read()), md5(data))
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(url.replace("presigned", "otherwise"), timeout=120)
        self.assertIn(b"SignatureDoesNotMatch", raised.exception.read())


class Bodies(EndpointCase):
    def put(self, headers, body, **signing):
        return send(self.endpoint, "PUT", f"/{self.bucket}/k", headers, body, **signing)

    def test_content_md5_decides(self):
        good = base64.b64encode(hashlib.md5(b"body").digest()).decode()
        self.assertEqual(self.put({"Content-MD5": good}, b"body")[0], 200)
        status, _, body = self.put({"Content-MD5": good}, b"else")
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>BadDigest</Code>", body)
        self.assertIn(b"<Code>InvalidDigest</Code>", self.put({"Content-MD5": "short"}, b"body")[2])
        self.assertEqual(self.read("k"), b"body")

    def test_payload_hash_decides(self):
        good = hashlib.sha256(b"body").hexdigest()
        self.assertEqual(self.put({}, b"body", payload_hash=good)[0], 200)
        status, _, body = self.put({}, b"else", payload_hash=good)
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>XAmzContentSHA256Mismatch</Code>", body)
        self.assertEqual(self.put({}, b"more", payload_hash="UNSIGNED-PAYLOAD")[0], 200)
        self.assertEqual(self.read("k"), b"more")

    def test_checksums_of_boto3_are_checked(self):
        data = content(MIB + 1)
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            put = self.s3.put_object(Bucket=self.bucket, Key="k", Body=data,
                                     ChecksumAlgorithm=algorithm)
            self.assertIn(f"Checksum{algorithm}", put)
        self.refused("BadDigest", 400, self.s3.put_object, Bucket=self.bucket, Key="k", Body=data,
                     ChecksumCRC32=base64.b64encode(b"\0\0\0\0").decode())

    def trailer(self, data, checksum, chunk=100_000, length=None):
        pieces = [data[i:i + chunk] for i in range(0, len(data), chunk)]
        coded = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
        coded += b"0\r\nx-amz-checksum-crc32:" + base64.b64encode(checksum) + b"\r\n\r\n"
        return self.put({"Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32",
                         "X-Amz-Decoded-Content-Length": str(length or len(data))}, coded,
                        payload_hash="STREAMING-UNSIGNED-PAYLOAD-TRAILER")

    def test_chunked_upload_with_trailer_is_decoded_and_checked(self):
        data = content(2 * MIB + 7)
        crc = zlib.crc32(data).to_bytes(4, "big")
        self.assertEqual(self.trailer(data, crc)[0], 200)
        self.assertEqual(md5(self.read("k")), md5(data))
        self.assertNotIn("ContentEncoding", self.s3.head_object(Bucket=self.bucket, Key="k"))
        self.assertIn(b"BadDigest", self.trailer(data, b"\0\0\0\0")[2])
        self.assertIn(b"IncompleteBody", self.trailer(data, crc, length=len(data) + 1)[2])
        self.assertIn(b"IncompleteBody", self.trailer(data, crc, length=len(data) - 1)[2])
        self.assertEqual(md5(self.read("k")), md5(data))

    def test_virtual_host_names_the_bucket(self):
        host = f"{self.bucket}.localhost:{self.endpoint.host.rsplit(':', 1)[1]}"
        self.assertEqual(send(self.endpoint, "PUT", "/in/host", body=b"by host", host=host)[0], 200)
        self.assertEqual(self.read("in/host"), b"by host")
        status, _, body = send(self.endpoint, "GET", "/?list-type=2", host=host)
        self.assertEqual(status, 200)
        self.assertIn(b"<Key>in/host</Key>", body)


class Limits(EndpointCase):
    OPTIONS = ("--memory", "8MiB", "--etag", "fast")

    def test_memory_cap_refuses_and_recovers(self):
        data = content(6 * MIB)
        self.s3.put_object(Bucket=self.bucket, Key="a", Body=data)
        self.refused("InsufficientStorage", 503, self.s3.put_object, Bucket=self.bucket, Key="b",
                     Body=data)
        self.assertEqual(md5(self.read("a")), md5(data))
        self.s3.delete_object(Bucket=self.bucket, Key="a")
        etag = self.s3.put_object(Bucket=self.bucket, Key="b", Body=data)["ETag"]
        self.assertRegex(etag, '^"[0-9a-f]{32}-1"$')
        self.assertEqual(md5(self.read("b")), md5(data))


class Discarding(EndpointCase):
    OPTIONS = ("--memory", "64KiB", "--no-bodies")

    def test_bodies_not_kept_come_back_as_zeros(self):
        data = content(5 * MIB + 3)
        etag = self.s3.put_object(Bucket=self.bucket, Key="k", Body=data)["ETag"]
        self.assertEqual(etag, f'"{md5(data)}"')
        self.assertEqual(self.read("k"), bytes(len(data)))
        self.assertEqual(self.read("k", Range="bytes=-9"), bytes(9))
        self.assertEqual(self.endpoint.counters()["object_bytes"], len(data))


class Tls(unittest.TestCase):
    def test_sessions_are_resumed_and_counted(self):
        with tempfile.TemporaryDirectory() as folder, Endpoint("--tls", folder) as endpoint:
            context = ssl.create_default_context(cafile=os.path.join(folder, "cert.pem"))
            host, port = endpoint.host.split(":")
            session = None
            for _ in range(2):
                with socket.create_connection((host, int(port)), timeout=120) as plain:
                    with context.wrap_socket(plain, server_hostname=host, session=session) as tls:
                        tls.sendall(b"GET /_chopsticks/counters HTTP/1.1\r\nHost: x\r\n"
                                    b"Connection: close\r\n\r\n")
                        answer = b""
                        while piece := tls.recv(65536):
                            answer += piece
                        session = tls.session
            counters = json.loads(answer.partition(b"\r\n\r\n")[2])
            self.assertEqual(counters["tls_handshakes"], 2)
            self.assertEqual(counters["tls_resumed"], 1)

    def test_https_serves_and_trailers_are_checked(self):
        with tempfile.TemporaryDirectory() as folder:
            with Endpoint("--tls", folder) as endpoint:
                self.assertTrue(endpoint.url.startswith("https://"))
                s3 = make_client(endpoint.url, verify=os.path.join(folder, "cert.pem"))
                s3.create_bucket(Bucket="tls")
                data = content(3 * MIB)
                # Over TLS boto3 sends a stream's checksum behind the body.
                s3.put_object(Bucket="tls", Key="k", Body=io.BytesIO(data),
                              ChecksumAlgorithm="CRC32")
                got = s3.get_object(Bucket="tls", Key="k")["Body"].read()
                self.assertEqual(md5(got), md5(data))
                self.assertEqual(os.stat(os.path.join(folder, "key.pem")).st_mode & 0o777, 0o600)


class Concurrency(EndpointCase):
    def test_clients_at_the_same_time_do_not_disturb_each_other(self):
        failures = []

        def work(number):
            try:
                s3 = make_client(self.endpoint.url)
                for i in range(30):
                    data = content(1000 * i + number, number)
                    key = f"c{number}/{i % 7}"
                    s3.put_object(Bucket=self.bucket, Key=key, Body=data)
                    s3.put_object(Bucket=self.bucket, Key="shared", Body=data)
                    got = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                    if got != data:
                        failures.append((number, i))
                    shared = s3.get_object(Bucket=self.bucket, Key="shared")
                    if f'"{md5(shared["Body"].read())}"' != shared["ETag"]:
                        failures.append((number, i, "shared"))
                    s3.list_objects_v2(Bucket=self.bucket)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 6 * 7 + 1)


if __name__ == "__main__":
    unittest.main()
