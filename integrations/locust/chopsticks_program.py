"""The program chopsticks, as a master asks it: what a scenario is, and what results come to.

Here and nowhere else is the environment read.
"""

import json
import os
import subprocess
from pathlib import Path

PROGRAM = os.environ.get("CHOPSTICKS_PROGRAM") or "chopsticks"
OUTPUT = Path(os.environ.get("CHOPSTICKS_OUTPUT") or ".")
SEED = os.environ.get("CHOPSTICKS_SEED")
# Seconds from when the load begins; 0: until somebody stops it.
DURATION_S = float(os.environ.get("CHOPSTICKS_DURATION_S") or 0)


def ask(*arguments):
    # Locust's monkey patches let its greenlets go on meanwhile.
    return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)


def said(done):
    """What it complains of."""
    return done.stderr.decode(errors="replace").strip()


def describe():
    """The scenario as the program understands it: its groups, its text, the config to send."""
    scenario = os.environ.get("CHOPSTICKS_SCENARIO")
    if not scenario:
        raise SystemExit("chopsticks_locustfile.py: set CHOPSTICKS_SCENARIO to a scenario's file "
                         "or name")
    arguments = ["leader", "--describe", "-f", scenario]
    config = os.environ.get("CHOPSTICKS_WORKLOAD_CONFIG")
    if config:
        arguments += ["--workload-config", config]
    if os.environ.get("CHOPSTICKS_SEND_SECRETS") == "1":
        arguments.append("--send-secrets")
    try:
        done = ask(*arguments)
    except OSError as error:
        raise SystemExit(f"chopsticks_locustfile.py: {PROGRAM} cannot be run ({error}); install "
                         "Chopsticks on the master's machine, or set CHOPSTICKS_PROGRAM") from None
    if done.returncode != 0:
        raise SystemExit(said(done))
    return json.loads(done.stdout)
