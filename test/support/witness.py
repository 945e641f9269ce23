"""Who sees what programs were started with, as anybody on the machine could: strace."""

import os
import re

# Of a target with these: words that stand in nothing else.
access_key = "AKWITNESSEDACCESSKEY"
secret_key = "witnessed/secret+key"
session_token = "witnessed//session+token=="
secrets = (access_key, secret_key, session_token)

# What strace does not have LeakSanitizer do, which wants to do the same.
environment = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def under(path):
    """The words that have a program traced, with all that it starts: each start is a line of
    `path`. Environments are not in it."""
    return ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve,execveat", "-s", "100000",
            "-o", str(path))


def starts(path):
    """The arguments of each program that was started, as strace writes them. What did not succeed
    is there too: who looks at the right moment sees it."""
    found = []
    for line in path.read_text(errors="replace").splitlines():
        said = re.search(r"execve(?:at)?\(.*?(\[.*\])", line)
        if said is None:
            continue
        # More arguments than strace shows would be arguments that nobody has looked at.
        assert not said.group(1).endswith("...]"), line
        found.append(said.group(1))
    return found


def shown(path, secrets_of=secrets):
    """Secrets among those arguments, and where."""
    return [(secret, line) for line in starts(path) for secret in secrets_of if secret in line]
