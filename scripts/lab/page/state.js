// What all parts of the page share: the report, what is chosen, and how things are written.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const report = read('report-data');
  const pictures = read('picture-data');
  const byId = new Map(report.entries.map((entry) => [entry.id, entry]));
  const lastBed = report.testbeds.at(-1);

  const measures = {
    error: 'latent error',
    imageError: 'picture difference',
    distance: 'distribution distance',
  };

  const chosen = {
    testbed: lastBed.id,
    measure: lastBed.errorOf,
    endpoint: 'all',
    kind: 'all',
    text: '',
    hidden: new Set(),
    focus: null,
  };
  const listeners = [];

  // Okabe & Ito's colours, told apart by most colour-blind readers, with a lighter set for dark ground.
  const families = [
    [/^Euler/, '#0072b2', '#56a8e8'],
    [/^DD[IP]M/, '#009e8a', '#3fd0ba'],
    [/Heun$/, '#e07b00', '#ffb04d'],
    [/^DPM-Solver-2($| )/, '#8a4fbf', '#c39af0'],
    [/^(LMS|PNDM|PLMS)/, '#4d8a1e', '#9bd063'],
    [/\([23]M\)/, '#c8372d', '#ff8a7a'],
    [/\+\+(\(2S\)| SDE)/, '#a6527f', '#eb9cc6'],
    [/^UniPC/, '#1d1f24', '#f2f0ea'],
    [/./, '#6f6f6f', '#b0b0b0'],
  ];

  const isDark = () => {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  };

  globalThis.lab = {
    report,
    pictures,
    chosen,
    measures,
    byId,
    isDark,
    onChange: (listener) => listeners.push(listener),
    change(part) {
      Object.assign(chosen, part);
      for (const listener of listeners) listener(part);
    },
    colour: ({ method }) => families.find(([pattern]) => pattern.test(method))[isDark() ? 2 : 1],
    dash: ({ spacing }) => (/karras/.test(spacing) ? [7, 4] : /exponential/.test(spacing) ? [2, 3] : []),
    css: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
    matches(entry) {
      const { endpoint, kind, text } = chosen;
      const isKind = kind === 'all' || entry.deterministic === (kind === 'deterministic');
      const words = `${entry.label} ${entry.method} ${entry.spacing}`.toLowerCase();
      return isKind && (endpoint === 'all' || entry.endpoint === endpoint) && words.includes(text);
    },
    points: (entry) =>
      report.points.filter((point) => point.entry === entry.id && point.testbed === chosen.testbed),
    slope: (entry) =>
      report.slopes.find((slope) => slope.entry === entry.id && slope.testbed === chosen.testbed),
    testbed: () => report.testbeds.find(({ id }) => id === chosen.testbed),
    show(value) {
      if (value === null || value === undefined) return '–';
      if (value === 0) return '0';
      const size = Math.abs(value);
      if (size >= 100) return Math.round(value).toLocaleString('en');
      return size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(size < 0.1 ? 2 : 3)));
    },
    element(tag, properties = {}, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(properties))
        if (name in element) element[name] = value;
        else element.setAttribute(name, value);
      element.append(...children);
      return element;
    },
  };
})();
