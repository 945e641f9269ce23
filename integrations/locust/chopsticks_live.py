"""What a load has come to so far over all its workers, from what each tells of its own."""

import base64
import collections
import logging
import math
import struct
import zlib

log = logging.getLogger("chopsticks")

HISTOGRAM_BYTES_MOST = 1 << 20
HEADER = struct.Struct(">IIIIqqQ")


def counts_of(text):
    """By the highest value of their bucket, of a histogram in HdrHistogram's V2 encoding. Anything
    else is a ValueError, struct.error or zlib.error."""
    frame = base64.b64decode(text, validate=True)
    inflate = zlib.decompressobj()
    plain = inflate.decompress(frame[8:], HISTOGRAM_BYTES_MOST)
    cookie, _, _, digits, _, _, _ = HEADER.unpack_from(plain)
    if cookie != 0x1C849313 or not 0 <= digits <= 5:
        raise ValueError("no histogram of HdrHistogram V2")
    half_bits = (2 * 10**digits - 1).bit_length() - 1
    out, index, raw, shift = {}, 0, 0, 0
    for byte in plain[HEADER.size:]:
        # LEB128 in which the ninth byte has all its bits; ZigZag: negative ones are empty buckets.
        last = shift == 56
        raw |= (byte if last else byte & 0x7F) << shift
        shift += 7
        if byte >= 0x80 and not last:
            continue
        number = raw >> 1 if raw & 1 == 0 else -((raw + 1) >> 1)
        raw = shift = 0
        if number < 0:
            index -= number
            continue
        if number:
            octave = max((index >> half_bits) - 1, 0)
            low = (index - (octave << half_bits)) << octave
            out[low + (1 << octave) - 1] = number
        index += 1
        if index > 1 << 20:
            raise ValueError("a histogram without end")
    return out


def figures_of(counts):
    """As a result has them: those of sums, never means of percentiles."""
    total = sum(counts.values())
    if not total:
        return None
    out, seen = {}, 0
    wanted = [("p50_ns", 50), ("p99_ns", 99), ("p999_ns", 99.9), ("max_ns", 100)]
    for value, count in sorted(counts.items()):
        seen += count
        while wanted and seen >= max(1, math.ceil(total * wanted[0][1] / 100)):
            out[wanted.pop(0)[0]] = value
    return out


class WorkerSoFar:
    """What one told last; all of its load, each time."""

    def __init__(self, data):
        self.seconds = float(data["seconds"])
        self.busiest_core = float(data["busiest_core"])
        self.kept_up = bool(data["kept_up"])
        self.operations = {}
        for name, one in dict(data["operations"]).items():
            self.operations[str(name)] = {
                "ok": int(one["ok"]), "failed": int(one["failed"]),
                "response": str(one["response"]), "send_lag": str(one["send_lag"]),
                "errors": {str(code): int(count) for code, count in one["errors"]}}


def added_up(texts):
    """Histograms are opened only where somebody looks at the page: it may be of many workers."""
    out = collections.Counter()
    for text in texts:
        try:
            out.update(counts_of(text) if text else {})
        except (ValueError, struct.error, zlib.error) as error:
            log.warning("a worker's histogram cannot be read: %s", error)
    return out


def whole(members):
    """Of all workers that told anything, in the words of a result; None: nobody has."""
    parts = [m.so_far for m in members if m.so_far is not None]
    if not parts:
        return None
    seconds = max(part.seconds for part in parts)
    operations = {}
    for name in dict.fromkeys(name for part in parts for name in part.operations):
        ones = [part.operations[name] for part in parts if name in part.operations]
        errors = sum((collections.Counter(one["errors"]) for one in ones), collections.Counter())
        ok = sum(one["ok"] for one in ones)
        operations[name] = {
            "ok": ok, "failed": sum(one["failed"] for one in ones),
            "rate_per_s": ok / seconds if seconds else 0.0,
            "response": figures_of(added_up(one["response"] for one in ones)),
            "send_lag": figures_of(added_up(one["send_lag"] for one in ones)),
            "errors": [{"code": code, "count": count} for code, count in errors.most_common()]}
    reasons = [f"worker {m.name}: its busiest core was {m.so_far.busiest_core:.0%} busy"
               for m in members if m.so_far is not None and not m.so_far.kept_up]
    reasons += [f"worker {m.name} was lost" for m in members if m.gone]
    return {"operations": operations, "validity": {"valid": not reasons, "reasons": reasons}}
