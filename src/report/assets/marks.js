// What charts over time have in front of their lines' background: stripes of how a cluster was, and
// the numbers of marks. On a canvas; charts.js says where. Nothing here is markup.
'use strict';
(function () {
  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // The worse, the higher: colours alone are not seen by all.
  const looks = { good: ['--good', 3], warn: ['--warn', 6], bad: ['--bad', 9], silence: ['--axis', 6] };

  function draw_bands(context, area, of_time, bands, of_cluster) {
    const bottom = area.y + area.h;
    let named_to = area.x;
    for (const band of bands) {
      const left = of_time(band.from_s), right = of_time(band.to_s);
      if (right <= left) continue;
      const [colour, height] = looks[band.kind] || ['--muted', 6];
      if (of_cluster && band.kind === 'silence') {
        context.fillStyle = css('--phase');
        context.fillRect(left, area.y, right - left, area.h);
      }
      context.fillStyle = css(colour);
      context.fillRect(left, bottom - height, right - left, height);
      // What is as it should be needs no words.
      if (!of_cluster || band.kind === 'good' || left < named_to) continue;
      const width = context.measureText(band.name).width + 6;
      if (left + width > area.x + area.w) continue;
      context.fillStyle = css('--muted');
      context.fillText(band.name, left + 3, area.y + 15);
      named_to = left + width;
    }
  }

  // [1, 2, 3, 5] is "1-3,5"; what has too many pieces is told by its ends.
  function numbers_text(numbers) {
    const runs = [];
    for (const n of numbers.sort((a, b) => a - b)) {
      const last = runs[runs.length - 1];
      if (last && last[1] + 1 === n) last[1] = n;
      else runs.push([n, n]);
    }
    if (runs.length > 3) return runs[0][0] + '..' + runs[runs.length - 1][1];
    return runs.map(([from, to]) => from === to ? String(from) : from + '-' + to).join(',');
  }

  // labels: [{ x, numbers }], of any order. Numbers that would overlap are one.
  function name_marks(context, area, labels, above_bands) {
    labels.sort((a, b) => a.x - b.x);
    const shown_labels = [];
    for (const label of labels) {
      const last = shown_labels[shown_labels.length - 1];
      if (last && label.x < last.right) last.numbers.push(...label.numbers);
      else shown_labels.push(label);
      const grown = shown_labels[shown_labels.length - 1];
      grown.text = numbers_text(grown.numbers);
      grown.right = grown.x + 6 + context.measureText(grown.text).width;
    }
    context.fillStyle = css('--mark');
    const y = area.y + area.h - (above_bands ? 22 : 13);
    for (const label of shown_labels) {
      const fits = label.right <= area.x + area.w;
      context.textAlign = fits ? 'left' : 'right';
      context.fillText(label.text, fits ? label.x + 3 : area.x + area.w - 2, y);
    }
  }

  window.chopsticks_marks = { draw_bands: draw_bands, name_marks: name_marks, numbers_text: numbers_text };
})();
