"""Chopsticks workers under a Locust master: locust -f chopsticks_locustfile.py --master

Makes a user class of each group of a scenario, tells workers (`chopsticks worker`) what to do and
when, collects their results and merges them. Works with Locust 2.12 and later; docs/how-to/locust.md
says how to use it. Set by the environment, so that nothing of it reaches the workers:

  CHOPSTICKS_SCENARIO         scenario: a file, or the name of one that comes with Chopsticks
  CHOPSTICKS_WORKLOAD_CONFIG  workload config for workers that have none of their own
  CHOPSTICKS_SEND_SECRETS     1: with the secrets in it. Locust's port is open text
  CHOPSTICKS_DURATION_S       length of the load in seconds, from when it begins; without, until it is stopped
  CHOPSTICKS_SEED             makes the run repeatable
  CHOPSTICKS_PROGRAM          default: chopsticks
  CHOPSTICKS_OUTPUT           folder for results; default: here
"""

import html
import json
import logging
import os
import random
import re
import subprocess
import time
from pathlib import Path

import gevent
from gevent.event import Event
from locust import User, events, task
from locust.runners import MasterRunner

log = logging.getLogger("chopsticks")

PROGRAM = os.environ.get("CHOPSTICKS_PROGRAM", "chopsticks")
OUTPUT = Path(os.environ.get("CHOPSTICKS_OUTPUT", "."))

CLOCK_ROUNDS = 5            # questions about a worker's clock; the quickest answer counts
START_AHEAD_S = 0.5         # from when workers are told to begin until they do
HELLO_WAIT_S = 10           # for workers to say that they are ours
SILENT_S = 15               # a worker that says nothing for so long is gone
RESULT_BYTES_MOST = 64 << 20
SHARES_EVERY_S = 0.25
WHOLE_RATE = 1_000_000


def describe():
    """The scenario as the program understands it: its groups, its text, the config to send."""
    scenario = os.environ.get("CHOPSTICKS_SCENARIO")
    if not scenario:
        raise SystemExit("chopsticks_locustfile.py: set CHOPSTICKS_SCENARIO to a scenario's file or name")
    command = [PROGRAM, "leader", "--describe", "-f", scenario]
    config = os.environ.get("CHOPSTICKS_WORKLOAD_CONFIG")
    if config:
        command += ["--workload-config", config]
    if os.environ.get("CHOPSTICKS_SEND_SECRETS") == "1":
        command.append("--send-secrets")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except OSError as error:
        raise SystemExit(f"chopsticks_locustfile.py: {PROGRAM} cannot be run ({error}); install Chopsticks "
                         "on the master's machine, or set CHOPSTICKS_PROGRAM")
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode(errors="replace").strip())
    return json.loads(done.stdout)


PLAN = describe()
OPEN_GROUPS = [group["name"] for group in PLAN["groups"] if group["open"]]


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


def new_run_id():
    return time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + "".join(random.choices("0123456789abcdef", k=12))


class Lost(Exception):
    """The run cannot go on."""


class Worker:
    """One process, as it said who it is."""

    def __init__(self, client_id):
        self.id = client_id
        self.host = client_id.split("_")[0]
        self.cores = None
        self.version = None
        self.heard = time.monotonic()
        self.clock_answers = []  # (round trip, offset), seconds


class Member:
    """A worker's part in a run."""

    def __init__(self, worker, first_core, run_id):
        self.worker = worker
        self.first_core = first_core
        self.cores = worker.cores
        self.run_id = run_id
        self.phases = {}
        self.problem = ""
        self.gone = False
        self.pieces = {}
        self.pieces_in_all = None
        self.result = None
        self.offset_s = 0.0
        self.round_trip_s = 0.0
        self.shares = None

    @property
    def has_result(self):
        return self.pieces_in_all is not None and len(self.pieces) == self.pieces_in_all

    def state(self):
        if self.gone:
            return "lost"
        if self.has_result:
            return "done"
        return list(self.phases)[-1] if self.phases else "planned"


class Run:
    """One run of all workers together."""

    def __init__(self, name):
        self.name = name
        self.members = []
        self.seed = 0
        self.over = False
        self.began = None
        self.left_out = set()  # clients that have no users of it
        self.stops = False  # its end was asked for here
        self.merged = None
        self.page = None
        self.summary = ""
        self.problems = []

    def by_id(self, client_id):
        return next((m for m in self.members if m.worker.id == client_id), None)


class Master:
    def __init__(self, environment, runner):
        self.environment = environment
        self.runner = runner
        self.workers = {}
        self.run = None
        self.runs = []
        self.changed = Event()
        for name, handler in (("chopsticks_worker", self.on_worker), ("chopsticks_phase", self.on_phase),
                              ("chopsticks_result", self.on_result), ("chopsticks_alive", self.on_alive),
                              ("chopsticks_clock", self.on_clock)):
            runner.register_message(name, self.guarded(handler))
        environment.events.test_start.add_listener(self.on_test_start)
        environment.events.test_stop.add_listener(self.on_test_stop)
        runner.greenlet.spawn(self.watch)

    # What comes from workers. Locust's listener must survive whatever they send.

    def guarded(self, handler):
        def call(environment, msg, **_):
            try:
                worker = self.workers.setdefault(msg.node_id, Worker(msg.node_id))
                worker.heard = time.monotonic()
                handler(worker, msg.data or {})
            except Exception as error:
                log.warning("a message %s of %s cannot be used: %s", msg.type, msg.node_id, error)
            self.changed.set()
        return call

    def on_worker(self, worker, data):
        worker.cores = int(data["cores"])
        worker.host = str(data.get("host") or worker.host)[:100]
        worker.version = str(data.get("version"))
        if not 1 <= worker.cores <= 4096:
            worker.cores = None
            raise ValueError("a number of cores that cannot be")
        name = data.get("run")
        if name and (self.run is None or (self.run.name != name and self.run.over)):
            self.adopt(name)
        if name and self.run and self.run.name == name and not self.run.by_id(worker.id):
            # Of a run that another master began: it is seen to its end.
            member = Member(worker, int(data["first_core"]), str(data["run_id"])[:100])
            member.phases = {"planned": {"ok": True}, "load": {"ok": True}}
            self.run.members.append(member)

    def adopt(self, name):
        log.warning("workers are in run %s, which another master began: it ends with the next stop", name)
        self.run = Run(str(name)[:200])
        self.runs.append(self.run)

    def member(self, worker, data):
        if self.run is None or data.get("run") != self.run.name:
            return None
        return self.run.by_id(worker.id)

    def on_phase(self, worker, data):
        member = self.member(worker, data)
        if member is None:
            return
        member.phases[str(data["phase"])] = data
        if data.get("problem"):
            member.problem = str(data["problem"])

    def on_result(self, worker, data):
        member = self.member(worker, data)
        if member is None:
            return
        piece, pieces, text = int(data["piece"]), int(data["pieces"]), str(data["text"])
        size = sum(len(one) for one in member.pieces.values())
        if size + len(text) > RESULT_BYTES_MOST or not 0 <= pieces <= 4096 or not 0 <= piece <= pieces:
            raise ValueError("a result that is too large")
        member.pieces_in_all = pieces
        if pieces:
            member.pieces[piece] = text
        if data.get("problem"):
            member.problem = str(data["problem"])
        if member.has_result:
            member.result = "".join(member.pieces[i] for i in range(pieces)) or None

    def on_alive(self, worker, data):
        pass

    def on_clock(self, worker, data):
        now = time.time()
        sent = float(data["sent"])
        worker.clock_answers.append((now - sent, float(data["wall_s"]) - (sent + now) / 2))

    # What goes to workers.

    def send(self, member, kind, data):
        self.runner.send_message(kind, data, client_id=member.worker.id)

    def go(self, members, phase, **more):
        for member in members:
            self.send(member, "chopsticks_go", {"run": self.run.name, "phase": phase, **more})

    def present(self):
        return [m for m in self.run.members if not m.gone]

    def look_for_gone(self):
        for member in self.run.members:
            client = self.runner.clients.get(member.worker.id)
            silent = time.monotonic() - member.worker.heard > SILENT_S
            missing = client is not None and client.state == "missing"
            if not member.gone and not member.has_result and (silent or missing):
                member.gone = True
                self.run.problems.append(f"worker {member.worker.host} (cores from {member.first_core}) was lost")
                log.error("worker %s of run %s is gone", member.worker.id, self.run.name)

    def wait(self, members, done, may_lose=False, meanwhile=lambda: None):
        """Until each of them is done, or gone."""
        while True:
            meanwhile()
            self.changed.clear()
            self.look_for_gone()
            for member in members:
                if member.gone and not may_lose:
                    raise Lost(f"worker {member.worker.host} was lost")
                if member.problem and not may_lose:
                    raise Lost(f"worker {member.worker.host}: {member.problem}")
            if all(m.gone or done(m) for m in members):
                return
            self.changed.wait(timeout=0.5)

    def phase(self, members, phase, **more):
        self.go(members, phase, **more)
        self.wait(members, lambda m: phase in m.phases or m.has_result)
        for member in members:
            if not member.phases.get(phase, {}).get("ok"):
                # Why, it says with its result.
                raise Lost(f"worker {member.worker.host}: {member.problem or 'its phase ' + phase + ' failed'}")

    # The course of a run.

    def on_test_start(self, environment, **_):
        try:
            self.begin()
        except Lost as why:
            log.error("The run was not begun: %s", why)
            self.run.problems.append(str(why))
            self.environment.process_exit_code = 2
            self.go(self.present(), "give_up")
            # Locust goes on with its start behind this, and is to stop at once.
            gevent.spawn_later(0.1, self.stop_locust)

    def stop_locust(self):
        options = self.environment.parsed_options
        if options is not None and options.headless:
            self.runner.quit()
        else:
            self.runner.stop()

    def begin(self):
        if self.run is not None and not self.run.over:
            self.finish()
        self.run = Run(new_run_id())
        self.runs.append(self.run)
        until = time.monotonic() + HELLO_WAIT_S
        while True:
            self.changed.clear()
            there = [i for i in self.runner.clients if self.runner.clients[i].state == "ready"]
            unknown = [i for i in there if i not in self.workers or self.workers[i].cores is None]
            if not unknown or time.monotonic() > until:
                break
            self.changed.wait(timeout=0.2)
        if unknown:
            raise Lost(f"{', '.join(unknown)}: no Chopsticks worker (start it with chopsticks worker)")
        there.sort(key=self.runner.get_worker_index)
        if not there:
            raise Lost("there are no workers")
        first_core = 0
        world = new_run_id()
        for client_id in there:
            worker = self.workers[client_id]
            member = Member(worker, first_core, world if first_core == 0 else new_run_id())
            self.run.members.append(member)
            first_core += worker.cores
        members = self.run.members
        self.ask_clocks(members)
        seed = os.environ.get("CHOPSTICKS_SEED")
        self.run.seed = int(seed) if seed else random.randrange(1, 1 << 40)
        for member in members:
            self.send(member, "chopsticks_plan", {
                "run": self.run.name, "world": world, "run_id": member.run_id,
                "first_core": member.first_core, "cores_in_all": first_core, "seed": self.run.seed,
                "scenario": PLAN["scenario"], "scenario_name": PLAN["scenario_name"],
                "config": PLAN["config"], "config_name": PLAN["config_name"]})
        self.wait(members, lambda m: "planned" in m.phases)
        if len({m.phases["planned"].get("scenario") for m in members}) > 1:
            raise Lost("workers have different scenarios; start them without -f, or all with the same one")
        leader, others = members[0], members[1:]
        self.phase([leader], "open")
        targets = leader.phases["open"].get("targets")
        self.phase(others, "join", targets=targets)
        self.phase(members, "prepare")
        self.phase([leader], "seal")
        start = time.time() + START_AHEAD_S
        for member in members:
            self.go([member], "load", start_wall_s=start + member.offset_s)
        self.run.began = time.monotonic() + START_AHEAD_S
        log.info("Run %s: %d workers with %d cores, seed %d", self.run.name, len(members), first_core, self.run.seed)

    def ask_clocks(self, members):
        for member in members:
            member.worker.clock_answers.clear()
        for turn in range(CLOCK_ROUNDS):
            for member in members:
                self.send(member, "chopsticks_clock", {"sent": time.time()})
            self.wait(members, lambda m: len(m.worker.clock_answers) > turn)
        for member in members:
            member.round_trip_s, member.offset_s = min(member.worker.clock_answers)

    def watch(self):
        """Shares of rates follow the users that workers have; a load that ended by itself ends the test."""
        while True:
            gevent.sleep(SHARES_EVERY_S)
            run = self.run
            if run is None or run.over:
                continue
            try:
                self.look_for_gone()
                self.deal_again(run)
                self.share_rates(run)
            except Exception as error:
                log.warning("shares of rates: %s", error)
            length = float(os.environ.get("CHOPSTICKS_DURATION_S") or 0)
            if length and run.began and not run.stops and time.monotonic() > run.began + length:
                log.info("The load has gone on for its %g s", length)
                run.stops = True
                gevent.spawn(self.stop_locust)
            ended = [m for m in run.members if not m.gone]
            if ended and not run.stops and all("load" in m.phases and "drain" in m.phases for m in ended) \
                    and self.runner.state in ("running", "spawning"):
                log.info("The load of all workers is over")
                run.stops = True
                gevent.spawn(self.stop_locust)

    def deal_again(self, run):
        """Users of a lost worker go to the others, and none to one that came while the load goes on."""
        dispatcher = getattr(self.runner, "_users_dispatcher", None)
        if dispatcher is None or run.stops or run.began is None or self.runner.state not in ("running", "spawning"):
            return
        here = {m.worker.id for m in run.members if not m.gone}
        others = {i for i in self.runner.clients if i not in here} | {m.worker.id for m in run.members if m.gone}
        if others <= run.left_out or dispatcher.dispatch_in_progress:
            return
        for client_id in others - run.left_out:
            client = self.runner.clients.get(client_id)
            if client is not None:
                dispatcher.remove_worker(client)
        run.left_out |= others
        gevent.spawn(self.runner.start, self.runner.target_user_count, self.runner.spawn_rate)

    def share_rates(self, run):
        if not OPEN_GROUPS:
            return
        users = {}
        for member in run.members:
            client = self.runner.clients.get(member.worker.id)
            counts = client.user_classes_count if client is not None and not member.gone else {}
            users[member] = {group: counts.get(group, 0) for group in OPEN_GROUPS}
        for member, shares in shares_of(users, OPEN_GROUPS).items():
            if member.gone or shares == member.shares or "load" not in member.phases:
                continue
            member.shares = shares
            self.send(member, "chopsticks_shares", {"run": run.name, "shares": shares})

    def on_test_stop(self, environment, **_):
        if self.run is not None and not self.run.over:
            self.finish()

    def finish(self):
        run = self.run
        try:
            self.end_run(run)
        except Exception as error:
            log.exception("run %s", run.name)
            run.problems.append(str(error))
        run.over = True
        for member in run.members:
            # Locust would give users to one that is missing for a minute more.
            if member.gone and member.worker.id in self.runner.clients:
                del self.runner.clients[member.worker.id]
        # They are Locust's workers again, which are told when it quits.
        until = time.monotonic() + 5
        while time.monotonic() < until and any(m.worker.id not in self.runner.clients for m in run.members
                                               if not m.gone):
            gevent.sleep(0.05)

    def end_run(self, run):
        members = self.present()
        for member in members:
            # Who is no client any more has stopped.
            if member.worker.id in self.runner.clients and "load" in member.phases and "drain" not in member.phases:
                self.send(member, "stop", None)

        def refused(m):
            return bool(m.phases.get("planned", {}).get("problem"))

        def has_ended(m):
            not_open = any(m.phases.get(phase, {}).get("ok") is False for phase in ("open", "join"))
            return "drain" in m.phases or m.has_result or refused(m) or not_open

        # Until then they may not have heard of the run, and what is said of another is not heard.
        self.wait(members, has_ended, may_lose=True,
                  meanwhile=lambda: self.go([m for m in members if not has_ended(m)], "give_up"))
        members = [m for m in members if not refused(m)]
        self.go(members, "clean", died=any(m.gone for m in run.members))
        self.wait(members, lambda m: "clean" in m.phases or m.has_result or "drain" not in m.phases, may_lose=True)
        for leads in (False, True):
            some = [m for m in members if (m.first_core == 0) == leads]
            self.go(some, "close")
            self.wait(some, lambda m: m.has_result, may_lose=True)
        self.merge(run)

    def merge(self, run):
        folder = OUTPUT / f"chopsticks-{run.name}"
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for member in run.members:
            if member.problem:
                run.problems.append(f"worker {member.worker.host}: {member.problem}")
            if member.result:
                path = folder / f"worker-{member.first_core if member.first_core is not None else len(files)}.json"
                path.write_text(member.result)
                files.append(path)
            elif not member.gone and not member.problem:
                run.problems.append(f"worker {member.worker.host}: gave no result")
        (folder / "workers.json").write_text(json.dumps(self.describe_workers(run), indent=1))
        if not files:
            self.tell_problems(run)
            return
        run.merged = folder / "result.json"
        if len(files) == 1:
            run.merged.write_text(files[0].read_text())
        else:
            self.program(run, "merge", *map(str, files), "--quiet", "-o", str(run.merged))
        if not run.merged.exists():
            run.merged = None
            self.tell_problems(run)
            return
        self.add_what_only_the_master_knows(run)
        shown = self.program(run, "show", str(run.merged))
        run.summary = shown.stdout.decode(errors="replace")
        run.page = folder / "report.html"
        self.program(run, "report", str(run.merged), "--quiet", "--output", str(run.page))
        print(run.summary, flush=True)
        log.info("Result: %s", run.merged)
        self.tell_problems(run, json.loads(run.merged.read_text())["run"]["exit_status"])

    def tell_problems(self, run, status=0):
        for problem in run.problems:
            log.error("%s", problem)
        if status or run.problems:
            self.environment.process_exit_code = status or self.environment.process_exit_code or 1

    def describe_workers(self, run):
        return [{"worker": m.worker.id, "host": m.worker.host, "version": m.worker.version,
                 "first_core": m.first_core, "cores": m.cores, "run": m.run_id, "state": m.state(),
                 "clock_offset_s": m.offset_s, "clock_round_trip_s": m.round_trip_s, "problem": m.problem}
                for m in run.members]

    def add_what_only_the_master_knows(self, run):
        """Clocks, as notes; a lost worker makes the whole invalid: what it did is not in it."""
        text = run.merged.read_text()
        document = json.loads(text)
        for m in run.members:
            document["run"].setdefault("notes", []).append(
                f"worker {m.worker.host}, cores from {m.first_core}: its clock was {m.offset_s * 1e3:.3f} ms ahead of the "
                f"master's, known to {m.round_trip_s * 500:.3f} ms")
        lost = [m for m in run.members if m.gone or not m.result]
        if lost:
            names = ", ".join(f"{m.worker.host} (cores from {m.first_core}, run {m.run_id})" for m in lost)
            reason = f"Workers were lost, and what they did and left behind is not in this result: {names}."
            document["validity"]["valid"] = False
            document["validity"]["reasons"].append(reason)
            document["run"]["exit_status"] = max(3, document["run"]["exit_status"])
            document["run"]["verdicts"]["generator"] = "was_limit"
        intervals = document.pop("intervals", None)
        out = json.dumps(document, indent=2)
        if intervals is not None:
            lines = ",\n".join("    " + json.dumps(one, separators=(",", ":")) for one in intervals)
            out = out[:-2] + ',\n  "intervals": [' + ("\n" + lines + "\n  " if intervals else "") + "]\n}"
        run.merged.write_text(out + "\n")

    def program(self, run, *arguments):
        # Locust's monkey patches let its greenlets go on meanwhile.
        done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0 and done.stderr:
            run.problems.append(done.stderr.decode(errors="replace").strip())
        return done


def shares_of(users, groups):
    """Of each group's rate what each has, by its users; those of all are the whole, to the last millionth."""
    out = {member: {} for member in users}
    for group in groups:
        total = sum(counts[group] for counts in users.values())
        given, seen = 0, 0
        for member, counts in users.items():
            seen += counts[group]
            upto = WHOLE_RATE * seen // total if total else 0
            out[member][group] = upto - given
            given = upto
    return out


MASTER = None


def add_page(web_ui):
    from flask import abort, request, send_file

    guard = getattr(web_ui, "auth_required_if_enabled", lambda view: view)

    @web_ui.app.route("/chopsticks")
    @guard
    def chopsticks_page():
        rows = []
        for run in reversed(MASTER.runs):
            state = "over" if run.over else "running"
            links = ""
            if run.merged:
                links = " ".join(f'<a href="/chopsticks/{run.name}/{name}">{word}</a>'
                                 for name, word in (("report.html", "report"), ("result.json", "result"),
                                                    ("workers.json", "workers")))
            lines = "".join(
                "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in (
                    m.worker.host, m.first_core, m.cores, m.state(), f"{m.offset_s * 1e3:.3f} ms", m.problem)) + "</tr>"
                for m in run.members)
            problems = "".join(f"<li>{html.escape(problem)}</li>" for problem in run.problems)
            rows.append(f"<h2>Run {run.name}: {state}</h2><p>{links}</p><table border=1><tr><th>worker<th>first core"
                        f"<th>cores<th>state<th>clock ahead<th>problem</tr>{lines}</table><ul>{problems}</ul>"
                        f"<pre>{html.escape(run.summary)}</pre>")
        again = "" if all(run.over for run in MASTER.runs) else '<meta http-equiv="refresh" content="2">'
        return f"<!doctype html><title>Chopsticks</title>{again}<h1>Chopsticks</h1>{''.join(rows) or 'No run yet.'}"

    @web_ui.app.route("/chopsticks/<name>/<file>")
    @guard
    def chopsticks_file(name, file):
        known = {run.name for run in MASTER.runs}
        if name not in known or not re.fullmatch(r"(report\.html|(result|workers|worker-\d+)\.json)", file):
            abort(404)
        path = (OUTPUT / f"chopsticks-{name}" / file).resolve()
        if not path.exists():
            abort(404)
        return send_file(path)

    @web_ui.app.after_request
    def link(response):
        if request.path == "/" and response.mimetype == "text/html" and not response.direct_passthrough:
            text = response.get_data(as_text=True)
            mark = ('<a href="/chopsticks" style="position:fixed;right:8px;bottom:8px;z-index:9999;padding:4px 8px;'
                    'background:#fff;color:#000;border:1px solid #888">Chopsticks: report and result</a></body>')
            response.set_data(text.replace("</body>", mark, 1))
        return response


@events.init.add_listener
def on_init(environment, runner, web_ui=None, **_):
    global MASTER
    if not isinstance(runner, MasterRunner):
        return
    MASTER = Master(environment, runner)
    workers = getattr(environment.parsed_options, "expect_workers", None) or 1
    for cls in environment.user_classes:
        # Each worker has one user of an open loop, whose rate is the scenario's whatever users there are.
        if getattr(cls, "chopsticks_open", False):
            cls.fixed_count = workers
    if web_ui is not None:
        add_page(web_ui)
