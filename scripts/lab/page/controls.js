// What is chosen for all parts of the page at once.
(() => {
  const { lab } = globalThis;
  const { chosen, report, element } = lab;
  const get = (id) => document.getElementById(id);

  const testbed = get('testbed');
  for (const { id, name } of report.testbeds.toReversed())
    testbed.append(element('option', { value: id }, name));

  function fillMeasures() {
    const has = Object.keys(lab.measures).filter((measure) =>
      report.points.some((point) => point.testbed === chosen.testbed && point[measure] !== null),
    );
    if (!has.includes(chosen.measure)) chosen.measure = has[0] ?? 'error';
    get('measure').replaceChildren(
      ...has.map((measure) => element('option', { value: measure }, lab.measures[measure])),
    );
    get('measure').value = chosen.measure;
  }

  fillMeasures();
  testbed.addEventListener('change', () => {
    chosen.testbed = testbed.value;
    chosen.measure = lab.testbed().errorOf;
    fillMeasures();
    lab.change({ testbed: chosen.testbed });
  });
  for (const id of ['measure', 'endpoint', 'kind'])
    get(id).addEventListener('change', () => lab.change({ [id]: get(id).value }));
  get('text').addEventListener('input', () => lab.change({ text: get('text').value.trim().toLowerCase() }));
  get('theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = lab.isDark() ? 'light' : 'dark';
    lab.change({});
  });
})();
