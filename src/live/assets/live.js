// The page of a run under way: asks for what is new each second, and has charts.js draw it.
//
// Texts are from scenarios, targets and people: they are only ever text nodes.
'use strict';
(function () {
  const every_ms = 1000;
  const token = new URLSearchParams(location.search).get('token');
  let next = 0;
  let run_id = null;
  let drawn = false;
  let failures = 0;
  const seen = new Set();
  const waiting = [];  // marks that came before there was a chart to draw them in
  let trials = 0;       // that have ended and are in the table
  let charted = null;   // the run that the charts are of
  let series_id;        // null: there is one run only
  let last = null;      // interval of the run

  // As run_monitor::state has them in each interval.
  const row = { t_s: 0, duration_s: 1, phase: 2, ok: 3, failed: 4, intended: 5, bytes: 6, p50: 7, p99: 8,
    max: 9, lag: 10, in_flight: 11, backlog: 12, busy: 13, held_up: 14, cluster: 15 };
  const sample = { health: 0, down: 1, out: 2, pgs: 3, recovery: 4, commit: 5, apply: 6, cpus: 7 };

  const ms = (key, of) => of[row.ok] > 0 ? of[row[key]] * 1000 : null;
  const charts = [
    { id: 'rate', title: 'Operations per second', unit: '/s', lines: [
      ['due', of => of[row.intended]], ['done', of => of[row.ok]], ['failed', of => of[row.failed]]] },
    { id: 'response', title: 'Response time', unit: 'ms', log: true, lines: [
      ['p50', of => ms('p50', of)], ['p99', of => ms('p99', of)], ['max', of => ms('max', of)]] },
    { id: 'bytes', title: 'Throughput', unit: 'B/s', lines: [['done', of => of[row.bytes]]] },
    { id: 'in-flight', title: 'In flight, and waiting', unit: '', lines: [
      ['in flight', of => of[row.in_flight]], ['waiting', of => of[row.backlog]]] },
    { id: 'lag', title: 'Send lag of the generator, p99', unit: 'ms', log: true, lines: [
      ['p99', of => ms('lag', of)]] },
    { id: 'cores', title: 'Cores of the generator', unit: 'share', lines: [
      ['busiest', of => of[row.busy]], ['held up', of => of[row.held_up]]] },
  ];

  // Of the cluster that is watched beside the load, once it has told something.
  const told = key => of => of[row.cluster] ? of[row.cluster][sample[key]] : null;
  const cluster_charts = [
    { id: 'cluster-osds', title: 'OSDs down and out', unit: '', lines: [['down', told('down')], ['out', told('out')]] },
    { id: 'cluster-pgs', title: 'Placement groups not active+clean', unit: '', lines: [['groups', told('pgs')]] },
    { id: 'cluster-recovery', title: 'Recovery', unit: 'B/s', lines: [['recovery', told('recovery')]] },
    { id: 'cluster-osd-latency', title: 'Latency of the slowest OSD, as it tells it', unit: 'ms', lines: [
      ['commit', told('commit')], ['apply', told('apply')]] },
    { id: 'cluster-osd-cpus', title: 'CPUs that OSDs on this host keep busy', unit: '', lines: [['together', told('cpus')]] },
  ];
  const cluster_seen = new Set();
  const bands = [];  // health

  const by_id = id => document.getElementById(id);

  function whole(seconds) {
    const s = Math.max(0, Math.round(seconds));
    const two = n => (n < 10 ? '0' : '') + n;
    return s < 3600 ? Math.floor(s / 60) + ':' + two(s % 60)
      : Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
  }

  function charts_of(rows) {
    for (const chart of cluster_charts) {
      if (rows.some(of => chart.lines.some(([, value]) => value(of) !== null))) cluster_seen.add(chart);
    }
    const all = charts.concat(cluster_charts.filter(chart => cluster_seen.has(chart)));
    return all.map(chart => ({ id: chart.id, title: chart.title, unit: chart.unit, log: Boolean(chart.log),
      cluster: cluster_seen.has(chart),
      lines: chart.lines.map(([name, value]) => ({ name: name, values: rows.map(value) })) }));
  }

  function spans_of(state, last_s) {
    return state.phases.map((phase, i) => ({ name: phase.name, kind: 'phase', from_s: phase.start_s,
      to_s: i + 1 < state.phases.length ? state.phases[i + 1].start_s : Math.max(last_s, phase.start_s) }));
  }

  const kind_of = health => ({ HEALTH_OK: 'good', HEALTH_WARN: 'warn', HEALTH_ERR: 'bad' }[health] || '');

  // Health from interval to interval; where nothing is known there is none.
  function bands_with(rows) {
    for (const of of rows) {
      const health = of[row.cluster] ? of[row.cluster][sample.health] : '';
      if (!health) continue;
      const from_s = of[row.t_s], to_s = from_s + of[row.duration_s];
      const last = bands[bands.length - 1];
      if (last && last.name === health && from_s - last.to_s < 0.5) last.to_s = to_s;
      else bands.push({ from_s: from_s, to_s: to_s, name: health, kind: kind_of(health) });
    }
    return bands;
  }

  function new_marks(state) {
    return state.events.filter(event => {
      const key = JSON.stringify([event.source, event.start_s, event.text]);
      if (seen.has(key)) return false;
      seen.add(key);
      const item = document.createElement('li');
      item.textContent = (event.start_s < 0 ? '-' : '') + whole(Math.abs(event.start_s)) + ' ' +
        (event.text || 'a mark') + ' (' + event.source + ')';
      by_id('events').append(item);
      by_id('events-part').hidden = false;
      return true;
    });
  }

  function verdict(good, head, text) {
    const item = document.createElement('li');
    item.className = good === null ? '' : good ? 'good' : 'bad';
    const strong = document.createElement('strong');
    strong.textContent = head;
    item.append(strong, text);
    return item;
  }

  function percent(share) {
    return (share * 100).toFixed(share < 0.01 ? 2 : 1) + '%';
  }

  // What stands now; the run itself judges at its end.
  function verdicts_of(state) {
    if (state.end) {
      const end = state.end;
      return [verdict(end.generator === 'kept_up', 'Generator', end.generator.replace(/_/g, ' ')),
        verdict(end.target === 'fine', 'Target', end.target.replace(/_/g, ' ')),
        verdict(end.left_behind !== 'something', 'Left behind', end.left_behind),
        verdict(null, 'Result', end.result_file + ', exit status ' + end.exit_status)];
    }
    const all = state.ok + state.failed;
    const share = all > 0 ? state.failed / all : 0;
    const out = [];
    if (ended(state)) {
      out.push(verdict(state.series.exit_status === 0, 'Series', 'over, exit status ' + state.series.exit_status));
    }
    if (!state.run_id) return out;
    out.push(verdict(all === 0 ? null : share <= state.error_limit, 'Target so far',
      state.ok + ' done, ' + state.failed + ' failed (' + percent(share) + ', limit ' +
      percent(state.error_limit) + ')'));
    if (state.unsupported > 0) {
      out.push(verdict(false, 'Unsupported', state.unsupported + ' of the failed: the target does not have the operation'));
    }
    for (const one of state.objectives) {
      out.push(verdict(one.met, one.met === null ? 'Objective' : one.met ? 'Met so far' : 'Missed so far',
        one.text + (one.value ? ': ' + one.value : '')));
    }
    const cluster = state.cluster;
    if (cluster && cluster.health) {
      out.push(verdict(cluster.health === 'HEALTH_OK' && cluster.answers, 'Cluster', cluster.health +
        (cluster.complaints ? ': ' + cluster.complaints : '') +
        (cluster.answers ? '' : ', at ' + whole(cluster.told_s) + '; no answer since')));
    }
    if (last) {
      out.push(verdict(null, 'Generator', 'busiest core ' + percent(last[row.busy]) + ', held up ' +
        percent(last[row.held_up]) + ', send lag p99 ' + (last[row.lag] * 1000).toPrecision(3) + ' ms'));
    }
    return out;
  }

  function named(trial) {
    return 'trial ' + trial.number + (trial.what ? ' (' + trial.what + ')' : '');
  }

  function cell(row, text, head, classes) {
    const made = document.createElement(head ? 'th' : 'td');
    if (head) made.scope = 'row';
    if (classes) made.className = classes;
    made.textContent = text;
    row.append(made);
  }

  function trial_row(trial) {
    const row = document.createElement('tr'), of = trial.figures;
    cell(row, String(trial.number), true);
    cell(row, trial.what, false, 'text');
    const value = (key, unit, factor) => cell(row, of ? window.chopsticks.worded(of[key] * factor, unit) : '-');
    value('rate_per_s', '/s', 1);
    value('p50_s', 'ms', 1000);
    value('p99_s', 'ms', 1000);
    cell(row, of ? String(of.failed) : '-');
    cell(row, of ? String(of.unanswered) : '-');
    const status = trial.exit_status ? ', exit status ' + trial.exit_status : '';
    cell(row, trial.state + status + (trial.problem ? ': ' + trial.problem : ''), false,
      'text ' + (trial.state === 'done' && trial.exit_status === 0 ? 'good' : trial.state === 'under way' ? '' : 'bad'));
    return row;
  }

  // Of several runs: the latest first, the one under way above them.
  function show_series(series) {
    by_id('series').hidden = false;
    const table = by_id('trials');
    for (const row of table.querySelectorAll('.now')) row.remove();
    for (const trial of series.ended.slice(Math.max(0, trials - series.from))) {
      table.prepend(trial_row(trial));
      ++trials;
    }
    if (series.trial) {
      const row = trial_row(Object.assign({ state: 'under way', figures: null, problem: '' }, series.trial));
      row.className = 'now';
      row.setAttribute('aria-current', 'true');
      table.prepend(row);
    }
    const bar = by_id('series-bar');
    bar.parentNode.hidden = series.planned === null;
    if (series.planned !== null) {
      bar.max = series.planned;
      bar.value = trials;
    }
    const said = trials + (series.planned === null ? '' : ' of ' + series.planned) +
      (trials === 1 && series.planned === null ? ' has' : ' have') + ' ended' +
      (series.exit_status !== null ? '; the series is over, exit status ' + series.exit_status
        : series.trial ? ', ' + named(series.trial) + ' is under way'
          : series.waiting ? '; waits: ' + series.waiting : '');
    // A screen reader speaks what changes.
    if (by_id('series-said').textContent !== said) by_id('series-said').textContent = said;
    by_id('stop').textContent = 'Stop the series';
  }

  function ended(state) {
    return state.series ? state.series.exit_status !== null : state.end !== null;
  }

  function facts_of(state) {
    const series = state.series;
    if (series && !ended(state)) {
      if (!series.trial) return series.waiting ? 'waits: ' + series.waiting : 'between two trials';
      if (series.trial.number !== state.trial) return named(series.trial) + ' is made ready';
    }
    const phase = state.phase + ' ' + whole(state.phase_elapsed_s) +
      (state.phase_planned_s > 0 ? ' of ' + whole(state.phase_planned_s) : '') +
      (state.total > 0 ? ', ' + state.done + ' of ' + state.total + ' objects' : '');
    return (ended(state) ? 'ended' : state.stopping ? 'stopping, ' + phase : phase) +
      (state.trial !== null ? '; trial ' + state.trial : '') + '; run ' + state.run_id +
      ', ' + whole(state.elapsed_s) + ' since it began';
  }

  function show(state) {
    const id = state.series ? state.series.id : null;
    const other = run_id !== null && run_id !== '' && state.run_id !== run_id;
    // Another process at the same address.
    if ((series_id !== undefined && id !== series_id) || (other && id === null)) return location.reload();
    series_id = id;
    if (other) {  // the next trial
      last = null;
      seen.clear();
      waiting.splice(0);
      by_id('events').replaceChildren();
      by_id('events-part').hidden = true;
      by_id('verdicts').replaceChildren();
    }
    run_id = state.run_id;
    if (state.series) show_series(state.series);
    document.title = (state.scenario || (state.series ? state.series.scenario : '')) + ': ' +
      (state.trial !== null ? 'trial ' + state.trial + ', ' : '') + state.phase;
    by_id('title').textContent = state.scenario || (state.series && state.series.scenario) || 'A run that begins';
    by_id('facts').textContent = facts_of(state);
    by_id('stop').disabled = state.stopping || ended(state);
    const rows = state.intervals;
    if (rows.length > 0) last = rows[rows.length - 1];
    const last_s = last ? last[row.t_s] + last[row.duration_s] : 0;
    if (last || state.end || state.series) by_id('verdicts').replaceChildren(...verdicts_of(state));
    next = state.next;
    const more = { t: rows.map(of => of[row.t_s] + of[row.duration_s] / 2), charts: charts_of(rows),
      spans: spans_of(state, last_s), bands: bands_with(rows), marks: new_marks(state) };
    by_id('points').textContent = String(next);
    if (typeof Dygraph === 'undefined' || (rows.length === 0 && more.marks.length === 0)) return;
    // Until the next trial has a point the charts are those of the one before.
    if (charted !== run_id && rows.length > 0) {
      if (drawn) window.chopsticks.restart();
      charted = run_id;
      if (state.trial !== null) by_id('charts-of').textContent = 'Trial ' + state.trial + ', run ' + run_id;
    }
    if (drawn && charted === run_id) {
      window.chopsticks.append(more);
    } else if (rows.length > 0) {
      window.chopsticks.draw(by_id('charts'), more);
      drawn = true;
    } else {
      waiting.push(...more.marks);
      return;
    }
    if (waiting.length > 0) window.chopsticks.append({ marks: waiting.splice(0) });
  }
  function headers() {
    const out = { 'X-Chopsticks': '1' };
    if (token) out['X-Chopsticks-Token'] = token;
    return out;
  }

  async function ask() {
    let done = false;
    try {
      const answer = await fetch('state?from=' + next + '&trials=' + trials +
        (run_id ? '&run=' + encodeURIComponent(run_id) : ''), { headers: headers() });
      if (!answer.ok) throw new Error(await answer.text());
      const state = await answer.json();
      failures = 0;
      by_id('trouble').textContent = '';
      show(state);
      done = ended(state);
    } catch (error) {
      if (++failures > 2) {
        by_id('trouble').textContent = 'The run does not answer: it has ended, or cannot be reached.';
        by_id('stop').disabled = true;
      }
    }
    if (!done) setTimeout(ask, every_ms);
  }

  by_id('stop').addEventListener('click', async () => {
    by_id('stop').disabled = true;
    try {
      const answer = await fetch('stop', { method: 'POST', headers: headers() });
      if (!answer.ok) throw new Error(await answer.text());
    } catch (error) {
      by_id('trouble').textContent = 'Not stopped: ' + error.message;
      by_id('stop').disabled = false;
    }
  });
  ask();
})();
