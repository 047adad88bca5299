import { type StyleName, styleAliases, styleNames } from '../../text/styles.ts';
import { ApiError } from '../errors.ts';
import { show } from '../show.ts';
import { spelling } from './near-misses.ts';

const bySpelling = new Map(
  [...Object.entries(styleAliases), ...styleNames.map((name) => [name, name] as const)].map(
    ([spelled, name]) => [spelling(spelled), name],
  ),
);

/**
 * The style that a client means by a name or one with its family, in any case and with any separators.
 * @throws ApiError with all names where there is none.
 */
export function styleNamed(given: string): StyleName {
  const name = bySpelling.get(spelling(given));
  if (name !== undefined) return name;
  throw new ApiError(
    'invalidParameter',
    `style must be one of: ${styleNames.join(', ')}, got ${show(given)}`,
  );
}
