"""The page beside Locust's own: each run's figures over all workers while it goes, and what came of
it to read and to download. Behind Locust's log-in where it has one."""

import html
import re

from flask import abort, request, send_file

import chopsticks_live as live
import chopsticks_results as results

AGAIN_S = 3  # while something goes on

STYLE = """
body { font: 15px sans-serif; margin: 1.5em; color: #111; background: #fff; }
table { border-collapse: collapse; margin: .5em 0 1em; }
td, th { border: 1px solid #999; padding: 2px 8px; text-align: right; }
td:first-child, th:first-child { text-align: left; }
.bad { color: #a00; font-weight: bold; }
pre { background: #f2f2f2; padding: 8px; overflow: auto; }
"""

LINK = ('<a id="chopsticks-link" href="/chopsticks" style="position:fixed;right:8px;bottom:8px;'
        'z-index:9999;padding:4px 8px;background:#fff;color:#000;border:1px solid #888">'
        "Chopsticks: report and result</a></body>")


def table(kind, head, rows):
    if not rows:
        return ""
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
                    for row in rows)
    titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
    return f'<table class="{kind}"><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>'


def ms(histogram, percentile):
    value = (histogram or {}).get(percentile)
    return "" if value is None else f"{value / 1e6:.3f}"


def figures(document):
    """Percentiles are those of all workers' histograms, added up."""
    rows, errors = [], []
    for name, one in document["operations"].items():
        response, lag = one.get("response"), one.get("send_lag")
        rows.append((name, one["ok"], one["failed"], f"{one['rate_per_s']:.1f}",
                     ms(response, "p50_ns"), ms(response, "p99_ns"), ms(response, "p999_ns"),
                     ms(response, "max_ns"), ms(lag, "p50_ns"), ms(lag, "p99_ns")))
        errors += [(name, error.get("code") or error.get("class", ""), error["count"])
                   for error in one.get("errors", [])]
    return table("operations",
                 ("operation", "ok", "failed", "per s", "p50 ms", "p99 ms", "p99.9 ms", "max ms",
                  "send lag p50 ms", "send lag p99 ms"), rows) + \
        table("errors", ("operation", "error", "count"), errors)


def verdict(document, so_far):
    validity = document["validity"]
    until = " so far" if so_far else ""
    if validity["valid"]:
        return f'<p class="verdict">VALID{until}: no worker was the limit</p>'
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in validity["reasons"])
    return f'<p class="verdict bad">INVALID{until}</p><ul>{reasons}</ul>'


def workers(run):
    return table("workers",
                 ("worker", "first core", "cores", "state", "kept up", "clock ahead", "problem"),
                 [(m.worker.host, m.first_core, m.cores, m.state(), m.kept_up(),
                   f"{m.offset_s * 1e3:.3f} ms", m.problem) for m in run.members])


def links(run):
    files = [("report.html", "report"), ("result.json", "result"), ("workers.json", "workers")]
    folder = results.folder_of(run)
    return " ".join(f'<a href="/chopsticks/{run.name}/{name}">{word}</a> '
                    f'(<a href="/chopsticks/{run.name}/{name}?download=1" '
                    f'id="download-{word}-{run.name}">download</a>)'
                    for name, word in files if (folder / name).exists())


def section(run):
    state = "over" if run.over else "ends" if run.ends else "under way" if run.began else "begins"
    name = html.escape(run.name)
    out = f'<section class="run"><h2>Run {name}: <span class="state">{state}</span></h2>'
    out += f"<p>{links(run)}</p>"
    document = run.document or live.whole(run.members)
    if document is not None:
        out += verdict(document, not run.over) + figures(document)
    out += workers(run)
    out += "".join(f'<p class="bad">{html.escape(problem)}</p>' for problem in run.problems)
    if run.summary:
        out += f"<pre>{html.escape(run.summary)}</pre>"
    return out + "</section>"


def add_page(web_ui, master):
    guard = getattr(web_ui, "auth_required_if_enabled", lambda view: view)

    @web_ui.app.route("/chopsticks")
    @guard
    def chopsticks_page():
        busy = any(not run.over for run in master.runs)
        again = f'<meta http-equiv="refresh" content="{AGAIN_S}">' if busy else ""
        sections = "".join(section(run) for run in reversed(master.runs))
        return (f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
                f"<title>Chopsticks</title><style>{STYLE}</style></head><body>"
                f'<p><a href="/">Locust</a></p><h1>Chopsticks</h1>{sections or "No run yet."}'
                "</body></html>")

    @web_ui.app.route("/favicon.ico")
    def no_icon():
        """Browsers complain where a page has none; reports are files, which have none."""
        return "", 204

    @web_ui.app.route("/chopsticks/<name>/<file>")
    @guard
    def chopsticks_file(name, file):
        run = next((run for run in master.runs if run.name == name), None)
        if run is None or not re.fullmatch(r"report\.html|[-\w]+\.json", file):
            abort(404)
        path = (results.folder_of(run) / file).resolve()
        if not path.exists():
            abort(404)
        answer = send_file(path)
        if request.args.get("download"):
            answer.headers["Content-Disposition"] = (
                f'attachment; filename="chopsticks-{run.name}-{file}"')
        return answer

    @web_ui.app.after_request
    def add_link(response):
        if request.path == "/" and response.mimetype == "text/html" \
                and not response.direct_passthrough:
            text = response.get_data(as_text=True)
            response.set_data(text.replace("</body>", LINK, 1))
        return response
