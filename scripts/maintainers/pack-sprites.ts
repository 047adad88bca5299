/**
 * `node scripts/maintainers/pack-sprites.ts --out FILE`: draws the things that a demo checkpoint is to know
 * into one file, with their names, the words of captions and CLIP's ids of them. It is all that training
 * needs beside PyTorch. The drawings come from npm, with the versions and digests of train-demo/scenes/icons.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { requireWritable } from '../../src/process/usable-path.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import { captionWords } from './pack-sprites/caption-words.ts';
import { drawSprite, spriteReach, spriteSide } from './pack-sprites/draw-sprite.ts';
import { readIconSet } from './pack-sprites/icon-sets.ts';
import { packFile } from './pack-sprites/pack-file.ts';
import { pluralOf } from './pack-sprites/plural.ts';
import { readThings } from './pack-sprites/things.ts';

const usage = `node scripts/maintainers/pack-sprites.ts --out FILE [--things N]
  --things N    only about N of them, evenly from all lists (a small proof)`;

const source = path.join(import.meta.dirname, 'train-demo/scenes');
/** What is carried to a bare machine must not be larger, in bytes. */
const largest = 60e6;

/** The icon sets in a folder of their own, as npm checks them against the lock file. */
async function installIconSets(folder: string): Promise<string> {
  await cp(path.join(source, 'icons'), folder, { recursive: true });
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (npm.status !== 0) throw new Error(`npm ci of the icon sets ended with ${npm.status ?? npm.signal}`);
  return path.join(folder, 'node_modules');
}

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    things: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.out === undefined) {
  console.log(usage);
  if (!values.help) process.exitCode = 2;
} else {
  requireWritable('--out', values.out);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'demo-icons-'));
  try {
    const modules = await installIconSets(folder);
    const all = await readThings(path.join(source, 'things'));
    const wanted = Math.min(all.length, Number(values.things ?? all.length));
    const things = all.filter(
      (_, index) =>
        Math.floor(((index + 1) * wanted) / all.length) > Math.floor((index * wanted) / all.length),
    );
    const prefixes = [...new Set(things.map(({ icon }) => icon.split(':')[0]!))];
    const sets = new Map(
      await Promise.all(
        prefixes.map(async (prefix) => [prefix, await readIconSet(modules, prefix)] as const),
      ),
    );
    const sprites = [];
    for (const { icon, tinted } of things) {
      const [prefix, name] = icon.split(':');
      sprites.push(await drawSprite(sets.get(prefix!)!.svgOf(name!), tinted));
    }
    const words = JSON.parse(await readFile(path.join(source, 'words.json'), 'utf8'));
    const shapes = Object.values<string[]>(words.shapes).flat();
    const named = [shapes.map(pluralOf), ...things.map(({ names, plurals }) => [names, plurals])];
    const header = {
      side: spriteSide,
      reach: spriteReach,
      things,
      words,
      tokens: captionWords([words, Object.keys(words.colours), named], await loadTokenizer({ pad: 'eos' })),
      licences: [...sets.values()].map(({ licence }) => licence),
    };
    const file = packFile(header, sprites);
    if (file.length > largest) throw new Error(`${file.length} bytes are more than ${largest}`);
    await writeFile(values.out, file);
    console.log(`${values.out}: ${things.length} things, ${(file.length / 1e6).toFixed(1)} MB`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
