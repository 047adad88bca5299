import htm from 'htm';
import { type ComponentChildren, h } from 'preact';

/** The package's declarations say CommonJS while its code is an ES module, so its shape is stated here. */
interface Htm {
  bind(make: typeof h): (strings: TemplateStringsArray, ...values: unknown[]) => ComponentChildren;
}

/** Markup as a tagged template: what JSX would be, without a compiler. */
export const html = (htm as unknown as Htm).bind(h);

/** The product's mark; it lies beside the modules. */
export const mark = new URL('mark.svg', import.meta.url).href;
