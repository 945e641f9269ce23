#!/usr/bin/python3
"""Validates results (.json) and interval streams (.jsonl) against the schema.

Usage: validate_schema.py [--schema FILE] FILE...
Exit status: 0 all valid; 1 one is not; 2 bad usage. A torn last line of a stream is allowed.
"""
import argparse
import json
import pathlib
import sys

import jsonschema

default_schema = pathlib.Path(__file__).resolve().parents[3] / "src/results/result.schema.json"


def load_schema(path=default_schema):
    schema = json.loads(pathlib.Path(path).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def problems_of(document, schema, definition=None):
    """What is wrong with a document, as lines; with a definition, of one of the schema's parts."""
    if definition is not None:
        schema = {"$schema": schema["$schema"], "$defs": schema["$defs"],
                  "$ref": f"#/$defs/{definition}"}
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message[:300]}" for error in
            sorted(validator.iter_errors(document), key=lambda error: error.json_path)]


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse(text):
    """JSON as the standard has it: Python's own reader would take NaN."""
    return json.loads(text, parse_constant=refuse_constant)


def problems_of_stream(text, schema):
    lines = text.split("\n")
    whole = lines[:-1]
    if not whole:
        return ["line 1: no header"]
    out = []
    for number, line in enumerate(whole, 1):
        definition = "interval_header" if number == 1 else "interval"
        try:
            found = problems_of(parse(line), schema, definition)
        except ValueError as error:
            found = [str(error)]
        out += [f"line {number}: {problem}" for problem in found]
    return out


def problems_of_file(path, schema):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if str(path).endswith(".jsonl"):
        return problems_of_stream(text, schema)
    try:
        return problems_of(parse(text), schema)
    except ValueError as error:
        return [str(error)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", default=default_schema)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    schema = load_schema(arguments.schema)
    bad = False
    for path in arguments.files:
        problems = problems_of_file(path, schema)
        bad = bad or bool(problems)
        print(f"{path}: {'valid' if not problems else 'not valid'}")
        for problem in problems:
            print(f"  {problem}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
