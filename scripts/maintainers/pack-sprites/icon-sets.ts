import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** Whose drawings these are: what attribution has to say. */
export interface IconLicence {
  readonly package: string;
  readonly version: string;
  readonly author: string;
  readonly source: string;
  /** SPDX. */
  readonly licence: string;
}

interface IconifyJson {
  readonly width?: number;
  readonly height?: number;
  readonly icons: Readonly<Record<string, { body: string; width?: number; height?: number }>>;
}

export interface IconSet {
  readonly licence: IconLicence;
  /** An SVG document. @throws Error where the set has no such drawing. */
  svgOf(name: string): string;
}

/** The licences that drawings may have here; others are refused before one is drawn. */
const allowed = ['MIT', 'Apache-2.0'];

/**
 * A set of drawings as `@iconify-json/*` packages hold it.
 * @param modules node_modules of where it is installed.
 * @throws Error where it is missing or its licence is none of those allowed.
 */
export async function readIconSet(modules: string, prefix: string): Promise<IconSet> {
  const folder = path.join(modules, '@iconify-json', prefix);
  const read = async (file: string) => JSON.parse(await readFile(path.join(folder, file), 'utf8'));
  const [{ name, version }, info] = await Promise.all([read('package.json'), read('info.json')]);
  const licence: string = info.license.spdx;
  if (!allowed.includes(licence)) throw new Error(`${name}: its licence ${licence} is not allowed here`);
  const set: IconifyJson = await read('icons.json');
  return {
    licence: { package: name, version, author: info.author.name, source: info.author.url, licence },
    svgOf: (icon) => {
      const found = set.icons[icon];
      if (found === undefined) throw new Error(`${name} ${version} has no drawing "${icon}"`);
      const width = found.width ?? set.width ?? 16;
      const height = found.height ?? set.height ?? 16;
      return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${found.body}</svg>`;
    },
  };
}
