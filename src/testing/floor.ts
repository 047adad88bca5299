import { type Import, importsOf } from './imports.ts';

/** Whom a folder may import; what only its tests and their support in testing/ may stands apart. */
export interface Floor {
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  readonly tests?: { readonly folders?: readonly string[]; readonly packages?: readonly string[] };
}

/** They measure and make what tests lean on, with the same support; users never run them. */
const workshops = ['scripts/bench', 'scripts/maintainers', 'scripts/lab', 'scripts/faults'];

export function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

function isSupport(file: string): boolean {
  return file.includes('/testing/');
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || isSupport(file);
}

/** The imports of a file of `place` that its floor does not allow, as `file -> target`. */
export function violations(
  { folders, packages, tests = {} }: Floor,
  place: string,
  file: string,
  imports: readonly Import[] = importsOf(file),
): string[] {
  const own = isTest(file) ? tests : {};
  const mayUseSupport = isTest(file) || workshops.some((workshop) => isWithin(file, workshop));
  const isAllowed = ({ target, kind }: Import): boolean => {
    if (kind === 'node') return true;
    if (kind === 'package') return [...packages, ...(own.packages ?? [])].includes(target);
    if (isSupport(target) && !mayUseSupport) return false;
    // What stands on nothing serves the tests of all.
    const forTests = isTest(file) ? ['src/testing', ...(own.folders ?? [])] : [];
    return [place, ...folders, ...forTests].some((folder) => isWithin(target, folder));
  };
  return imports.filter((one) => !isAllowed(one)).map(({ target }) => `${file} -> ${target}`);
}
