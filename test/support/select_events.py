"""SelectObjectContent: the query of a request over a table in CSV, answered truly, and the answer
as events in AWS's binary form."""

import csv
import io
import struct
import xml.etree.ElementTree as xml
import zlib


class Unsupported(Exception):
    """Of the queries these are none."""


def message(headers, payload=b""):
    head = b"".join(struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value))
                    + value.encode() for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    text = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return text + struct.pack(">I", zlib.crc32(text))


def event(kind, payload=b""):
    return message({":event-type": kind, ":message-type": "event"}, payload)


def error(code):
    return message({":error-code": code, ":error-message": "told so", ":message-type": "error"})


def records_of(request, table):
    """What the query selects, as CSV."""
    root = xml.fromstring(request)
    text = {e.tag.rpartition("}")[2]: (e.text or "") for e in root.iter()}
    if text.get("ExpressionType") != "SQL" or text.get("FileHeaderInfo") != "NONE":
        raise Unsupported(request)
    rows = list(csv.reader(io.StringIO(table.decode("ascii"), newline="")))
    query = " ".join(text["Expression"].split()).upper()
    if query == "SELECT COUNT(*) FROM S3OBJECT":
        rows = [[str(len(rows))]]
    elif query != "SELECT * FROM S3OBJECT":
        raise Unsupported(query)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def answer(request, table, piece=4096):
    """All events, one after the other."""
    records = records_of(request, table)
    numbers = "".join(f"<{name}>{number}</{name}>" for name, number in (
        ("BytesScanned", len(table)), ("BytesProcessed", len(table)),
        ("BytesReturned", len(records))))
    return [*(event("Records", records[at:at + piece]) for at in range(0, len(records), piece)),
            event("Cont"), event("Stats", f'<Stats xmlns="">{numbers}</Stats>'.encode()),
            event("End")]
