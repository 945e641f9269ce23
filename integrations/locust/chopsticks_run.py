"""Who takes part in a run, what each has said of it, and what each has of an open loop's rate."""

import random
import time

from chopsticks_live import WorkerSoFar

RESULT_BYTES_MOST = 64 << 20
PIECES_MOST = 4096
WHOLE_RATE = 1_000_000


def new_run_id():
    digits = "".join(random.choices("0123456789abcdef", k=12))
    return time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + digits


class Worker:
    """One process, as it said who it is."""

    def __init__(self, client_id):
        self.id = client_id
        self.host = client_id.split("_")[0]
        self.cores = None
        self.version = None
        self.heard = time.monotonic()
        self.clock_answers = []  # (round trip, offset), seconds

    def introduce(self, data):
        cores = int(data["cores"])
        if not 1 <= cores <= 4096:
            raise ValueError("a number of cores that cannot be")
        self.cores = cores
        self.host = str(data.get("host") or self.host)[:100]
        self.version = str(data.get("version"))[:100]


class Member:
    """A worker's part in a run."""

    def __init__(self, worker, first_core, run_id, replaces=None):
        self.worker = worker
        self.first_core = first_core
        self.replaces = replaces  # run id of a lost one, whose place it takes
        self.joins = replaces is not None  # and has no users yet
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
        self.so_far = None
        self.valid = None  # whether it kept up, by its own result

    @property
    def name(self):
        return f"{self.worker.host} (cores from {self.first_core}, run {self.run_id})"

    @property
    def leads(self):
        """Opens the targets, and closes them."""
        return self.first_core == 0 and self.replaces is None

    @property
    def has_result(self):
        return self.pieces_in_all is not None and len(self.pieces) == self.pieces_in_all

    @property
    def refused(self):
        return bool(self.phases.get("planned", {}).get("problem"))

    @property
    def has_ended(self):
        """Its load, if there was any: it can be told to clean up."""
        not_open = any(self.phases.get(phase, {}).get("ok") is False for phase in ("open", "join"))
        return "drain" in self.phases or self.has_result or self.refused or not_open

    def state(self):
        if self.gone:
            return "lost"
        if self.has_result:
            return "done"
        return list(self.phases)[-1] if self.phases else "planned"

    def kept_up(self):
        if self.valid is None and self.so_far is not None:
            busy = f"busiest core {self.so_far.busiest_core:.0%}"
            return ("so far" if self.so_far.kept_up else "no") + f": {busy}"
        return {None: "", True: "yes", False: "no: it was the limit"}[self.valid]

    def take_phase(self, data):
        self.phases[str(data["phase"])] = data
        self.take_problem(data)

    def take_so_far(self, data):
        self.so_far = WorkerSoFar(data)

    def take_result(self, data):
        """A piece of it. They come in any order."""
        piece, pieces, text = int(data["piece"]), int(data["pieces"]), str(data["text"])
        size = sum(len(one) for one in self.pieces.values())
        if (size + len(text) > RESULT_BYTES_MOST or not 0 <= pieces <= PIECES_MOST
                or not 0 <= piece <= pieces):
            raise ValueError("a result that is too large")
        self.pieces_in_all = pieces
        if pieces:
            self.pieces[piece] = text
        self.take_problem(data)
        if self.has_result:
            self.result = "".join(self.pieces[i] for i in range(pieces)) or None

    def take_problem(self, data):
        if data.get("problem"):
            self.problem = str(data["problem"])


class Run:
    """One run of all workers together."""

    def __init__(self, name):
        self.name = name
        self.members = []
        self.world = None    # run id of the first worker, which names what the run makes
        self.targets = None  # as that one found them
        self.cores = 0       # of all
        self.seed = 0
        self.begins = False  # under way to its load
        self.began = None    # when that did
        self.stops = False   # its end was asked for here
        self.ends = False    # is being cleaned up
        self.over = False
        self.left_out = set()  # clients that have no users of it
        self.merged = None
        self.document = None  # the merged result, without its intervals
        self.summary = ""
        self.problems = []

    def by_id(self, client_id):
        return next((m for m in self.members if m.worker.id == client_id), None)

    def present(self):
        return [m for m in self.members if not m.gone]

    def place_for(self, worker):
        """Of one that was lost, and that nobody has taken."""
        taken = {m.replaces for m in self.members}
        return next((m for m in self.members if m.gone and m.cores == worker.cores
                     and m.run_id not in taken), None)

    def lost(self):
        return [m for m in self.members if m.gone or not m.result]


def shares_of(users, groups):
    """Of each group's rate what each has, by its users; those of all are the whole, to the last
    millionth."""
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
