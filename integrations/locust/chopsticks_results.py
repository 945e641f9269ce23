"""What comes of a run, in a folder of its own: results of its workers, of the whole, a report."""

import json
import logging
import shutil

import chopsticks_program as program

log = logging.getLogger("chopsticks")


def folder_of(run):
    return program.OUTPUT / f"chopsticks-{run.name}"


def file_of(member):
    """Two may have had one place."""
    return f"worker-{member.first_core}{'-replaces' if member.replaces else ''}.json"


def ask(run, *arguments):
    done = program.ask(*map(str, arguments))
    if done.returncode != 0 and done.stderr:
        run.problems.append(program.said(done))
    return done


def keep(run):
    """Writes all there is, and gives the run's exit status: 2, nothing was measured."""
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for member in run.members:
        if member.problem:
            run.problems.append(f"worker {member.worker.host}: {member.problem}")
        if member.result:
            path = folder / file_of(member)
            path.write_text(member.result)
            files.append(path)
        elif not member.gone and not member.problem:
            run.problems.append(f"worker {member.worker.host}: gave no result")
    (folder / "workers.json").write_text(json.dumps(workers(run), indent=1))
    if not merge(run, files, folder / "result.json"):
        return 2
    run.merged = folder / "result.json"
    status = complete(run)
    shown = ask(run, "show", run.merged)
    run.summary = shown.stdout.decode(errors="replace")
    ask(run, "report", run.merged, "--quiet", "--output", folder / "report.html")
    print(run.summary, flush=True)
    log.info("Result: %s", run.merged)
    return status


def merge(run, files, to):
    """Whether there is one now."""
    if len(files) == 1:
        shutil.copyfile(files[0], to)
    elif files:
        ask(run, "merge", *files, "--quiet", "-o", to)
    return to.exists()


def workers(run):
    return [{"worker": m.worker.id, "host": m.worker.host, "version": m.worker.version,
             "first_core": m.first_core, "cores": m.cores, "run": m.run_id,
             "replaces": m.replaces, "state": m.state(),
             "clock_offset_s": m.offset_s, "clock_round_trip_s": m.round_trip_s,
             "problem": m.problem} for m in run.members]


def complete(run):
    """Adds what only the master knows: clocks, as notes; who was lost. Gives its exit status."""
    document = json.loads(run.merged.read_text())
    about = document["run"]
    for m in run.members:
        about.setdefault("notes", []).append(
            f"worker {m.worker.host}, cores from {m.first_core}: its clock was "
            f"{m.offset_s * 1e3:.3f} ms ahead of the master's, known to "
            f"{m.round_trip_s * 500:.3f} ms")
    parts = document.get("parts") or [document]
    lost = run.lost()
    if lost:
        document["validity"]["valid"] = False
        document["validity"]["reasons"].append(
            "Incomplete. Workers were lost, and what they did and left behind is not in this "
            "result: " + ", ".join(m.name for m in lost) + ".")
        # By that nobody was found to be the limit; whether the lost ones were, nobody knows.
        told = {part["run"]["verdicts"]["generator"] for part in parts}
        about["verdicts"]["generator"] = "was_limit" if "was_limit" in told else "unknown"
        if about["exit_status"] in (0, 3, 5):
            about["exit_status"] = 1
    for part in parts:
        for m in run.members:
            if m.run_id == part["run"]["id"]:
                m.valid = part["validity"]["valid"]
    run.merged.write_text(text_of(document))
    run.document = document
    return about["exit_status"]


def text_of(document):
    """As the program writes it: each interval on a line of its own."""
    intervals = document.pop("intervals", None)
    out = json.dumps(document, indent=2)
    if intervals is not None:
        lines = ",\n".join("    " + json.dumps(one, separators=(",", ":")) for one in intervals)
        out = out[:-2] + ',\n  "intervals": [' + ("\n" + lines + "\n  " if lines else "") + "]\n}"
    return out + "\n"
