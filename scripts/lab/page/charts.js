// The two charts: error against model calls, time against error.
(() => {
  const { lab, uPlot } = globalThis;
  const { chosen, element, show } = lab;
  const height = 470;

  const niceSteps = [1, 1.5, 2, 3, 5, 7];
  /** Ticks of a log axis: nice numbers, as many as a decade leaves room for. */
  const logSplits = (_, __, low, high) => {
    const decades = Math.log10(high / low);
    const wanted = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : niceSteps;
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
      for (const step of wanted) {
        const tick = Number((step * 10 ** power).toPrecision(3));
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    return ticks;
  };
  const padded = (_, low, high) => [low / 1.12, high * 1.12];
  const axis = (label) => ({
    label,
    labelFont: '600 13px system-ui, sans-serif',
    font: '12px system-ui, sans-serif',
    labelSize: 26,
    size: 52,
    stroke: lab.css('--soft'),
    grid: { stroke: lab.css('--grid'), width: 1 },
    ticks: { stroke: lab.css('--grid'), width: 1, size: 5 },
    splits: logSplits,
    filter: (_, splits) => splits,
    values: (_, splits) => splits.map((value) => show(value)),
  });

  const curves = () =>
    lab.report.entries
      .filter((entry) => lab.matches(entry) && entry.id === entry.computedAs)
      .map((entry) => ({
        entry,
        points: lab
          .points(entry)
          .map((point) => ({ ...point, value: point[chosen.measure] }))
          .filter(({ value, calls }) => value > 0 && calls !== null),
      }))
      .filter(({ points }) => points.length > 0);

  const faded = (colour, entry) =>
    chosen.focus !== null && chosen.focus !== entry.id ? `${colour}38` : colour;

  /** Filled for sdxl-torch, hollow for sdxl-img2img. */
  const marker = (entry) =>
    entry.endpoint === 'sdxl-torch' ? faded(lab.colour(entry), entry) : lab.css('--card');

  function tooltip(plot, lines) {
    const tip = plot.querySelector('.tip');
    tip.hidden = lines === null;
    if (lines === null) return;
    tip.replaceChildren(
      ...lines.flatMap((line, i) => (i === 0 ? [element('b', {}, line)] : [element('br'), line])),
    );
  }

  /** Follows the pointer to the nearest point and shows what it is. */
  const nearest = (plot, all, place) => ({
    hooks: {
      setCursor: [
        (chart) => {
          const { left, top } = chart.cursor;
          let best = null;
          for (const point of left < 0 ? [] : all) {
            if (chosen.hidden.has(point.entry.id)) continue;
            const [x, y] = place(chart, point);
            const distance = Math.hypot(x - left, y - top);
            if (distance < 28 && (best === null || distance < best.distance))
              best = { point, distance, x, y };
          }
          if (best === null) {
            tooltip(plot, null);
            return;
          }
          const { entry, steps, calls, totalMs, value } = best.point;
          tooltip(plot, [
            entry.label,
            `${steps} steps, ${Math.round(calls)} model calls, ${show(totalMs)} ms`,
            `${lab.measures[chosen.measure]} ${show(value)}`,
          ]);
          const tip = plot.querySelector('.tip');
          const over = chart.over.getBoundingClientRect();
          const outer = plot.getBoundingClientRect();
          const x = best.x + over.left - outer.left;
          tip.style.left = `${x > outer.width / 2 ? x - tip.offsetWidth - 14 : x + 14}px`;
          tip.style.top = `${Math.max(0, best.y + over.top - outer.top - 20)}px`;
        },
      ],
    },
  });

  function draw(plot, { data, series, xLabel, yLabel, hooks, all, place, description }) {
    plot.chart?.destroy();
    plot.chart = undefined;
    plot.querySelector('.empty')?.remove();
    plot.setAttribute('aria-label', description);
    if (all.length === 0) {
      plot.prepend(
        element(
          'p',
          { className: 'empty' },
          'Nothing to draw: this measure does not exist for what is chosen above.',
        ),
      );
      return;
    }
    const points = nearest(plot, all, place);
    plot.chart = new uPlot(
      {
        width: Math.max(300, plot.clientWidth),
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { time: false, distr: 3, range: padded }, y: { distr: 3, range: padded } },
        axes: [axis(xLabel), axis(yLabel)],
        series: [{}, ...series],
        hooks: { ...points.hooks, ...hooks },
      },
      data,
      (chart, init) => {
        plot.prepend(chart.root);
        init();
      },
    );
  }

  /** Dashed lines of slope 1 and 2 through the middle of what is drawn. */
  const guides = (all) => (chart) => {
    if (chosen.measure === 'distance') return;
    const logs = all.map(({ calls, value }) => [Math.log(calls), Math.log(value)]);
    const mean = (index) => logs.reduce((sum, pair) => sum + pair[index], 0) / logs.length;
    const [x, y] = [mean(0), mean(1)];
    const { ctx, bbox } = chart;
    const { min, max } = chart.scales.x;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.setLineDash([3, 6]);
    ctx.strokeStyle = lab.css('--soft');
    ctx.fillStyle = lab.css('--soft');
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    for (const order of [1, 2]) {
      const at = (calls) => Math.exp(y - order * (Math.log(calls) - x));
      const spot = (calls) => [chart.valToPos(calls, 'x', true), chart.valToPos(at(calls), 'y', true)];
      ctx.beginPath();
      ctx.moveTo(...spot(min));
      ctx.lineTo(...spot(max));
      ctx.stroke();
      const label = spot(max / 1.22);
      ctx.fillText(`order ${order}`, label[0], label[1] - 8 * devicePixelRatio);
    }
    ctx.restore();
  };

  function drawCalls() {
    const plot = document.getElementById('calls-plot');
    const lines = curves();
    const seen = lines.filter(({ entry }) => !chosen.hidden.has(entry.id));
    const all = seen.flatMap(({ entry, points }) => points.map((point) => ({ ...point, entry })));
    const tables = seen.map(({ points }) => [
      points.map(({ calls }) => calls),
      points.map(({ value }) => value),
    ]);
    draw(plot, {
      data: tables.length > 0 ? uPlot.join(tables) : [[]],
      series: seen.map(({ entry }) => ({
        label: entry.label,
        spanGaps: true,
        stroke: () => faded(lab.colour(entry), entry),
        width: chosen.focus === entry.id ? 3 : 1.6,
        dash: lab.dash(entry),
        points: {
          show: true,
          size: 6,
          width: 1.5,
          fill: () => marker(entry),
          stroke: () => faded(lab.colour(entry), entry),
        },
      })),
      xLabel: 'model calls',
      yLabel: lab.measures[chosen.measure],
      hooks: { draw: [guides(all)] },
      all,
      place: (chart, { calls, value }) => [chart.valToPos(calls, 'x'), chart.valToPos(value, 'y')],
      description: `${lab.measures[chosen.measure]} against model calls on log axes, ${seen.length} schedulers; the same numbers are in the table below`,
    });
    drawLegend(lines);
  }

  function orderText(entry) {
    const slope = lab.slope(entry);
    if (chosen.measure === 'distance' || !slope) return { text: '', title: '' };
    if ('order' in slope) return { text: slope.order.toFixed(2), title: 'measured slope over these steps' };
    return { text: '–', title: `no slope: ${slope.why}` };
  }

  function drawLegend(lines) {
    const last = ({ points }) => points.at(-1).value;
    const rows = lines
      .toSorted((a, b) => last(a) - last(b))
      .map(({ entry, points }) => {
        const { text, title } = orderText(entry);
        const box = element('input', { type: 'checkbox', checked: !chosen.hidden.has(entry.id) });
        box.addEventListener('change', () => {
          if (box.checked) chosen.hidden.delete(entry.id);
          else chosen.hidden.add(entry.id);
          lab.change({ hidden: chosen.hidden });
        });
        const dash = lab.dash(entry).join(' ');
        const swatch = element('span', { ariaHidden: 'true' });
        swatch.innerHTML = `<svg width="30" height="10"><line x1="1" x2="29" y1="5" y2="5" stroke="${lab.colour(entry)}" stroke-width="2.5" stroke-dasharray="${dash}"/><circle cx="15" cy="5" r="3" fill="${entry.endpoint === 'sdxl-torch' ? lab.colour(entry) : lab.css('--card')}" stroke="${lab.colour(entry)}" stroke-width="1.5"/></svg>`;
        const order = element('span', { className: 'number', title });
        order.append(element('span', { className: /\d/.test(text) ? 'order' : '' }, text));
        const label = element(
          'label',
          { title: `${entry.method}, ${entry.spacing}` },
          box,
          swatch,
          entry.label,
        );
        const item = element('li', {}, label, order);
        const focus = (id) => () => {
          if (chosen.focus === id) return;
          chosen.focus = id;
          drawFocus();
        };
        item.addEventListener('pointerenter', focus(entry.id));
        item.addEventListener('pointerleave', focus(null));
        box.addEventListener('focus', focus(entry.id));
        box.addEventListener('blur', focus(null));
        item.dataset.last = show(last({ points }));
        return item;
      });
    document.getElementById('legend').replaceChildren(...rows);
    document.getElementById('legend-head').textContent =
      chosen.measure === 'distance' ? `${rows.length} schedulers` : `${rows.length} schedulers · slope`;
  }

  function drawFocus() {
    for (const id of ['calls-plot', 'time-plot']) {
      const { chart } = document.getElementById(id);
      for (const [index, series] of (chart?.series ?? []).entries()) {
        const entry = lab.report.entries.find(({ label }) => label === series.label);
        if (index > 0 && entry) series.width = chosen.focus === entry.id ? 3.4 : 1.6;
      }
      chart?.redraw(false);
    }
  }

  function front(points) {
    const best = [];
    for (const point of points.toSorted((a, b) => a.totalMs - b.totalMs || a.value - b.value))
      if (best.length === 0 || point.value < best.at(-1).value) best.push(point);
    return best;
  }

  /** Writes names beside the points of the front, leaving out those that would lie on another. */
  const frontLabels = (best) => (chart) => {
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = lab.css('--ink');
    ctx.font = `600 ${11.5 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    const taken = [];
    for (const { entry, steps, totalMs, value } of best) {
      const x = chart.valToPos(totalMs, 'x', true) + 8 * devicePixelRatio;
      const y = chart.valToPos(value, 'y', true) - 7 * devicePixelRatio;
      const text = `${entry.label}, ${steps}`;
      const width = ctx.measureText(text).width;
      const start = Math.max(chart.bbox.left, Math.min(x, chart.bbox.left + chart.bbox.width - width));
      if (
        taken.some(
          (other) =>
            Math.abs(other.y - y) < 15 * devicePixelRatio && start < other.end && start + width > other.start,
        )
      )
        continue;
      taken.push({ start, end: start + width, y });
      ctx.fillText(text, start, y);
    }
    ctx.restore();
  };

  function drawTime() {
    const plot = document.getElementById('time-plot');
    const seen = curves().filter(({ entry }) => !chosen.hidden.has(entry.id));
    const all = seen
      .flatMap(({ entry, points }) => points.map((point) => ({ ...point, entry })))
      .filter(({ totalMs }) => totalMs > 0);
    const best = front(all);
    const tables = seen.map(({ points }) => {
      const timed = points.filter(({ totalMs }) => totalMs > 0).toSorted((a, b) => a.totalMs - b.totalMs);
      return [timed.map(({ totalMs }) => totalMs), timed.map(({ value }) => value)];
    });
    tables.push([best.map(({ totalMs }) => totalMs), best.map(({ value }) => value)]);
    draw(plot, {
      data: all.length > 0 ? uPlot.join(tables) : [[]],
      series: [
        ...seen.map(({ entry }) => ({
          label: entry.label,
          paths: () => null,
          stroke: () => faded(lab.colour(entry), entry),
          points: {
            show: true,
            size: 7,
            width: 1.5,
            fill: () => marker(entry),
            stroke: () => faded(lab.colour(entry), entry),
          },
        })),
        {
          label: 'Pareto front',
          spanGaps: true,
          stroke: lab.css('--front'),
          width: 2.2,
          points: { show: true, size: 11, width: 2, fill: 'transparent' },
        },
      ],
      xLabel: 'milliseconds for one picture, without decoding',
      yLabel: lab.measures[chosen.measure],
      hooks: { draw: [frontLabels(best)] },
      all,
      place: (chart, { totalMs, value }) => [chart.valToPos(totalMs, 'x'), chart.valToPos(value, 'y')],
      description: `${lab.measures[chosen.measure]} against time on log axes, with the Pareto front, which is listed beside it`,
    });
    document
      .getElementById('front')
      .replaceChildren(
        ...best.map(({ entry, steps, totalMs, value }) =>
          element(
            'li',
            {},
            element('b', {}, entry.label),
            `, ${steps} steps: ${show(totalMs)} ms, ${show(value)}`,
          ),
        ),
      );
  }

  const drawAll = () => {
    drawCalls();
    drawTime();
  };
  lab.onChange(drawAll);
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 2) return;
    width = contentRect.width;
    drawAll();
  }).observe(document.getElementById('calls-plot'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);

  document.getElementById('legend-all').addEventListener('click', () => {
    chosen.hidden.clear();
    lab.change({ hidden: chosen.hidden });
  });
  document.getElementById('legend-none').addEventListener('click', () => {
    for (const { entry } of curves()) chosen.hidden.add(entry.id);
    lab.change({ hidden: chosen.hidden });
  });
})();
