import { adsStyles } from './styles/ads.ts';
import { artStyles } from './styles/artstyle.ts';
import { futuristicStyles } from './styles/futuristic.ts';
import { gameStyles } from './styles/game.ts';
import { generalStyles } from './styles/general.ts';
import { miscStyles } from './styles/misc.ts';
import { papercraftStyles } from './styles/papercraft.ts';
import { photoStyles } from './styles/photo.ts';
import type { StyleTemplate } from './styles/template.ts';

const templates = {
  ...generalStyles,
  ...adsStyles,
  ...artStyles,
  ...futuristicStyles,
  ...gameStyles,
  ...miscStyles,
  ...papercraftStyles,
  ...photoStyles,
};

export type StyleName = keyof typeof templates;

/** The 104 published names, in the published order. */
export const styleNames = Object.keys(templates) as [StyleName, ...StyleName[]];

/**
 * The same names as they stand in the list they come from, with their family before them: `ads-advertising`.
 */
export const styleAliases: Readonly<Record<string, StyleName>> = Object.fromEntries(
  Object.entries({
    sai: generalStyles,
    ads: adsStyles,
    artstyle: artStyles,
    futuristic: futuristicStyles,
    game: gameStyles,
    misc: miscStyles,
    papercraft: papercraftStyles,
    photo: photoStyles,
  }).flatMap(([family, styles]) =>
    Object.keys(styles).map((name) => [`${family}-${name}`, name as StyleName]),
  ),
);

/**
 * The canonical name behind a canonical name or an alias, both exactly as written; undefined for anything
 * else.
 */
export function canonicalStyle(name: string): StyleName | undefined {
  if (Object.hasOwn(templates, name)) return name as StyleName;
  return Object.hasOwn(styleAliases, name) ? styleAliases[name] : undefined;
}

/**
 * The client's prompt inside the style's template, and the style's negative prompt before the client's, with
 * ', ' between them where both say something. `base` changes nothing.
 */
export function applyStyle(
  style: StyleName,
  prompt: string,
  negativePrompt: string,
): { prompt: string; negativePrompt: string } {
  const template: StyleTemplate = templates[style];
  // A function, because a string would be searched for $ patterns.
  return {
    prompt: template.prompt.replace('{prompt}', () => prompt),
    negativePrompt: [template.negativePrompt, negativePrompt].filter((text) => text !== '').join(', '),
  };
}
