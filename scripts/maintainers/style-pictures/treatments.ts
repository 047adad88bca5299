import type { Layer } from './motifs.ts';

/** Ways to draw layers with SVG alone. */

const filters = {
  grain: `<feTurbulence type="fractalNoise" baseFrequency=".9" numOctaves="2" seed="4"/>
    <feColorMatrix values="0 0 0 0 .5 0 0 0 0 .5 0 0 0 0 .5 .9 0 0 0 -.25" result="n"/>
    <feBlend in="n" in2="SourceGraphic" mode="overlay"/>`,
  rough: `<feTurbulence type="fractalNoise" baseFrequency=".06" numOctaves="3" seed="7"/>
    <feDisplacementMap in="SourceGraphic" scale="7" xChannelSelector="R" yChannelSelector="G"/>`,
  wash: `<feTurbulence type="fractalNoise" baseFrequency=".035" numOctaves="4" seed="3" result="t"/>
    <feDisplacementMap in="SourceGraphic" in2="t" scale="13" xChannelSelector="R" yChannelSelector="G"/>
    <feGaussianBlur stdDeviation=".7"/>`,
  swirl: `<feTurbulence type="turbulence" baseFrequency=".018" numOctaves="2" seed="11"/>
    <feDisplacementMap in="SourceGraphic" scale="60" xChannelSelector="R" yChannelSelector="G"/>`,
  melt: `<feTurbulence type="fractalNoise" baseFrequency=".05 .012" numOctaves="2" seed="5"/>
    <feDisplacementMap in="SourceGraphic" scale="34" xChannelSelector="R" yChannelSelector="G"/>`,
  brush: `<feTurbulence type="fractalNoise" baseFrequency=".02 .16" numOctaves="3" seed="9"/>
    <feDisplacementMap in="SourceGraphic" scale="18" xChannelSelector="R" yChannelSelector="G"/>`,
  blur: '<feGaussianBlur stdDeviation="1.6"/>',
  soft: '<feGaussianBlur stdDeviation=".8"/>',
  shadow: '<feDropShadow dx="0" dy="1.6" stdDeviation="1.8" flood-opacity=".5"/>',
  halo: '<feGaussianBlur stdDeviation="2.6" result="b"/><feMerge><feMergeNode in="b"/><feMergeNode in="b"/><feMergeNode in="SourceGraphic"/></feMerge>',
  relief: `<feGaussianBlur in="SourceAlpha" stdDeviation="2" result="b"/>
    <feSpecularLighting in="b" surfaceScale="5" specularConstant=".9" specularExponent="18" lighting-color="#fff" result="s">
      <feDistantLight azimuth="235" elevation="42"/></feSpecularLighting>
    <feComposite in="s" in2="SourceAlpha" operator="in" result="s"/>
    <feComposite in="SourceGraphic" in2="s" operator="arithmetic" k2="1" k3=".75"/>`,
} as const;

type Filter = keyof typeof filters;

const definitions = Object.entries(filters)
  .map(([name, body]) => `<filter id="${name}" x="-20%" y="-20%" width="140%" height="140%">${body}</filter>`)
  .join('');
const gradients = `<linearGradient id="light" x2="1" y2="1"><stop stop-color="#fff" stop-opacity=".5"/>
  <stop offset=".55" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-opacity=".42"/></linearGradient>
  <radialGradient id="vignette"><stop offset=".55" stop-opacity="0"/><stop offset="1" stop-opacity=".55"/></radialGradient>`;

export function svg(body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><defs>${definitions}${gradients}</defs>${body}</svg>`;
}

const fill = ({ shape, fill }: Layer, more = '') => `<${shape} fill="${fill}" ${more}/>`;
const all = (layers: readonly Layer[], more = '') => layers.map((layer) => fill(layer, more)).join('');
const within = (filter: Filter, body: string) => `<g filter="url(#${filter})">${body}</g>`;
const over = (paint: string) => `<rect width="100" height="100" fill="${paint}"/>`;
const stripes = (step: number, paint: string, width: number, turn = 0) =>
  `<g transform="rotate(${turn} 50 50)" stroke="${paint}" stroke-width="${width}">${Array.from(
    { length: Math.ceil(160 / step) },
    (_, index) => `<path d="M-30 ${index * step - 30}H130"/>`,
  ).join('')}</g>`;
const stroke = (paint: string, width: number) =>
  `stroke="${paint}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"`;
const [ground, things] = [
  (layers: readonly Layer[]) => layers.slice(0, 2),
  (layers: readonly Layer[]) => layers.slice(2),
];

export const drawn = {
  plain: (layers) => all(layers),
  grain: (layers) => within('grain', all(layers) + over('url(#vignette)')),
  photo: (layers) =>
    within('soft', all(ground(layers))) + all(things(layers)) + over('url(#light)') + over('url(#vignette)'),
  wide: (layers) =>
    within('grain', all(layers) + over('url(#vignette)')) +
    '<path d="M0 0H100V13H0ZM0 87H100V100H0Z" fill="#000"/>',
  glossy: (layers) => all(ground(layers)) + within('relief', all(things(layers))) + over('url(#light)'),
  ball: (layers) =>
    all(ground(layers)) +
    things(layers)
      .map((layer) => within('relief', fill(layer)))
      .join(''),
  clay: (layers) =>
    within(
      'rough',
      all(ground(layers)) +
        things(layers)
          .map((layer) => within('relief', fill(layer)))
          .join(''),
    ),
  metal: (layers) =>
    all(ground(layers)) + within('relief', all(things(layers))) + stripes(3, '#0003', 0.6, 90),
  outlined: (layers) => all(ground(layers)) + all(things(layers), stroke('#1d1a22', 2.2)),
  comic: (layers) =>
    all(ground(layers)) + stripes(7, '#fff6', 2.6, 60) + all(things(layers), stroke('#111', 2.6)),
  lines: (layers) =>
    all(layers.slice(0, 1)) +
    things(layers)
      .map(({ shape }) => `<${shape} fill="none" ${stroke(layers[2]!.fill, 1.5)}/>`)
      .join(''),
  etched: (layers) =>
    all(ground(layers)) +
    all(things(layers), stroke('#111', 1.2)) +
    stripes(2.6, '#0005', 0.7, 40) +
    stripes(2.6, '#0003', 0.6, -40),
  glow: (layers) => all(ground(layers)) + within('halo', all(things(layers))) + over('url(#vignette)'),
  neon: (layers) =>
    all(ground(layers)) +
    things(layers)
      .map(({ shape, fill }) => within('halo', `<${shape} fill="${fill}33" ${stroke(fill, 1.8)}/>`))
      .join(''),
  mist: (layers) =>
    within('blur', all(layers)) + all(things(layers), 'opacity=".45"') + over('url(#vignette)'),
  wash: (layers) => over('#fbf8f1') + within('wash', all(layers, 'opacity=".82"')),
  canvas: (layers) => within('rough', all(layers)) + stripes(1.6, '#fff1', 0.5) + over('url(#vignette)'),
  brush: (layers) => within('brush', all(layers)),
  swirls: (layers) => within('swirl', all(layers)),
  melt: (layers) => within('melt', all(layers)),
  splashes: (layers) => within('swirl', within('rough', all(layers, stroke('#1f1f1f', 1)))),
  spray: (layers) =>
    all(ground(layers)) + within('grain', within('halo', within('rough', all(things(layers))))),
  rays: (layers) =>
    all(layers.slice(0, 1)) +
    Array.from(
      { length: 12 },
      (_, index) =>
        `<path d="M50 70L-40 62L-40 76Z" fill="${layers[1]!.fill}" transform="rotate(${index * 30} 50 70)"/>`,
    ).join('') +
    all(things(layers), stroke(layers[0]!.fill, 0.8)),
  folded: (layers) =>
    all(ground(layers)) +
    things(layers)
      .map((layer) => within('shadow', fill(layer) + fill({ ...layer, fill: 'url(#light)' })))
      .join(''),
  cut: (layers) => layers.map((layer) => within('shadow', fill(layer))).join(''),
  torn: (layers) =>
    within(
      'grain',
      layers.map((layer) => within('rough', within('shadow', fill(layer, stroke('#fff', 2.4))))).join(''),
    ),
  quilled: (layers) =>
    all(ground(layers)) +
    things(layers)
      .map(({ shape, fill }) => within('shadow', `<${shape} fill="${fill}55" ${stroke(fill, 3.4)}/>`))
      .join(''),
  scanlines: (layers) => all(layers) + stripes(3, '#0007', 1.3),
  sunset: (layers) =>
    all(ground(layers)) +
    `<circle cx="50" cy="44" r="27" fill="${layers[2]!.fill}"/>${stripes(7, layers[1]!.fill, 2)}` +
    all(layers.slice(3)) +
    stripes(12, '#fff5', 0.8, 90),
  sparkle: (layers) =>
    all(ground(layers)) +
    within('halo', all(things(layers))) +
    Array.from({ length: 16 }, (_, index) => {
      const [x, y] = [(index * 37) % 100, (index * 61) % 100];
      return `<path d="M${x} ${y - 4}L${x + 1} ${y}L${x} ${y + 4}L${x - 1} ${y}ZM${x - 4} ${y}L${x} ${y - 1}L${x + 4} ${y}L${x} ${y + 1}Z" fill="#fff"/>`;
    }).join(''),
  trails: (layers) =>
    all(layers) +
    [62, 70, 77, 86]
      .map((y, index) =>
        within(
          'halo',
          `<path d="M-5 ${y}Q50 ${y - 14 + index * 4} 105 ${y + 5}" fill="none" ${stroke(['#ff5a4f', '#ffd27a', '#fff3c8', '#ff7a5a'][index]!, 1.6)}/>`,
        ),
      )
      .join(''),
  shifted: (layers) =>
    within('blur', all(layers)) +
    `<clipPath id="band"><rect y="46" width="100" height="26"/></clipPath><g clip-path="url(#band)">${all(layers)}</g>`,
  weave: (layers) => all(layers) + stripes(5, '#fff3', 2) + stripes(5, '#0003', 2, 90),
} as const satisfies Record<string, (layers: readonly Layer[]) => string>;

/** Treatments that a raster of the plain scene is made into; see rasters.ts. */
export type RasterTreatment =
  | 'pixels'
  | 'blocks'
  | 'cubes'
  | 'dots'
  | 'halftone'
  | 'dabs'
  | 'facets'
  | 'glass';
export type Treatment = keyof typeof drawn | RasterTreatment;
