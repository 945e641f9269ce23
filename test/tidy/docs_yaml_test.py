#!/usr/bin/env python3
"""The documentation's YAML is valid, its tables of keys are the parser's, its links lead somewhere.

The parser's keys come from its own messages: an unknown key is answered with those it knows.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys

import docs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

unknown = "q" * 24  # far from any key, so that no single one is suggested

group = {"workload": "s3", "tasks": ["get"]}


def scenario_with(**parts):
    return {"groups": [{**copy.deepcopy(group), **parts}]}


def data_with(**parts):
    return scenario_with(data=parts)


def load_with(**parts):
    return scenario_with(load=parts)


def blocks_with(op="read", **parts):
    return {"groups": [{"workload": "rbd", "tasks": [op], **parts}]}


def operations():
    """The operations of each workload that the program has."""
    said = subprocess.run([harness.binary, "list"], capture_output=True, text=True,
                          check=True).stdout
    found = {}
    for part in re.split(r"^Workload (?=\w+:)", said, flags=re.MULTILINE)[1:]:
        rows = part[part.index("  operations and their parameters"):]
        found[part[:part.index(":")]] = re.findall(r"^    (\w+) ", rows, re.MULTILINE)
    return found


odd = {unknown: 1}
of_workload = operations()


def of_all_workloads(**parts):
    return [{"groups": [{"workload": w, "tasks": [ops[0]], **parts}]}
            for w, ops in of_workload.items()]


def of_all_operations(task):
    return [{"groups": [{"workload": w, "tasks": [task(op)]}]}
            for w, ops in of_workload.items() for op in ops]


# Heading in docs/reference/scenario.md: scenarios with an unknown key in that place.
scenario_maps = {
    "scenario": [{**scenario_with(), **odd}],
    "groups[]": of_all_workloads(**odd),
    "groups[].blocks": [blocks_with(blocks=odd)],
    "groups[].data": [data_with(**odd)],
    "groups[].data.size": [data_with(size=odd)],
    "groups[].data.size.lognormal": [
        data_with(size={"lognormal": {"median": 1024, "sigma": 1, **odd}})],
    "groups[].data.size.mix[]": [data_with(size={"mix": [{"range": [1, 2], **odd}]})],
    "groups[].data.popularity": [data_with(popularity=odd)],
    "groups[].data.popularity.hot_set": [data_with(popularity={"hot_set": odd})],
    "groups[].data.content": [data_with(content=odd)],
    "groups[].tasks[]": of_all_operations(lambda op: {"op": op, **odd}),
    "groups[].tasks[].steps[]": of_all_operations(lambda op: {"steps": [{"op": op, **odd}]}),
    "groups[].load": [load_with(**odd)],
    "groups[].load.closed": [load_with(closed={"users": 1, **odd})],
    "groups[].load.closed.think_time": [
        load_with(closed={"users": 1, "think_time": odd})],
    "groups[].load.closed.stages[]": [
        load_with(closed={"stages": [{"duration": 1, "users": 1, **odd}]})],
    "groups[].load.open": [load_with(open={"rate": 1, **odd})],
    "groups[].load.open.stages[]": [
        load_with(open={"stages": [{"duration": 1, "rate": 1, **odd}]})],
    "groups[].load.open.burst": [load_with(open={"rate": 1, "burst": {"on": 1, "off": 1, **odd}})],
    "groups[].load.open.sine": [
        load_with(open={"rate": 1, "sine": {"period": 1, "amplitude": 0.5, **odd}})],
    "groups[].load.open.late": [load_with(open={"rate": 1, "late": {"shed_after": 1, **odd}})],
    "groups[].load.replay": [load_with(replay={"file": "x", **odd})],
    "phases": [{**scenario_with(), "phases": odd}],
    "phases.prepare": [{**scenario_with(), "phases": {"prepare": odd}}],
    "phases.cleanup": [{**scenario_with(), "phases": {"cleanup": odd}}],
    "stop": [{**scenario_with(), "stop": odd}],
    "timeouts": [{**scenario_with(), "timeouts": odd}],
    "limits": [{**scenario_with(), "limits": odd}],
    "abort_on_fail": [{**scenario_with(), "abort_on_fail": {"after": 1, **odd}}],
}

workload_maps = {
    "workload config": [odd],
    "tls": [{"tls": odd}],
    "proxy": [{"driver": "curl", "proxy": {"url": "http://a:1", **odd}}],
    "credentials": [{"credentials": [odd]}],
    "driver_config": [{"driver_config": odd}],
    "cluster": [{"cluster": odd}],
    "rgw_admin": [{"endpoint": "http://a", "cluster": {"rgw_admin": odd}}],
    "Options of drivers that are programs": [{"driver": "boto3", "driver_options": odd}],
    "Options of drivers that run a tool": [
        {"driver": "exec", "driver_options": {"tool": "s3cmd", **odd}}],
    "Options of the driver dummy": [{"driver": "dummy", "driver_options": odd}],
    # Those at the top of the file are the workload config's own.
    **{w: [{w: odd}] for w in of_workload if w != "s3"},
}


class docs_test(harness.case):
    def validate(self, scenario, config=None):
        arguments = ["validate", "-f", self.file("s.yaml", scenario)]
        if config is not None:
            arguments += ["--workload-config", self.file("w.yaml", config)]
        return self.run_binary(*arguments)

    def known_keys(self, maps, as_config):
        found = set()
        for tree in maps:
            text = json.dumps(tree)  # JSON is YAML
            done = (self.validate(json.dumps(scenario_with()), text) if as_config
                    else self.validate(text))
            self.assert_code(done, harness.bad_usage)
            match = re.search(r"; known are ([\w, ]+)$", done.err.strip())
            self.assertTrue(match, done.err)
            found.update(match.group(1).split(", "))
        return found

    def check_tables(self, page, maps, as_config):
        tables = docs.tables((docs.root / "docs/reference" / page).read_text(), 3)
        self.assertEqual(set(tables), set(maps))
        for heading, trees in maps.items():
            with self.subTest(heading):
                documented = [re.fullmatch(r"`(\w+)`", cell).group(1) for cell in tables[heading]]
                self.assertEqual(sorted(documented), sorted(self.known_keys(trees, as_config)))

    def test_scenario_keys_are_the_parsers(self):
        self.check_tables("scenario.md", scenario_maps, False)

    def test_every_operation_is_named_where_its_workloads_are(self):
        page = (docs.root / "docs/reference/scenario.md").read_text()
        for workload, names in of_workload.items():
            with self.subTest(workload):
                self.assertTrue(names)
                told = re.search(rf"^Operations of `{workload}`:.*?\n\n", page,
                                 flags=re.MULTILINE | re.DOTALL)
                self.assertTrue(told)
                self.assertEqual([one for one in names if f"`{one}`" not in told.group()], [])

    def test_workload_config_keys_are_the_parsers(self):
        self.check_tables("workload-config.md", workload_maps, True)

    def test_every_yaml_block_is_valid(self):
        seen = 0
        for path in docs.pages():
            for line, block in docs.fenced(path.read_text(), "yaml"):
                with self.subTest(f"{path}:{line}"):
                    seen += 1
                    if re.search(r"^groups:", block, re.MULTILINE):
                        done = self.validate(block)
                    else:
                        done = self.validate(json.dumps(scenario_with()), block)
                    self.assert_code(done, 0)
        self.assertGreater(seen, 8)

    def test_every_fault_kind_and_operation_is_there(self):
        """The endpoint's messages name all of them."""
        page = (docs.root / "docs/reference/faults.md").read_text()
        for spec, pattern in (("nonsense", r'unknown kind "nonsense"; there are ([\w, ]+)'),
                              ("error:op=nonsense", r'"nonsense"; there are ([\w, ]+)')):
            done = self.run_binary("serve", "--port", "0", "--faults", spec)
            self.assert_code(done, harness.bad_usage)
            names = re.search(pattern, done.err).group(1).split(", ")
            self.assertGreater(len(names), 15)
            for name in names:
                self.assertIn(f"`{name}`", page)
        kinds = {cell.strip("`") for cell in docs.tables(page, 2)["Kinds"]}
        said = self.run_binary("serve", "--port", "0", "--faults", "nonsense").err
        self.assertEqual(kinds, set(re.search(r"there are ([\w, ]+)", said).group(1).split(", ")))

    def test_links_lead_to_files_and_headings(self):
        def anchors(path):
            return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
                    for h in re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)}

        for path in docs.pages():
            for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
                if re.match(r"\w+:", target):
                    continue
                name, _, anchor = target.partition("#")
                to = (path.parent / name).resolve() if name else path
                self.assertTrue(to.exists(), f"{path}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(to), f"{path}: {target}")


if __name__ == "__main__":
    harness.main()
