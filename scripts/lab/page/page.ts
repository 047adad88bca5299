import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Report } from '../report/report.ts';
import { type Finding, findings } from '../report/summary.ts';
import { notes } from './page-notes.ts';
import type { PagePictures } from './page-pictures.ts';

const folder = import.meta.dirname;
const scripts = [
  'state.js',
  'chart-frame.js',
  'calls-chart.js',
  'time-chart.js',
  'controls.js',
  'grid.js',
  'table.js',
];

/**
 * The whole report as one HTML file that asks for nothing else: scripts, styles, numbers and pictures are in
 * it.
 */
export function pageOf(report: Report, pictures: PagePictures): string {
  const uplot = path.dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const own = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  const library = (file: string) => readFileSync(path.join(uplot, 'dist', file), 'utf8');
  const title = `Scheduler lab: ${report.settings.pictures ?? 'exact mixture'}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${library('uPlot.min.css')}</style>
<style>${own('page.css')}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the charts</a>
${header(report, title)}
<main>
${controls}
${charts}
${pictureSection}
<section aria-labelledby="found">
<h2 id="found">What was found</h2>
<div class="findings">${findings(report).map(card).join('')}</div>
</section>
${table}
<section aria-labelledby="how">
<h2 id="how">How it was measured</h2>
<div class="notes">${notes(report)
    .map(
      ([heading, text]) =>
        `<div><h3>${escapeHtml(heading)}</h3><p class="small">${escapeHtml(text)}</p></div>`,
    )
    .join('')}</div>
</section>
</main>
<footer>Made by npm run lab on ${escapeHtml(report.created.slice(0, 10))}. Charts by uPlot. npm run lab writes the numbers as report.json and report.csv too.</footer>
<script type="application/json" id="report-data">${scriptJson(report)}</script>
<script type="application/json" id="picture-data">${scriptJson(pictures)}</script>
<script>${library('uPlot.iife.min.js')}</script>
${scripts.map((file) => `<script>${own(file)}</script>`).join('\n')}
</body>
</html>
`;
}

function header({ settings, machine, entries }: Report, title: string): string {
  const facts = [
    [String(entries.length), 'names'],
    [settings.steps.join(', '), 'steps'],
    [String(settings.seeds.length), settings.seeds.length === 1 ? 'seed' : 'seeds'],
    ...(settings.pictures === null
      ? []
      : [
          [String(settings.prompts.length), settings.prompts.length === 1 ? 'prompt' : 'prompts'],
          [`${settings.size}×${settings.size}`, 'pixels'],
          [String(settings.guidanceScale), 'guidance scale'],
        ]),
    [`${machine.cores} cores`, machine.cpu],
    [machine.runtime, `on ${machine.device}`],
  ];
  return `<header>
<div>
<h1>${escapeHtml(title)}</h1>
<p class="soft">Every scheduler name of both endpoints on the same noise: how close each comes to the exact solution, at what cost.</p>
<ul class="chips">${facts.map(([value, name]) => `<li><b>${escapeHtml(value!)}</b> ${escapeHtml(name!)}</li>`).join('')}</ul>
</div>
<button type="button" id="theme">Light / dark</button>
</header>`;
}

function card({ heading, sentences }: Finding): string {
  const items = sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('');
  return `<div class="card"><h3>${escapeHtml(heading)}</h3><ul>${items}</ul></div>`;
}

const controls = `<div class="bar" id="results" role="group" aria-label="What the charts, pictures and table show">
<label>measured on <select id="testbed"></select></label>
<label>measure <select id="measure"></select></label>
<label>endpoint <select id="endpoint"><option value="all">both</option><option>sdxl-torch</option><option>sdxl-img2img</option></select></label>
<label>kind <select id="kind"><option value="all">all</option><option>deterministic</option><option>stochastic</option></select></label>
<label>name, solver or spacing <input type="search" id="text" placeholder="e.g. karras"></label>
</div>`;

const charts = `<section aria-labelledby="calls-title">
<h2 id="calls-title">Error against model calls</h2>
<p class="soft small">Log axes: a method of order p falls with slope p. Beside each name: the slope measured over these steps, where there is one to report. Dashes: Karras spacing; dots: exponential; hollow marks: sdxl-img2img. Names with + forecast evaluations (step cache), or are guided between two fractions of the steps alone: an evaluation without guidance is half a call.</p>
<div class="chart">
<div class="plot card" id="calls-plot" role="img"><div class="tip" hidden></div></div>
<div class="legend card"><div class="legendtop"><b id="legend-head"></b><span><button type="button" id="legend-all">all</button> <button type="button" id="legend-none">none</button></span></div><ul id="legend"></ul></div>
</div>
</section>
<section aria-labelledby="time-title">
<h2 id="time-title">Time against error</h2>
<p class="soft small">Each dot is a name with a number of steps. The ringed line is the Pareto front: no run was both faster and more exact.</p>
<div class="chart">
<div class="plot card" id="time-plot" role="img"><div class="tip" hidden></div></div>
<div class="legend card"><b>The front, fastest first</b><ol class="front" id="front"></ol></div>
</div>
</section>`;

const pictureSection = `<section id="pictures" aria-labelledby="pictures-title">
<h2 id="pictures-title">Pictures</h2>
<p class="soft small">All from the same noise. Δ: difference from the converged picture, 1 − SSIM, for deterministic names. Choose a picture to look closely; arrow keys then go to the neighbours.</p>
<div style="display:flex;flex-wrap:wrap;gap:14px;align-items:flex-end">
<fieldset><legend>seed</legend><div class="segments" id="seeds"></div></fieldset>
<label class="small soft">prompt <select id="prompt" style="display:block"></select></label>
</div>
<div class="scroll" id="grid" tabindex="0" role="region" aria-label="Pictures by scheduler and steps"></div>
<dialog id="closely" aria-labelledby="closely-title">
<div class="row"><h3 id="closely-title"></h3><span>
<button type="button" data-move="0,-1" aria-label="fewer steps">←</button>
<button type="button" data-move="0,1" aria-label="more steps">→</button>
<button type="button" data-move="-1,0" aria-label="scheduler above">↑</button>
<button type="button" data-move="1,0" aria-label="scheduler below">↓</button>
<button type="button" id="close">Close</button></span></div>
<div class="pair">
<figure id="close-main"><img alt=""><figcaption class="small"></figcaption></figure>
<figure id="close-other"><img alt="converged"><figcaption class="small">converged</figcaption></figure>
</div>
</dialog>
</section>`;

const table = `<section aria-labelledby="table-title">
<h2 id="table-title">Every number</h2>
<div style="display:flex;gap:14px;align-items:center"><label class="small soft">show <select id="table-steps"></select></label><span class="small soft" id="table-count" aria-live="polite"></span></div>
<div class="scroll" id="table" tabindex="0" role="region" aria-label="All measurements, sortable"></div>
</section>`;

/** JSON that cannot end its script element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
