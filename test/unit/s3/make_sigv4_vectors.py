#!/usr/bin/env python3
"""Makes test/data/sigv4_botocore.json: requests signed by botocore, which is not ours.

Run by hand with Debian's python3-botocore when a case is added; the result is committed. Keys,
queries and field values are full of reserved and non-ASCII characters, drawn from a fixed seed.

    /usr/bin/python3 test/unit/s3/make_sigv4_vectors.py > test/data/sigv4_botocore.json
"""

import datetime
import json
import random
import sys
import unittest.mock
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials

ALPHABET = (
    "abcXYZ0189-._~/ !\"#$%&'()*+,:;<=>?@[\\]^`{|}\t\x01\x7f"
    "\u00e4\u00df\u00e9\u03b1\u042f\u20ac\u4e2d\u65e5\U0001f374\u0301"
)
DRAW = random.Random(20130524)


def text(longest, alphabet=ALPHABET):
    return "".join(DRAW.choice(alphabet) for _ in range(DRAW.randint(0, longest)))


def query():
    names = ["prefix", "delimiter", "max-keys", "continuation-token", "uploads", "X-Id", "a", "A",
             "ä"]
    pairs = [[name, text(12)] for name in DRAW.sample(names, DRAW.randint(0, 4))]
    if pairs and DRAW.random() < 0.3:
        pairs.append([pairs[0][0], text(6)])  # a name twice, in the order of the values
    return pairs


def headers():
    out = {}
    if DRAW.random() < 0.5:
        out["x-amz-meta-" + text(6, "abcdefgh")] = "v" + text(10, "abc  \t ,:=") + "w"
    if DRAW.random() < 0.3:
        out["Content-Type"] = "text/plain; charset=utf-8"
    if DRAW.random() < 0.3:
        out["Range"] = "bytes=0-%d" % DRAW.randint(0, 10**12)
    return out


def case(number):
    who = {
        "access_key": "AK" + text(18, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "secret_key": "s" + text(40, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789+/"),
        "session_token": "t" + text(200, "abcdefABCDEF0123456789+/=") if number % 4 == 0 else "",
    }
    region = DRAW.choice(["us-east-1", "eu-west-3", "default", "my-zone-1"])
    # The hours around midnight, and every other time.
    when = datetime.datetime(2013, 5, 24) + datetime.timedelta(
        seconds=DRAW.choice([-1, 0, 1, DRAW.randint(-10**9, 10**9)]))
    host = DRAW.choice(["s3.example.net", "rgw:8000", "[::1]:9000"])
    path = "/bucket/" + text(40)
    pairs = query()
    # What is on the wire: the encoding that botocore gives to keys and queries.
    url = "http://" + host + urllib.parse.quote(path, safe="/~")
    if pairs:
        url += "?" + "&".join(
            urllib.parse.quote(n, safe="-_.~") + "=" + urllib.parse.quote(v, safe="-_.~")
            for n, v in pairs)
    body = bytes(DRAW.getrandbits(8) for _ in range(DRAW.randint(0, 64)))
    presigned = number % 3 == 0
    if presigned:
        body = b""
    method = "GET" if presigned else DRAW.choice(["GET", "PUT", "HEAD", "DELETE", "POST"])
    request = botocore.awsrequest.AWSRequest(
        method=method, url=url, data=body, headers={} if presigned else headers())
    if not presigned and DRAW.random() < 0.4:
        request.context["payload_signing_enabled"] = False
        request.context["client_config"] = unittest.mock.Mock(s3={"payload_signing_enabled": False})
    credentials = botocore.credentials.Credentials(
        who["access_key"], who["secret_key"], who["session_token"] or None)
    expires = DRAW.randint(1, 604800)
    if presigned:
        auth = botocore.auth.S3SigV4QueryAuth(credentials, "s3", region, expires=expires)
    else:
        auth = botocore.auth.S3SigV4Auth(credentials, "s3", region)
    seen = {}
    for name in ("canonical_request", "string_to_sign"):
        plain = getattr(auth, name)

        def spy(*args, _plain=plain, _name=name):
            seen[_name] = _plain(*args)
            return seen[_name]

        setattr(auth, name, spy)
    clock = unittest.mock.Mock(wraps=datetime.datetime)
    clock.utcnow.return_value = when
    module = unittest.mock.Mock(wraps=datetime)
    module.datetime = clock
    with unittest.mock.patch.object(botocore.auth, "datetime", module):
        auth.add_auth(request)
    target = request.url[len("http://" + host):]
    sent = [["Host", host]] + [[n, v] for n, v in request.headers.items()]
    return {
        "who": who,
        "region": region,
        "now_s": int((when - datetime.datetime(1970, 1, 1)).total_seconds()),
        "method": method,
        "raw_path": path,
        "query": pairs,
        "target": target,
        "headers": sent,
        "presigned": presigned,
        "expires_s": expires if presigned else 0,
        "canonical_request": seen["canonical_request"],
        "string_to_sign": seen["string_to_sign"],
    }


json.dump(
    {"made_by": "botocore " + botocore.__version__, "cases": [case(i) for i in range(150)]},
    sys.stdout, indent=0, ensure_ascii=True, sort_keys=True)
sys.stdout.write("\n")
