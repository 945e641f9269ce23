"""Chopsticks workers under a Locust master: locust -f chopsticks_locustfile.py --master

Makes a user class of each group of a scenario, tells workers (`chopsticks worker`) what to do and
when, collects their results and merges them. Works with Locust 2.12 and later, and needs the other
files that lie beside it; docs/how-to/locust.md says how to use it. Set by the environment, so that
nothing of it reaches the workers:

  CHOPSTICKS_SCENARIO         scenario: a file, or the name of one that comes with Chopsticks
  CHOPSTICKS_WORKLOAD_CONFIG  workload config for workers that have none of their own
  CHOPSTICKS_SEND_SECRETS     1: with the secrets in it. Locust's port is open text
  CHOPSTICKS_DURATION_S       seconds of load, from when it begins; without, until it is stopped
  CHOPSTICKS_SEED             makes the run repeatable
  CHOPSTICKS_PROGRAM          default: chopsticks
  CHOPSTICKS_OUTPUT           folder for results; default: here
"""

import os
import sys

# Locust has looked for this file by its own rules.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from locust import User, events
from locust.runners import MasterRunner

import chopsticks_interrupt
import chopsticks_master
import chopsticks_page
import chopsticks_program

PLAN = chopsticks_program.describe()


def user_class(group):
    def nothing(self):
        """Users are in Chopsticks' workers."""

    return type(group["name"], (User,), {
        "tasks": [nothing],
        "weight": max(1, group["users"]),
        "__module__": __name__,
        "chopsticks_open": group["open"],
    })


for _group in PLAN["groups"]:
    globals()["group " + _group["name"]] = user_class(_group)


@events.init.add_listener
def on_init(environment, runner, web_ui=None, **_):
    if not isinstance(runner, MasterRunner):
        return
    master = chopsticks_master.Master(environment, runner, PLAN)
    options = environment.parsed_options
    chopsticks_interrupt.Interrupts(runner, master, getattr(options, "headless", False))
    workers = getattr(options, "expect_workers", None) or 1
    for cls in environment.user_classes:
        # Each worker has one user of an open loop, whose rate is the scenario's whatever users
        # there are.
        if getattr(cls, "chopsticks_open", False):
            cls.fixed_count = workers
    if web_ui is not None:
        chopsticks_page.add_page(web_ui, master)
