import { existsSync } from 'node:fs';
import path from 'node:path';

/** What pages may name. */
export interface Tree {
  readonly root: string;
  /** All files from the root, and folders with them. */
  readonly places: ReadonlySet<string>;
  /** Text of everything but pages. */
  readonly sources: string;
  /** Of package.json. */
  readonly scripts: ReadonlySet<string>;
}

/** Stand for a name of the reader's own. */
const placeholders = /^(?:x\.(?:redis\.|gpu\.)?(?:test\.)?ts|my-values\.yaml|[A-Z]+\.json)$/;

const file = /`([\w./-]+\.(?:ts|py|js|json|md|ya?ml|sh|css|html|webp))`/g;
const folder = /`((?:[\w-]+\/)+)`/g;
const setting = /`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g;
const symbol = /`([a-z]+[A-Z]\w*)(?:\(\))?`/g;
const npmScript = /npm run (?:-s )?([\w:-]+)/g;
const link = /\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)/g;
const heading = /^#+ (.*)$/gm;

/**
 * The files, folders, settings, symbols, npm scripts and links that a page names and that are not there. A
 * file may be named by the end of its path, or from the page's own folder.
 * @param page its path from the root. @param textOf of a page.
 */
export function missingNames(tree: Tree, page: string, textOf: (page: string) => string): string[] {
  const text = textOf(page);
  const named = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))];
  const isPlace = (name: string): boolean => {
    const plain = name.replace(/\/$/, '');
    const beside = path.normalize(path.join(path.dirname(page), plain));
    return tree.places.has(plain) || tree.places.has(beside) || endings(tree).has(plain);
  };
  const links = [...text.matchAll(link)].filter(([, to, anchor]) => {
    const target = to === '' ? page : path.normalize(path.join(path.dirname(page), to!));
    if (!existsSync(path.join(tree.root, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(textOf(target)).has(anchor);
  });
  return [
    ...[...named(file), ...named(folder)].filter((name) => !placeholders.test(name) && !isPlace(name)),
    ...[...named(setting), ...named(symbol)].filter((name) => !tree.sources.includes(name)),
    ...named(npmScript).filter((name) => !tree.scripts.has(name)),
    ...links.map(([, to, anchor = '']) => `${to}${anchor}`),
  ];
}

const endingsOfTrees = new WeakMap<Tree, ReadonlySet<string>>();

/** Every path from a folder within it on. */
function endings(tree: Tree): ReadonlySet<string> {
  let known = endingsOfTrees.get(tree);
  if (known === undefined) {
    known = new Set(
      [...tree.places].flatMap((place) => {
        const parts = place.split('/');
        return parts.map((_, index) => parts.slice(index).join('/'));
      }),
    );
    endingsOfTrees.set(tree, known);
  }
  return known;
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(heading)].map(
      ([, title]) =>
        `#${title!
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_\- ]/gu, '')
          .trim()
          .replaceAll(' ', '-')}`,
    ),
  );
}
