// Time against error, with the Pareto front.
(() => {
  const { lab, uPlot, charts } = globalThis;
  const { chosen, element, show } = lab;
  const { curves, draw, faded, marker } = charts;

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
    charts.drawCalls();
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
})();
