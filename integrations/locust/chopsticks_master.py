"""The course of a run over all workers: what a Locust master and chopsticks workers say to each
other beside Locust's own messages. docs/reference/locust.md has these messages.

All of it is on gevent's greenlets, which wait and never block.
"""

import logging
import random
import time

import gevent
from gevent.event import Event

import chopsticks_program as program
import chopsticks_results as results
from chopsticks_run import Member, Run, Worker, new_run_id, shares_of

log = logging.getLogger("chopsticks")

CLOCK_ROUNDS = 5            # questions about a worker's clock; the quickest answer counts
START_AHEAD_S = 0.5         # from when workers are told to begin until they do
HELLO_WAIT_S = 10           # for workers to say that they are ours
SILENT_S = 15               # a worker that says nothing for so long is gone
WATCH_EVERY_S = 0.25
BACK_WAIT_S = 5             # for workers of a run that is over to be Locust's again
INTERRUPTED = 130


class Lost(Exception):
    """The run cannot go on."""


class Master:
    def __init__(self, environment, runner, plan):
        self.environment = environment
        self.runner = runner
        self.plan = plan
        self.open_groups = [group["name"] for group in plan["groups"] if group["open"]]
        self.workers = {}
        self.run = None
        self.runs = []
        self.quits = False
        self.changed = Event()
        for name, handler in (("chopsticks_worker", self.on_worker),
                              ("chopsticks_phase", self.on_phase),
                              ("chopsticks_so_far", self.on_so_far),
                              ("chopsticks_result", self.on_result),
                              ("chopsticks_alive", self.on_alive),
                              ("chopsticks_clock", self.on_clock)):
            runner.register_message(name, self.guarded(handler))
        environment.events.test_start.add_listener(self.on_test_start)
        environment.events.test_stop.add_listener(self.on_test_stop)
        environment.events.quitting.add_listener(self.on_quitting)
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
        worker.introduce(data)
        name = data.get("run")
        if name and (self.run is None or (self.run.name != name and self.run.over)):
            self.adopt(name)
        if name and self.run and self.run.name == name and not self.run.by_id(worker.id):
            # Of a run that another master began: it is seen to its end.
            member = Member(worker, int(data["first_core"]), str(data["run_id"])[:100])
            member.phases = {"planned": {"ok": True}, "load": {"ok": True}}
            self.run.members.append(member)

    def adopt(self, name):
        log.warning("workers are in run %s, which another master began: it ends with the next stop",
                    name)
        self.run = Run(str(name)[:200])
        self.runs.append(self.run)

    def member(self, worker, data):
        if self.run is None or data.get("run") != self.run.name:
            return None
        return self.run.by_id(worker.id)

    def on_phase(self, worker, data):
        member = self.member(worker, data)
        if member is not None:
            member.take_phase(data)

    def on_so_far(self, worker, data):
        member = self.member(worker, data)
        if member is not None:
            member.take_so_far(data)

    def on_result(self, worker, data):
        member = self.member(worker, data)
        if member is not None:
            member.take_result(data)

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

    def look_for_gone(self):
        for member in self.run.members:
            client = self.runner.clients.get(member.worker.id)
            silent = time.monotonic() - member.worker.heard > SILENT_S
            missing = client is not None and client.state == "missing"
            if not member.gone and not member.has_result and (silent or missing):
                member.gone = True
                self.run.problems.append(f"worker {member.name} was lost")
                log.error("worker %s of run %s is gone", member.worker.id, self.run.name)

    def wait(self, members, done, may_lose=False, meanwhile=lambda: None):
        """Until each of them is done, or gone."""
        while True:
            meanwhile()
            self.changed.clear()
            self.look_for_gone()
            if self.quits and not may_lose:
                raise Lost("it was interrupted")
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
                why = member.problem or f"its phase {phase} failed"
                raise Lost(f"worker {member.worker.host}: {why}")

    # The course of a run.

    def on_test_start(self, **_):
        if self.run is not None and not self.run.over:
            self.finish()
        run = self.run = Run(new_run_id())
        self.runs.append(run)
        run.begins = True
        try:
            self.begin(run)
        except Lost as why:
            run.problems.append(f"not begun: {why}")
            self.environment.process_exit_code = 2
            self.go(run.present(), "give_up")
            if not self.quits:
                # Locust goes on with its start behind this, and is to stop at once.
                gevent.spawn_later(0.1, self.stop_locust)
        finally:
            run.begins = False

    def stop_locust(self):
        options = self.environment.parsed_options
        if options is not None and options.headless:
            self.runner.quit()
        else:
            self.runner.stop()

    def ready_workers(self):
        """Locust's names of those that are there, all of them ours."""
        until = time.monotonic() + HELLO_WAIT_S
        while True:
            self.changed.clear()
            there = [i for i in self.runner.clients if self.runner.clients[i].state == "ready"]
            unknown = [i for i in there if i not in self.workers or self.workers[i].cores is None]
            if not unknown or self.quits or time.monotonic() > until:
                break
            self.changed.wait(timeout=0.2)
        if unknown:
            raise Lost(f"{', '.join(unknown)}: no Chopsticks worker (start it with chopsticks "
                       "worker)")
        if not there:
            raise Lost("there are no workers")
        return sorted(there, key=self.runner.get_worker_index)

    def begin(self, run):
        run.world = new_run_id()
        for client_id in self.ready_workers():
            worker = self.workers[client_id]
            run_id = run.world if run.cores == 0 else new_run_id()
            run.members.append(Member(worker, run.cores, run_id))
            run.cores += worker.cores
        members = list(run.members)
        run.seed = int(program.SEED) if program.SEED else random.randrange(1, 1 << 40)
        self.give_plan(run, members)
        if len({m.phases["planned"].get("scenario") for m in members}) > 1:
            raise Lost("workers have different scenarios; start them without -f, or all with the "
                       "same one")
        leader, others = members[0], members[1:]
        self.phase([leader], "open")
        run.targets = leader.phases["open"].get("targets")
        self.phase(others, "join", targets=run.targets)
        self.phase(members, "prepare")
        self.phase([leader], "seal")
        start = time.time() + START_AHEAD_S
        for member in members:
            self.go([member], "load", start_wall_s=start + member.offset_s)
        run.began = time.monotonic() + START_AHEAD_S
        log.info("Run %s: %d workers with %d cores, seed %d", run.name, len(members), run.cores,
                 run.seed)

    def give_plan(self, run, members):
        self.ask_clocks(members)
        sent = {key: self.plan[key] for key in ("scenario", "scenario_name", "config",
                                                "config_name")}
        for member in members:
            self.send(member, "chopsticks_plan", {
                "run": run.name, "world": run.world, "run_id": member.run_id,
                "first_core": member.first_core, "cores_in_all": run.cores,
                "replaces": member.replaces, "seed": run.seed, **sent})
        self.wait(members, lambda m: "planned" in m.phases)

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
        """Shares of rates follow the users that workers have; a load that ended by itself ends the
        test."""
        while True:
            gevent.sleep(WATCH_EVERY_S)
            run = self.run
            if run is None or run.over:
                continue
            try:
                self.look_for_gone()
                self.fill_places(run)
                self.deal_again(run)
                self.share_rates(run)
            except Exception as error:
                log.warning("shares of rates: %s", error)
            if not run.stops and self.is_over(run):
                run.stops = True
                gevent.spawn(self.stop_locust)

    def is_over(self, run):
        """Of a load: by its time, or because all of it was done."""
        if program.DURATION_S and run.began and time.monotonic() > run.began + program.DURATION_S:
            log.info("The load has gone on for its %g s", program.DURATION_S)
            return True
        there = run.present()
        if there and all("load" in m.phases and "drain" in m.phases for m in there) \
                and self.runner.state in ("running", "spawning"):
            log.info("The load of all workers is over")
            return True
        return False

    def is_loaded(self, run):
        return run.began is not None and not run.stops and not run.ends \
            and self.runner.state in ("running", "spawning")

    def fill_places(self, run):
        """One that comes while the load goes on takes the place of one that was lost."""
        # A run that another master began has told its targets to that one.
        if not self.is_loaded(run) or run.targets is None:
            return
        for client_id in self.runner.clients:
            worker = self.workers.get(client_id)
            if worker is None or worker.cores is None or run.by_id(client_id) is not None:
                continue
            place = run.place_for(worker)
            if place is not None:
                member = Member(worker, place.first_core, new_run_id(), place.run_id)
                run.members.append(member)
                gevent.spawn(self.join_late, run, member)

    def join_late(self, run, member):
        log.info("Worker %s takes the place of run %s", member.worker.id, member.replaces)
        try:
            self.give_plan(run, [member])
            self.phase([member], "join", targets=run.targets)
            self.phase([member], "prepare")
            if not self.is_loaded(run):
                return
            self.go([member], "load", start_wall_s=time.time() + START_AHEAD_S + member.offset_s)
        except Lost as why:
            run.problems.append(f"worker {member.name} could not take the place: {why}")
            self.go([member], "give_up")
            return
        member.joins = False
        run.left_out.discard(member.worker.id)
        client = self.runner.clients.get(member.worker.id)
        dispatcher = getattr(self.runner, "_users_dispatcher", None)
        if client is not None and dispatcher is not None and self.is_loaded(run):
            dispatcher.add_worker(client)
            self.runner.start(self.runner.target_user_count, self.runner.spawn_rate)

    def deal_again(self, run):
        """Users of a lost worker go to the others, and none to one that came while the load goes
        on."""
        dispatcher = getattr(self.runner, "_users_dispatcher", None)
        if dispatcher is None or not self.is_loaded(run):
            return
        here = {m.worker.id for m in run.present() if not m.joins}
        others = {i for i in self.runner.clients if i not in here}
        others |= {m.worker.id for m in run.members if m.gone}
        if others <= run.left_out or dispatcher.dispatch_in_progress:
            return
        for client_id in others - run.left_out:
            client = self.runner.clients.get(client_id)
            if client is not None:
                dispatcher.remove_worker(client)
        run.left_out |= others
        gevent.spawn(self.runner.start, self.runner.target_user_count, self.runner.spawn_rate)

    def share_rates(self, run):
        if not self.open_groups:
            return
        users = {}
        for member in run.members:
            client = self.runner.clients.get(member.worker.id)
            there = client is not None and not member.gone
            counts = client.user_classes_count if there else {}
            users[member] = {group: counts.get(group, 0) for group in self.open_groups}
        for member, shares in shares_of(users, self.open_groups).items():
            if member.gone or shares == member.shares or "load" not in member.phases:
                continue
            member.shares = shares
            self.send(member, "chopsticks_shares", {"run": run.name, "shares": shares})

    def on_test_stop(self, **_):
        if self.run is not None and not self.run.over:
            self.finish()

    def on_quitting(self, **_):
        """Locust ends with its workers: before that the run has to, wherever it is."""
        run = self.run
        if run is None or run.over:
            return
        interrupted = not run.stops and not run.ends
        if interrupted:
            log.warning("The run ends, and what it made is removed")
        self.quits = True
        self.changed.set()
        while run.begins:
            gevent.sleep(0.05)
        # So that Locust gives nobody the users of workers that have stopped; it does nothing while
        # there are no users yet.
        self.runner.stop(send_stop_to_client=False)
        self.finish()
        if interrupted:
            self.environment.process_exit_code = INTERRUPTED

    def finish(self):
        run = self.run
        if run.ends:
            # Somebody else is at it.
            while not run.over:
                gevent.sleep(0.05)
            return
        run.ends = True
        try:
            self.end_run(run)
        except Exception as error:
            log.exception("run %s", run.name)
            run.problems.append(str(error))
        run.over = True
        for problem in run.problems:
            log.error("%s", problem)
        for member in run.members:
            # Locust would give users to one that is missing for a minute more.
            if member.gone and member.worker.id in self.runner.clients:
                del self.runner.clients[member.worker.id]
        # They are Locust's workers again, which are told when it quits.
        until = time.monotonic() + BACK_WAIT_S
        while time.monotonic() < until and any(m.worker.id not in self.runner.clients
                                               for m in run.present()):
            gevent.sleep(0.05)

    def end_run(self, run):
        members = run.present()
        for member in members:
            # Who is no client any more has stopped.
            if member.worker.id in self.runner.clients and "load" in member.phases \
                    and "drain" not in member.phases:
                self.send(member, "stop", None)
        # Until then they may not have heard of the run, and what is said of another is not heard.
        self.wait(members, lambda m: m.has_ended, may_lose=True,
                  meanwhile=lambda: self.go([m for m in members if not m.has_ended], "give_up"))
        members = [m for m in members if not m.refused]
        self.go(members, "clean", died=any(m.gone for m in run.members))
        self.wait(members, lambda m: "clean" in m.phases or m.has_result or "drain" not in m.phases,
                  may_lose=True)
        for leads in (False, True):
            some = [m for m in members if m.leads == leads]
            self.go(some, "close")
            self.wait(some, lambda m: m.has_result, may_lose=True)
        status = results.keep(run)
        if status or run.problems:
            self.environment.process_exit_code = (
                status or self.environment.process_exit_code or 1)
