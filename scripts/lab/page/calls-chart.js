// Error against model calls, with the legend of slopes.
(() => {
  const { lab, uPlot, charts } = globalThis;
  const { chosen, element, show } = lab;
  const { curves, draw, faded, marker } = charts;

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

  globalThis.charts.drawCalls = drawCalls;

  document.getElementById('legend-all').addEventListener('click', () => {
    chosen.hidden.clear();
    lab.change({ hidden: chosen.hidden });
  });
  document.getElementById('legend-none').addEventListener('click', () => {
    for (const { entry } of curves()) chosen.hidden.add(entry.id);
    lab.change({ hidden: chosen.hidden });
  });
})();
