// The pictures: schedulers down, numbers of steps across; one seed and prompt at a time; a dialog to look
// closely.
(() => {
  const { lab } = globalThis;
  const { report, pictures, element, show } = lab;
  const { steps, seeds, prompts } = report.settings;
  const section = document.getElementById('pictures');
  if (pictures.files.length === 0) {
    section.hidden = true;
    return;
  }
  const at = { seed: seeds[0], prompt: 0 };
  const columns = [...steps, 'converged'].filter((column) =>
    Object.keys(pictures.index).some((key) => key.split('|')[1] === String(column)),
  );
  const source = (entry, column) => {
    const file = pictures.index[`${entry.computedAs}|${column}|${at.seed}|${at.prompt}`];
    return file === undefined ? undefined : `data:image/webp;base64,${pictures.files[file]}`;
  };
  const title = (column) => (column === 'converged' ? 'converged' : `${column} steps`);
  const shown = () => report.entries.filter((entry) => lab.matches(entry));
  const bed = report.testbeds.at(-1).id;
  const pointOf = (entry, column) =>
    report.points.find(
      (point) => point.testbed === bed && point.entry === entry.id && point.steps === column,
    );

  function shot(entry, column) {
    const src = source(entry, column);
    if (src === undefined) return element('td', {}, element('div', { className: 'none' }, '–'));
    const difference = pointOf(entry, column)?.imageError ?? null;
    const image = element('img', { src, alt: '', decoding: 'async' });
    const button = element('button', { type: 'button', className: 'shot' }, image);
    button.ariaLabel = `${entry.label}, ${title(column)}: look closely`;
    if (difference !== null) button.append(element('small', {}, `Δ ${show(difference)}`));
    button.addEventListener('click', () => open(entry, column));
    return element('td', {}, button);
  }

  function draw() {
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, 'scheduler'),
      ...columns.map((column) => element('th', { scope: 'col' }, title(column))),
    );
    const rows = shown().map((entry) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, entry.name, element('small', {}, entry.endpoint)),
        ...columns.map((column) => shot(entry, column)),
      ),
    );
    document
      .getElementById('grid')
      .replaceChildren(element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
  }

  function radios(id, values, text, choose) {
    const box = document.getElementById(id);
    for (const [index, value] of values.entries()) {
      const input = element('input', { type: 'radio', name: id, value: String(value), checked: index === 0 });
      input.addEventListener('change', () => choose(value));
      box.append(element('label', {}, input, element('span', {}, text(value))));
    }
  }
  radios('seeds', seeds, String, (seed) => {
    at.seed = seed;
    draw();
  });
  const prompt = document.getElementById('prompt');
  for (const [index, text] of prompts.entries()) prompt.append(element('option', { value: index }, text));
  prompt.addEventListener('change', () => {
    at.prompt = Number(prompt.value);
    draw();
  });

  const dialog = document.getElementById('closely');
  let open_ = { entry: report.entries[0], column: columns[0] };

  function fill() {
    const { entry, column } = open_;
    const point = pointOf(entry, column);
    dialog.querySelector('h3').textContent = `${entry.label}, ${title(column)}, seed ${at.seed}`;
    dialog.querySelector('#close-main img').src = source(entry, column) ?? '';
    dialog.querySelector('#close-main img').alt = `${entry.label}, ${title(column)}`;
    dialog.querySelector('#close-main figcaption').textContent = point
      ? `${title(column)}: ${Math.round(point.calls)} model calls, ${show(point.totalMs)} ms, latent error ${show(point.error)}, picture difference ${show(point.imageError)}`
      : 'the converged solution of the same flow';
    const other = source(entry, 'converged');
    dialog.querySelector('#close-other').hidden = other === undefined;
    if (other !== undefined) dialog.querySelector('#close-other img').src = other;
  }

  function open(entry, column) {
    open_ = { entry, column };
    fill();
    if (!dialog.open) dialog.showModal();
  }

  function move(down, right) {
    const entries = shown();
    const pick = (list, item, by) => list[(list.indexOf(item) + by + list.length) % list.length];
    open_ = { entry: pick(entries, open_.entry, down), column: pick(columns, open_.column, right) };
    fill();
  }
  dialog.addEventListener('keydown', (event) => {
    const by = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(...by);
  });
  for (const button of dialog.querySelectorAll('[data-move]'))
    button.addEventListener('click', () => move(...button.dataset.move.split(',').map(Number)));
  document.getElementById('close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  document.getElementById('grid').style.setProperty('--thumb', `${Math.min(pictures.side, 128)}px`);
  lab.onChange((part) => {
    if ('endpoint' in part || 'kind' in part || 'text' in part) draw();
  });
  draw();
})();
