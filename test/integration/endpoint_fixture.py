"""The embedded endpoint as a child process, boto3 clients for it, and a signed request for what
boto3 cannot say."""

import hashlib
import http.client
import json
import os
import random
import subprocess
import unittest
import urllib.parse
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import botocore.exceptions

ACCESS_KEY = "chopsticks"
SECRET_KEY = "chopsticks-secret"


class Endpoint:
    """Started with the given command-line options; a context manager."""

    def __init__(self, *options):
        program = os.environ["ENDPOINT_SERVER"]
        self.process = subprocess.Popen(
            [program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the endpoint did not start: {line!r}")
        self.url = line.removeprefix("listening on ")
        self.host = urllib.parse.urlsplit(self.url).netloc

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=120)
        self.process.stdout.close()
        if status != 0:
            raise RuntimeError(f"the endpoint ended with {status}")

    def control(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/_chopsticks/{path}",
            method=method,
            data=None if body is None else body.encode(),
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def counters(self):
        return self.control("GET", "counters")

    def set_faults(self, text):
        return self.control("POST", "faults", text)


def signed_headers(method, url, headers, body=b"", access_key=ACCESS_KEY, secret_key=SECRET_KEY,
                   region="us-east-1", payload_hash=None):
    """The fields of a request signed by botocore."""
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers)
    if payload_hash is not None:
        request.headers["X-Amz-Content-SHA256"] = payload_hash
    signer = botocore.auth.S3SigV4Auth(
        botocore.credentials.Credentials(access_key, secret_key), "s3", region
    )
    if payload_hash is not None:
        signer.payload = lambda unused: payload_hash
    signer.add_auth(request)
    return dict(request.headers.items())


def send(endpoint, method, path, headers=None, body=b"", host=None, **signing):
    """One request on a connection of its own: status, fields, body."""
    connection = http.client.HTTPConnection(endpoint.host, timeout=120)
    wire_host = host or endpoint.host
    fields = signed_headers(method, f"http://{wire_host}{path}", dict(headers or {}), body,
                            **signing)
    fields["Host"] = wire_host
    try:
        connection.request(method, path, body=body, headers=fields)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def content(size, seed=0):
    return random.Random(seed).randbytes(size)


def md5(data):
    return hashlib.md5(data).hexdigest()


def make_client(url, access_key=ACCESS_KEY, secret_key=SECRET_KEY, region="us-east-1", **more):
    config = botocore.client.Config(
        s3={"addressing_style": "path"}, retries={"max_attempts": 0}, signature_version="s3v4"
    )
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=access_key,
                        aws_secret_access_key=secret_key, region_name=region, config=config, **more)


class EndpointCase(unittest.TestCase):
    OPTIONS = ("--threads", "2")

    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint(*cls.OPTIONS)
        cls.addClassCleanup(cls.endpoint.close)
        cls.s3 = make_client(cls.endpoint.url)

    def setUp(self):
        self.bucket = "b-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[:58].strip("-")
        self.s3.create_bucket(Bucket=self.bucket)

    def refused(self, code, status, call, *arguments, **named):
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            call(*arguments, **named)
        error = raised.exception.response
        self.assertEqual(error["Error"]["Code"], code)
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], status)
        return error

    def read(self, key, **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)["Body"].read()
