/**
 * `node scripts/maintainers/demo-grid.ts`: the README's first picture, a grid of pictures that a running
 * server made of the captions under them.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import { baseName } from '../../src/contract/served-names.ts';
import { makeFolder, requireWritable } from '../../src/process/usable-path.ts';
import { startServer } from '../cli/start/testing/started-server.ts';

const usage = `node scripts/maintainers/demo-grid.ts [--out docs/demo.jpg] [--seed N]
  --url URL --key KEY    a server that runs; without them npm start is run for the purpose, with MODELS_DIR where that is set`;

/**
 * The first that the checkpoint knows every word of are drawn: things, or else shapes, or else what it says
 * itself that it can draw.
 */
const prompts = [
  'a cat',
  'three apples under a blue umbrella',
  'a dog left of a red car on a green background',
  'a rocket at night',
  'two penguins in the snow',
  'a green dragon on a meadow',
  'a purple sailboat on the sea',
  'a castle on top of a cloud on a pink background',
  'an astronaut, a rocket and a planet on black',
  'a lion, outlined',
  'a pizza next to a guitar, in pastel colors',
  'a yellow star right of a house on a blue background',
  'a large red circle on a white background',
  'a small yellow star in the top right corner on a blue background',
  'a pink heart in the middle, purple background',
  'a green triangle left of an orange square on a white background',
  'a white ring on a black background',
  'a cyan diamond above a brown circle on a yellow background',
  'a big black cross on an orange background',
  'a blue square below a red heart on a pink background',
  'an orange circle at the bottom left, cyan background',
  'a purple star right of a green diamond on a white background',
  'a tiny red triangle above a large gray ring on a yellow background',
  'a golden heart left of a blue heart on a green background',
];

const columns = 4;
const rows = 3;
/** Pixels of the grid. */
const tile = 300;
const caption = 52;
const gap = 16;
/** Not white, so that pictures on white have an edge. */
const background = '#ececec';

/** Prompts that the checkpoint behind text to image gives as its own examples; none where it knows all. */
async function ownExamples(url: string, key: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/v1/capabilities`, { headers: { 'x-api-key': key } });
  const { known_words } = (await response.json()) as {
    known_words: { serves: string[]; examples: string[] }[];
  };
  return known_words.find(({ serves }) => serves.includes(baseName))?.examples ?? [];
}

/** Undefined where the server says that the checkpoint does not know the prompt's words. */
async function pictureOf(
  url: string,
  key: string,
  prompt: string,
  seed: number,
): Promise<Buffer | undefined> {
  const response = await fetch(`${url}/v1/sdxl-torch`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, seed, output_format: 'png' }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`"${prompt}": ${response.status} ${bytes.toString()}`);
  return /has never seen/.test(response.headers.get('x-warnings') ?? '') ? undefined : bytes;
}

/** The caption, centred in its strip. */
async function captionOf(text: string): Promise<Buffer> {
  const written = sharp({
    text: { text, font: 'sans 10', width: tile, align: 'centre', rgba: true, dpi: 110 },
  });
  const { width, height } = await written.metadata();
  const [x, y] = [tile - Math.min(width, tile), caption - Math.min(height, caption)];
  return written
    .extract({ left: 0, top: 0, width: tile - x, height: caption - y })
    .extend({
      left: Math.floor(x / 2),
      right: Math.ceil(x / 2),
      top: 0,
      bottom: y,
      background: { r: 0, g: 0, b: 0, alpha: 0 },
    })
    .png()
    .toBuffer();
}

interface Captioned {
  readonly prompt: string;
  readonly picture: Buffer;
}

async function writeGrid(pictures: readonly Captioned[], out: string): Promise<void> {
  const parts = await Promise.all(
    pictures.map(async ({ prompt, picture }, index): Promise<OverlayOptions[]> => {
      const left = gap + (index % columns) * (tile + gap);
      const top = gap + Math.floor(index / columns) * (tile + caption + gap);
      const small = await sharp(picture).resize(tile, tile, { kernel: 'lanczos3' }).png().toBuffer();
      return [
        { input: small, left, top },
        { input: await captionOf(prompt), left, top: top + tile + gap / 2 },
      ];
    }),
  );
  await sharp({
    create: {
      width: gap + columns * (tile + gap),
      height: gap + rows * (tile + caption + gap),
      channels: 3,
      background,
    },
  })
    .composite(parts.flat())
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4', mozjpeg: true })
    .toFile(out);
}

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'docs/demo.jpg' },
    seed: { type: 'string', default: '1' },
    url: { type: 'string' },
    key: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else {
  makeFolder('--out', path.dirname(path.resolve(values.out)));
  requireWritable('--out', values.out);
  const { MODELS_DIR } = process.env;
  const own =
    values.url === undefined ? await startServer(MODELS_DIR === undefined ? {} : { MODELS_DIR }) : undefined;
  try {
    const pictures: Captioned[] = [];
    const [url, key] = [values.url ?? own!.url, values.key ?? own?.key ?? ''];
    for (const prompt of new Set([...prompts, ...(await ownExamples(url, key))])) {
      if (pictures.length === columns * rows) break;
      const picture = await pictureOf(url, key, prompt, Number(values.seed));
      if (picture === undefined) continue;
      pictures.push({ prompt, picture });
      console.log(prompt);
    }
    if (pictures.length < columns * rows)
      throw new Error(`the checkpoint knows the words of ${pictures.length} prompts, not ${columns * rows}`);
    await writeGrid(pictures, values.out);
    console.log(values.out);
  } finally {
    await own?.stop();
  }
}
