/**
 * `node scripts/bench/demo-outlines.ts`: how sharp outlines are after a checkpoint's VAE, encoder and
 * decoder, beside the drawings they began as. Drawn are shapes, or what --pictures holds.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { baseName } from '../../src/contract/served-names.ts';
import { decodePng, type Pixels } from '../../src/images/decode-png.ts';
import { encodeImage } from '../../src/images/encode-image.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import { openVaeDecoder, openVaeEncoder } from '../../src/networks/vae.ts';
import { drawShapes, meanError, outlineSharpness } from './demo/outlines.ts';
import { median } from './statistics.ts';

const usage = `node scripts/bench/demo-outlines.ts [options]
  --models DIR         checkpoints (default models/demo)
  --pictures DIR       PNGs whose sides the VAE can make, in place of shapes
  --count N            of them (default 12)             --save DIR    write what comes back there`;

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: path.resolve(import.meta.dirname, '../../models/demo') },
    pictures: { type: 'string' },
    count: { type: 'string', default: '12' },
    save: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function* drawings(count: number): AsyncGenerator<Pixels> {
  if (values.pictures === undefined)
    for (let index = 0; index < count; index++) yield drawShapes(index, 1024);
  else {
    const files = (await readdir(values.pictures)).filter((name) => name.endsWith('.png')).sort();
    for (const file of files.slice(0, count))
      yield decodePng(await readFile(path.join(values.pictures, file)));
  }
}

async function measure(): Promise<void> {
  const model = (await findInstallation(values.models)).get(baseName);
  if (model === undefined) throw new Error(`--models ${values.models}: nothing is served as ${baseName}`);
  const { vae } = await openCheckpoint(model.checkpoint);
  const [encoder, decoder] = [
    await openVaeEncoder(vae, { device: 'cpu' }),
    await openVaeDecoder(vae, { device: 'cpu' }),
  ];
  if (values.save !== undefined) await mkdir(values.save, { recursive: true });
  const sharpness: number[] = [];
  const errors: number[] = [];
  for await (const drawn of drawings(Number(values.count))) {
    const { pixels, width, height } = drawn;
    const moments = await encoder.encode(pixels, height, width);
    const grid = [height / encoder.factor, width / encoder.factor] as const;
    // The posterior's mean: the first half.
    const made = await decoder.decode(moments.subarray(0, moments.length / 2), ...grid);
    if (values.save !== undefined)
      await writeFile(
        path.join(values.save, `${String(errors.length).padStart(3, '0')}.png`),
        await encodeImage(made, width, height, 'png'),
      );
    sharpness.push(outlineSharpness(drawn, made));
    errors.push(meanError(drawn, made));
  }
  if (errors.length === 0) throw new Error(`${values.pictures}: there is no PNG`);
  const range = `${Math.min(...sharpness).toFixed(3)} to ${Math.max(...sharpness).toFixed(3)}`;
  console.log(
    `${errors.length} drawings: outlines ${median(sharpness).toFixed(3)} as steep as drawn (${range}), mean error ${(127.5 * median(errors)).toFixed(2)}/255`,
  );
  await encoder.release();
  await decoder.release();
}

if (values.help) console.log(usage);
else await measure();
