// Charts over time that can be zoomed, on dygraphs. What is drawn without script (the SVG in each
// figure) stays, for print and for "Save as SVG".
//
// chopsticks.draw(root, data) draws data.charts into root: into its figure[data-chart=ID], or into a
// new one. chopsticks.append(more) adds points, lines, charts, spans and marks of the same form;
// after chopsticks.restart() they are those of another run.
//
//   { t: [s, ...],                                  middle of each span, since the load began
//     charts: [{ id, title, unit, log, lines: [{ name, values: [number or null, ...] }],
//                limits: [{ name, value }],        unit: "ms", "/s", "B/s", "share" or ""
//                cluster }],                       true: bands are named in it (marks.js draws them)
//     spans: [{ from_s, to_s, name, kind }],        kind: "phase" or "stage"; of append: all of them
//     bands: [{ from_s, to_s, name, kind }],        kind: "good", "warn", "bad", "silence" or ""; of append: all of them
//     marks: [{ start_s, end_s, source, text }] }   of append: further ones
//
// Texts are from results, and hostile: they are only ever text nodes, or drawn.
'use strict';
(function () {
  // A page that gets more and more keeps so many points: the last ones.
  const points_max = 5000;
  const colours = 12;
  let shown = [];
  let state = null;

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function element(name, attributes, text) {
    const made = document.createElement(name);
    for (const key of Object.keys(attributes || {})) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function digits(value) {
    if (value === 0) return '0';
    const size = Math.abs(value);
    return size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  }

  function scaled(value, units) {
    for (const [least, word] of units) {
      if (Math.abs(value) >= least) return digits(value / least) + word;
    }
    const last = units[units.length - 1];
    return digits(value / last[0]) + last[1];
  }

  const of_unit = {
    'ms': v => v === 0 ? '0' : scaled(v, [[1000, ' s'], [1, ' ms'], [1e-3, ' us'], [1e-6, ' ns']]),
    'B/s': v => v === 0 ? '0' : scaled(v, [[1e9, ' GB/s'], [1e6, ' MB/s'], [1e3, ' kB/s'], [1, ' B/s']]),
    'share': v => digits(v * 100) + '%',
    '/s': v => v === 0 ? '0' : scaled(v, [[1e6, 'M'], [1e4 / 10, 'k'], [1, '']]),
  };

  function worded(value, unit) {
    if (value === null || value === undefined || Number.isNaN(value)) return '-';
    return (of_unit[unit] || of_unit['/s'])(value);
  }

  function clock(seconds) {
    const sign = seconds < 0 ? '-' : '';
    const whole = Math.round(Math.abs(seconds) * 1000) / 1000;
    const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60;
    const s = Math.round((whole - h * 3600 - m * 60) * 1000) / 1000;
    const two = n => (n < 10 ? '0' : '') + n;
    return sign + (h > 0 ? h + ':' + two(m) : m) + ':' + two(s);
  }

  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
    21600, 43200, 86400, 172800, 604800];

  function time_ticks(from, to, pixels) {
    const wanted = (to - from) / Math.max(2, pixels / 90);
    const step = steps.find(s => s >= wanted) || Math.ceil(wanted / 604800) * 604800;
    const ticks = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      ticks.push({ v: at, label: clock(at) });
    }
    return ticks;
  }

  function value_ticks(chart) {
    return function (from, to, pixels) {
      const text = v => worded(v, chart.unit).replace(/\.0+(?=\D|$)/, '');
      const ticks = [];
      if (!chart.log) {
        const rough = (to - from) / Math.max(2, pixels / 45), power = Math.pow(10, Math.floor(Math.log10(rough)));
        const factor = [1, 2, 5, 10].find(one => one * power >= rough * 0.999);
        // One value alone tells no scale.
        const alone = Math.floor(to / (factor * power)) <= Math.ceil(from / (factor * power));
        const step = power * (alone ? { 1: 0.5, 2: 1, 5: 2, 10: 5 }[factor] : factor);
        for (let n = Math.ceil(from / step); n * step <= to && ticks.length < 50; ++n) {
          ticks.push({ v: n * step, label: text(Number((n * step).toPrecision(12))) });
        }
        return ticks;
      }
      const decades = Math.log10(to / from), every = Math.max(1, Math.ceil(decades / Math.max(2, pixels / 30)));
      for (let at = Math.floor(Math.log10(from)); at <= Math.log10(to) && ticks.length < 50; at += every) {
        for (const factor of decades < 4 ? [1, 2, 5] : [1]) {
          const v = Number((factor * Math.pow(10, at)).toPrecision(6));
          if (v < from || v > to) continue;
          ticks.push({ v: v, label: factor === 1 || decades < 2.1 ? text(v) : '' });
        }
      }
      return ticks;
    };
  }

  // All that points and spans cover.
  function full_range() {
    if (state.t.length === 0) return null;
    const from = Math.min(0, state.t[0], ...state.spans.map(span => span.from_s));
    const to = Math.max(state.t[state.t.length - 1], ...state.spans.map(span => span.to_s));
    return [state.t.length < points_max ? from : state.t[0], to > from ? to : from + 1];
  }

  // With room above for the names of phases; of what is seen, and of the limits.
  function value_range(one) {
    const chart = one.chart, [from, to] = state.window || full_range() || [0, 1];
    let least = Infinity, most = -Infinity;
    const add = value => {
      if (value === null || value === undefined || (chart.log && value <= 0)) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    };
    chart.lines.forEach((line, n) => {
      const button = one.buttons[n];
      if (button && button.getAttribute('aria-pressed') !== 'true') return;
      line.values.forEach((value, i) => { if (state.t[i] >= from && state.t[i] <= to) add(value); });
    });
    for (const limit of chart.limits || []) add(limit.value);
    if (most < least) return chart.log ? [1, 10] : [0, 1];
    if (chart.log) return [least / 1.25, most * Math.max(1.5, Math.pow(most / least, 0.15))];
    const bottom = Math.min(0, least);
    return [bottom, most > bottom ? most + (most - bottom) * (chart.cluster ? 0.5 : 0.18) : bottom + 1];
  }

  function rows_of(chart) {
    const lines = chart.lines;
    return state.t.map((at, i) => {
      const row = [at];
      for (const line of lines) {
        const value = line.values[i];
        row.push(value === undefined || (chart.log && value !== null && value <= 0) ? null : value);
      }
      return row;
    });
  }

  function underlay(context, area, graph, chart) {
    const of_time = at => Math.max(area.x, Math.min(area.x + area.w, graph.toDomXCoord(at)));
    context.save();
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'top';
    state.spans.forEach((span, i) => {
      const left = of_time(span.from_s), right = of_time(span.to_s);
      if (right <= left) return;
      const stage = span.kind === 'stage';
      if (stage || span.name !== 'measure') {
        context.fillStyle = css(stage ? (i % 2 ? '--stage-a' : '--stage-b') : '--phase');
        context.fillRect(left, area.y, right - left, area.h);
      }
      context.fillStyle = css('--muted');
      if (context.measureText(span.name).width + 6 < right - left) {
        context.fillText(span.name, left + 3, area.y + (stage ? 15 : 2));
      }
    });
    chopsticks_marks.draw_bands(context, area, of_time, state.bands, Boolean(chart.cluster));
    const labels = [];
    // Where several last at a time the shade is that of one.
    context.beginPath();
    for (const mark of state.marks) {
      const left = of_time(mark.start_s), right = of_time(mark.end_s === undefined ? mark.start_s : mark.end_s);
      if (right > left) context.rect(left, area.y, right - left, area.h);
    }
    context.fillStyle = css('--mark-span');
    context.fill();
    state.marks.forEach((mark, i) => {
      const left = graph.toDomXCoord(mark.start_s);
      const right = mark.end_s === undefined ? left : graph.toDomXCoord(mark.end_s);
      if (right < area.x || left > area.x + area.w) return;
      const from = Math.max(left, area.x);
      context.fillStyle = css('--mark');
      context.fillRect(from, area.y, 1.5, area.h);
      labels.push({ x: from, numbers: [i + 1] });
    });
    chopsticks_marks.name_marks(context, area, labels, state.bands.length > 0);
    context.restore();
  }

  function limits(chart) {
    return function (context, area, graph) {
      underlay(context, area, graph, chart);
      for (const limit of chart.limits || []) {
        const y = graph.toDomYCoord(limit.value);
        if (!(y >= area.y && y <= area.y + area.h)) continue;
        context.save();
        context.strokeStyle = context.fillStyle = css('--bad');
        context.setLineDash([6, 4]);
        context.beginPath();
        context.moveTo(area.x, y);
        context.lineTo(area.x + area.w, y);
        context.stroke();
        context.font = '11px system-ui, sans-serif';
        context.textAlign = 'right';
        context.fillText(limit.name, area.x + area.w - 4, y - 4);
        context.restore();
      }
    };
  }

  let turning = false;  // what one chart does, the others follow

  function follow(from, act) {
    if (turning) return;
    turning = true;
    try {
      for (const one of shown) if (one !== from) act(one);
    } finally {
      turning = false;
    }
  }

  function show_only(range) {
    state.window = range;
    for (const one of shown) {
      one.graph.updateOptions({ dateWindow: range || full_range(), valueRange: value_range(one) });
    }
  }

  function say(one, row) {
    const chart = one.chart;
    one.buttons.forEach((button, i) => {
      const value = row === null ? '' : worded(chart.lines[i].values[row], chart.unit);
      button.lastChild.textContent = value;
    });
    if (row === null) {
      one.readout.textContent = '';
      return;
    }
    const at = state.t[row];
    const half = state.t.length > 1 ? (state.t[1] - state.t[0]) / 2 : 0.5;
    const near = state.marks.map((mark, i) => [mark, i + 1]).filter(([mark]) =>
      mark.start_s <= at + half && (mark.end_s === undefined ? mark.start_s : mark.end_s) >= at - half);
    const in_span = state.spans.concat(chart.cluster ? state.bands : []).filter(
      s => s.from_s <= at && at < s.to_s).map(s => s.name);
    one.readout.textContent = [clock(at), in_span.join(', ')].filter(Boolean).join(' ') +
      near.map(([mark, n]) => '; ' + n + ': ' + mark.text).join('');
  }

  function select(one, row, speak) {
    one.selected = row;
    say(one, row);
    if (speak) {
      one.spoken.textContent = one.readout.textContent + '. ' + one.chart.lines.map(
        line => line.name + ' ' + worded(line.values[row], one.chart.unit)).join(', ');
    }
  }

  function zoomed(factor, one) {
    const [from, to] = one.graph.xAxisRange();
    const middle = one.selected === null ? (from + to) / 2 : state.t[one.selected];
    const [first, last] = full_range();
    const half = (to - from) * factor / 2;
    if (half * 2 >= last - first) return null;
    return [Math.max(first, middle - half), Math.min(last, middle + half)];
  }

  function pressed(one, event) {
    const last = state.t.length - 1;
    if (event.ctrlKey || event.metaKey || event.altKey || last < 0) return;
    const by = event.shiftKey ? 10 : 1;
    let row = one.selected;
    if (event.key === 'ArrowRight') row = row === null ? 0 : Math.min(last, row + by);
    else if (event.key === 'ArrowLeft') row = row === null ? last : Math.max(0, row - by);
    else if (event.key === 'Home') row = 0;
    else if (event.key === 'End') row = last;
    else if (event.key === '+' || event.key === '=') show_only(zoomed(0.5, one));
    else if (event.key === '-') show_only(zoomed(2, one));
    else if (event.key === 'Escape') show_only(null);
    else return;
    event.preventDefault();
    if (row === one.selected) return;
    one.graph.setSelection(row);
    select(one, row, true);
    follow(one, other => { other.graph.setSelection(row); select(other, row, false); });
  }

  function dashes(i) {
    return i < colours ? null : [6, 3];
  }

  function options_of(one) {
    const chart = one.chart;
    // Drawings without script have the same margins, so that all lie on one axis.
    const width = one.figure.clientWidth || 960;
    const axis = { axisLineColor: css('--axis'), gridLineColor: css('--grid') };
    const series = {};
    chart.lines.forEach((line, i) => { series[label(i)] = { strokePattern: dashes(i) }; });
    return {
      file: rows_of(chart),
      labels: ['t'].concat(chart.lines.map((line, i) => label(i))),
      colors: chart.lines.map((line, i) => css('--s' + (i % colours + 1))),
      series: series,
      logscale: Boolean(chart.log),
      dateWindow: state.window || full_range(),
      valueRange: value_range(one),
      rightGap: Math.round(width * 14 / 960),
      underlayCallback: limits(chart),
      axisLineColor: css('--axis'),
      gridLineColor: css('--grid'),
      axes: {
        x: Object.assign({ ticker: time_ticks, axisLabelFormatter: clock, valueFormatter: clock }, axis),
        y: Object.assign({ ticker: value_ticks(chart), drawGrid: true,
          axisLabelWidth: Math.max(48, Math.round(width * 74 / 960) - 6) }, axis),
      },
    };
  }

  // The library puts labels into HTML here and there; names of operations are none of its business.
  function label(i) {
    return 'l' + i;
  }

  function legend_of(one) {
    one.legend.textContent = '';
    one.buttons = one.chart.lines.map((line, i) => {
      const button = element('button', { type: 'button', 'aria-pressed': 'true' });
      button.append(element('i', { class: 'swatch c' + (i % colours + 1) + (dashes(i) ? ' dashed' : '') }),
        element('span', {}, line.name), element('b', {}));
      button.addEventListener('click', () => {
        const on = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(on));
        one.graph.setVisibility(i, on);
        one.graph.updateOptions({ valueRange: value_range(one) });
      });
      const item = element('li');
      item.append(button);
      one.legend.append(item);
      return button;
    });
  }

  function figure_for(root, chart) {
    for (const there of root.querySelectorAll('figure[data-chart]')) {
      if (there.dataset.chart === chart.id) return there;
    }
    const made = element('figure', { class: 'chart', 'data-chart': chart.id });
    const caption = element('figcaption');
    caption.append(element('h3', {}, chart.title));
    made.append(caption);
    root.append(made);
    return made;
  }

  function draw_chart(root, chart) {
    const figure = figure_for(root, chart);
    const plot = element('div', { class: 'plot', tabindex: '0', role: 'group',
      'aria-roledescription': 'chart over time',
      'aria-label': chart.title + '. Arrow keys go from point to point, plus and minus zoom, Escape shows all' });
    const canvas = element('div', { class: 'canvas', 'aria-hidden': 'true' });
    const one = { chart: chart, figure: figure, legend: element('ul', { class: 'legend' }), selected: null,
      readout: element('p', { class: 'readout' }), buttons: [],
      spoken: element('p', { class: 'spoken', 'aria-live': 'polite' }) };
    plot.append(canvas, one.spoken);
    figure.append(plot, one.readout, one.legend);
    figure.classList.add('interactive');
    // A finger scrolls the page, it does not pan the chart.
    const model = Object.assign({}, Dygraph.defaultInteractionModel);
    for (const touch of ['touchstart', 'touchmove', 'touchend']) delete model[touch];
    one.graph = new Dygraph(canvas, rows_of(chart), Object.assign(options_of(one), {
      legend: 'never', strokeWidth: 1.4, highlightCircleSize: 3, pointSize: 2.5,
      interactionModel: model, labelsKMB: false, animatedZooms: false,
      highlightCallback: (event, x, points, row) => {
        select(one, row, false);
        follow(one, other => { other.graph.setSelection(row); select(other, row, false); });
      },
      unhighlightCallback: () => {
        select(one, null, false);
        follow(one, other => { other.graph.clearSelection(); select(other, null, false); });
      },
      zoomCallback: (from, to) => {
        const all = from <= state.t[0] && to >= state.t[state.t.length - 1];
        show_only(all ? null : [from, to]);
      },
    }));
    plot.addEventListener('keydown', event => pressed(one, event));
    legend_of(one);
    shown.push(one);
  }

  function lengthened(values, length) {
    while (values.length < length) values.push(null);
  }

  function add_chart(chart, before, added) {
    let there = state.charts.find(known => known.id === chart.id);
    if (!there) {
      there = Object.assign({}, chart, { lines: [] });
      state.charts.push(there);
    }
    for (const line of chart.lines) {
      let known = there.lines.find(one => one.name === line.name);
      if (!known) {
        known = { name: line.name, values: [] };
        there.lines.push(known);
      }
      lengthened(known.values, before);
      known.values.push(...line.values.slice(0, added));
    }
  }

  function append(more) {
    if (!state) return;
    const before = state.t.length, added = (more.t || []).length;
    for (const chart of more.charts || []) add_chart(chart, before, added);
    state.t.push(...(more.t || []));
    const surplus = Math.max(0, state.t.length - points_max);
    for (const chart of state.charts) {
      for (const line of chart.lines) {
        lengthened(line.values, state.t.length);
        line.values.splice(0, surplus);
      }
    }
    state.t.splice(0, surplus);
    if (more.spans) state.spans = more.spans;
    if (more.bands) state.bands = more.bands;
    state.marks.push(...(more.marks || []));
    for (const chart of state.charts) {
      const one = shown.find(known => known.chart === chart);
      if (!one) {
        draw_chart(state.root, chart);
        continue;
      }
      if (one.buttons.length !== chart.lines.length) legend_of(one);
      one.selected = null;
      one.graph.updateOptions(options_of(one));
    }
  }

  function draw(root, data) {
    shown = [];
    state = { root: root, t: [], charts: [], spans: data.spans || [],
      bands: data.bands || [], marks: [], window: null };
    append(data);
  }

  // Another run in the same charts: points, marks and zoom are gone, lines that were hidden stay so.
  function restart() {
    if (!state) return;
    for (const chart of state.charts) for (const line of chart.lines) line.values = [];
    state.t = [];
    state.spans = [];
    state.bands = [];
    state.marks = [];
    state.window = null;
  }

  function redraw() {
    for (const one of shown) one.graph.updateOptions(options_of(one));
  }

  function save(figure) {
    const svg = figure.querySelector('svg').cloneNode(true);
    const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
    style.textContent = document.getElementById('drawing').textContent;
    svg.prepend(style);
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    const text = '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(svg);
    const link = element('a', { href: URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' })),
      download: (figure.id || 'chart') + '.svg' });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function offer_saving() {
    for (const figure of document.querySelectorAll('figure.chart')) {
      if (!figure.querySelector('svg')) continue;
      const button = element('button', { type: 'button', class: 'save' }, 'Save as SVG');
      const title = figure.querySelector('figcaption h3');
      button.setAttribute('aria-label', 'Save as SVG: ' + (title ? title.textContent : 'chart'));
      button.addEventListener('click', () => save(figure));
      figure.querySelector('figcaption').append(button);
    }
  }

  window.chopsticks = { draw: draw, append: append, restart: restart, worded: worded };
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  window.addEventListener('resize', redraw);

  document.addEventListener('DOMContentLoaded', () => {
    offer_saving();
    const data = document.getElementById('time-data');
    if (data && typeof Dygraph !== 'undefined') {
      const root = document.querySelector('[data-charts]');
      if (root) draw(root, JSON.parse(data.textContent));
    }
  });
})();
