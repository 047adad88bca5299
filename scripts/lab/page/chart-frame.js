// What both charts share: axes, marks, the pointer's tooltip.
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

  globalThis.charts = { curves, draw, faded, marker };
})();
