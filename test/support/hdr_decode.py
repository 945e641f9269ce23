"""Reads HdrHistogram V2 compressed histograms, written independently of the C++ code.

For tests that hold a result file's histograms against its printed percentiles. Only the standard
library; malformed input raises ValueError (or zlib.error, struct.error).
"""

import base64
import math
import struct
import zlib

_HEADER = struct.Struct(">IIIIqqQ")


class Histogram:
    """Counts by bucket: `counts` maps (lowest, highest) value of a bucket to its count."""

    def __init__(self, significant_digits, lowest, highest, counts):
        self.significant_digits = significant_digits
        self.lowest = lowest
        self.highest = highest
        self.counts = counts

    @property
    def count(self):
        return sum(self.counts.values())

    def value_at_percentile(self, percentile):
        """The highest value of the percentile's bucket; at 0 the lowest of the first."""
        if not self.counts:
            return 0
        buckets = sorted(self.counts.items())
        if percentile <= 0:
            return buckets[0][0][0]
        exact = math.nextafter(min(percentile, 100.0), 0.0) * self.count / 100.0
        rank = max(1, math.ceil(exact))
        for (_, highest), count in buckets:
            rank -= count
            if rank <= 0:
                return highest
        return buckets[-1][0][1]

    def count_at_or_below(self, value):
        return sum(n for (lowest, _), n in self.counts.items() if lowest <= value)

    def mean(self):
        total = self.count
        middles = sum((low + high + 1) // 2 * n for (low, high), n in self.counts.items())
        return middles / total if total else 0.0


def _numbers(payload):
    """ZigZag LEB128: seven bits a byte, the ninth byte all eight."""
    at = 0
    while at < len(payload):
        raw = 0
        for position in range(9):
            if at == len(payload):
                raise ValueError("payload ends inside of a number")
            byte = payload[at]
            at += 1
            if position == 8:
                raw |= byte << 56
                break
            raw |= (byte & 0x7F) << 7 * position
            if byte < 0x80:
                break
        yield raw >> 1 if raw & 1 == 0 else -(raw + 1 >> 1)


def _bucket(index, sub_bucket_bits, unit_bits):
    """The lowest and the highest value that are counted at an index."""
    half = 1 << sub_bucket_bits - 1
    shift = max(index // half - 1, 0)
    position = index - shift * half
    lowest = position << shift + unit_bits
    return lowest, lowest + (1 << shift + unit_bits) - 1


def decode(text):
    """The Histogram that a "HISTFAAAA..." string holds."""
    frame = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack_from(">II", frame)
    if cookie != 0x1C849314:
        raise ValueError(f"not a compressed V2 histogram: cookie {cookie:#x}")
    if length != len(frame) - 8:
        raise ValueError(f"{len(frame) - 8} bytes instead of {length}")
    plain = zlib.decompress(frame[8:])
    cookie, length, _, digits, lowest, highest, _ = _HEADER.unpack_from(plain)
    if cookie != 0x1C849313:
        raise ValueError(f"not a V2 histogram: cookie {cookie:#x}")
    payload = plain[_HEADER.size:]
    if length != len(payload):
        raise ValueError(f"{len(payload)} bytes of counts instead of {length}")
    if not 0 <= digits <= 5 or lowest < 1 or highest < 2 * lowest:
        raise ValueError("impossible header")

    sub_bucket_bits = max((2 * 10**digits - 1).bit_length(), 1)
    unit_bits = lowest.bit_length() - 1
    counts = {}
    index = 0
    for number in _numbers(payload):
        if number < 0:
            index -= number
            continue
        if number > 0:
            counts[_bucket(index, sub_bucket_bits, unit_bits)] = number
        index += 1
    return Histogram(digits, lowest, highest, counts)
