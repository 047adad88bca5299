import { useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { type FieldProps, NumberField } from './fields.ts';

/** Sizes near the pixel count that SDXL was trained at (Podell et al. 2023, appendix I). */
const sizes: readonly (readonly [number, number])[] = [
  [1024, 1024],
  [1152, 896],
  [896, 1152],
  [1344, 768],
  [768, 1344],
  [1536, 640],
];
const sideStep = 64;

/** Width and height, by their proportions or side by side. */
export function SizeField({ width, height }: { width: FieldProps; height: FieldProps }) {
  const isKnown = sizes.some(([w, h]) => w === width.value && h === height.value);
  const [wantsFree, setFree] = useState(false);
  const free = wantsFree || !isKnown;
  const choose = ([w, h]: readonly [number, number]): void => {
    setFree(false);
    width.onChange(w);
    height.onChange(h);
  };
  return html`<fieldset class="field size">
    <legend class="label">${texts.form.size}</legend>
    <div class="ratios">
      ${sizes.map(
        ([w, h]) => html`<button
          type="button"
          class="ratio"
          aria-pressed=${!free && w === width.value && h === height.value}
          aria-label=${`${w} × ${h}`}
          title=${`${w} × ${h}`}
          onClick=${() => choose([w, h])}
        >
          <span style=${{ aspectRatio: `${w} / ${h}`, [w < h ? 'height' : 'width']: '1.5rem' }}></span>
        </button>`,
      )}
      <button type="button" class="ratio" aria-pressed=${free} onClick=${() => setFree(true)}>
        ${texts.form.sizeOther}
      </button>
      <output>${`${width.value} × ${height.value}`}</output>
    </div>
    ${
      free &&
      html`<${NumberField} ...${width} step=${sideStep} />
        <${NumberField} ...${height} step=${sideStep} />`
    }
  </fieldset>`;
}
