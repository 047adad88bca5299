// Every number, sortable.
(() => {
  const { lab } = globalThis;
  const { report, chosen, element, show } = lab;
  const slopeOf = (entry) => lab.slope(entry)?.order ?? null;
  const columns = [
    ['scheduler', ({ entry }) => entry.name, 'text', ({ entry }) => entry.endpoint],
    ['solver', ({ entry }) => entry.method, 'text', ({ entry }) => entry.spacing],
    ['steps', ({ point }) => point.steps],
    ['model\ncalls', ({ point }) => point.calls],
    ['latent\nerror', ({ point }) => point.error],
    ['picture\ndifference', ({ point }) => point.imageError],
    ['distribution\ndistance', ({ point }) => point.distance],
    ['total\nms', ({ point }) => point.totalMs],
    ['model\nms', ({ point }) => point.modelMs],
    ['arithmetic\nms', ({ point }) => point.arithmeticMs],
    ['noise\nms', ({ point }) => point.noiseMs],
    ['NaN\nrate', ({ point }) => point.nanRate],
    ['slope,\nthese steps', ({ entry }) => slopeOf(entry)],
    ['order,\nmeasured', ({ entry }) => entry.order.measured],
    ['order,\ntheory', ({ entry }) => entry.order.theory],
  ];
  const firstOrder = columns.findIndex(([title]) => title.startsWith('slope'));
  const sorted = { column: 4, down: false };
  const steps = document.getElementById('table-steps');
  for (const count of report.settings.steps)
    steps.append(element('option', { value: count }, `${count} steps`));
  steps.append(element('option', { value: 'all' }, 'all steps'));
  steps.value = String(report.settings.steps.find((count) => count >= 25) ?? report.settings.steps.at(-1));

  function rows() {
    const found = report.entries
      .filter((entry) => lab.matches(entry))
      .flatMap((entry) => lab.points(entry).map((point) => ({ entry, point })))
      .filter(({ point }) => steps.value === 'all' || String(point.steps) === steps.value);
    const [, of, kind] = columns[sorted.column];
    const sign = sorted.down ? -1 : 1;
    return found.toSorted((a, b) => {
      const [left, right] = [of(a), of(b)];
      // What was not measured stays at the end whichever way is up.
      if (left === null || right === null) return Number(left === null) - Number(right === null);
      return sign * (kind === 'text' ? left.localeCompare(right) : left - right);
    });
  }

  function cell(row, [, of, kind, below], index) {
    const value = of(row);
    const small = below ? [element('small', {}, below(row))] : [];
    if (index === 0) return element('th', { scope: 'row', title: row.entry.source }, value, ...small);
    if (kind === 'text') return element('td', {}, value, ...small);
    return element(
      'td',
      { className: 'n' },
      [firstOrder, firstOrder + 1].includes(index) && value !== null ? value.toFixed(2) : show(value),
    );
  }

  const head = element('tr');
  for (const [index, [title, , kind]] of columns.entries()) {
    const button = element('button', { type: 'button', className: 'sort' }, title);
    button.addEventListener('click', () => {
      sorted.down = sorted.column === index ? !sorted.down : false;
      sorted.column = index;
      draw();
    });
    head.append(element('th', { scope: 'col', className: kind === 'text' ? '' : 'n' }, button));
  }
  const body = element('tbody');
  document.getElementById('table').append(element('table', {}, element('thead', {}, head), body));

  function draw() {
    for (const [index, th] of [...head.children].entries())
      th.ariaSort = index !== sorted.column ? 'none' : sorted.down ? 'descending' : 'ascending';
    const found = rows();
    body.replaceChildren(
      ...found.map((row) => element('tr', {}, ...columns.map((column, index) => cell(row, column, index)))),
    );
    document.getElementById('table-count').textContent =
      `${found.length} rows, ${report.testbeds.find(({ id }) => id === chosen.testbed).name}`;
  }
  steps.addEventListener('change', draw);
  lab.onChange(draw);
  draw();
})();
