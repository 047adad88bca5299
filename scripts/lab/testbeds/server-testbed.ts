import { encodeImage } from '../../../src/images/encode-image.ts';
import type { NoiseTable } from '../../../src/schedulers/noise-levels/noise-table.ts';
import type { Entry } from '../entries.ts';
import {
  decodeRgba,
  keptPicture,
  pictureDifference,
  type RgbaPicture,
} from '../measures/picture-difference.ts';
import { type Cell, cellVersion, type Testbed } from './cell.ts';
import type { Server } from './server.ts';
import { keyOf, type Store } from './store.ts';

export interface ServerOptions {
  readonly entries: readonly Entry[];
  readonly steps: readonly number[];
  readonly seeds: readonly number[];
  readonly prompts: readonly string[];
  readonly decides: Readonly<Record<string, unknown>>;
  readonly guidanceScale: number;
  readonly size: number;
  /** SDXL's noise levels, as far as they decide how many evaluations a run has. */
  readonly model: NoiseTable;
}

/**
 * The API takes no more steps; a deterministic name's picture with as many is what its others are compared
 * with.
 */
const mostSteps = 100;

/**
 * Every name through a server's public API: sdxl-torch names as text to image without the refiner,
 * sdxl-img2img names as image to image of a gray picture at strength 1, which is their whole schedule. The
 * API gives pictures and seconds, not latents, so pictures are all there is to compare.
 */
export function serverTestbed(server: Server, options: ServerOptions, store: Store): Testbed {
  const { entries, steps, seeds, prompts, decides } = options;
  const units = prompts.flatMap((text, prompt) =>
    seeds.flatMap((seed) =>
      entries.flatMap((entry) => steps.map((count) => ({ text, prompt, seed, entry, count }))),
    ),
  );
  let last: { key: string; picture: RgbaPicture | undefined } | undefined;
  let gray: string | undefined;

  const generate = async (entry: Entry, count: number, seed: number, text: string, signal: AbortSignal) => {
    const { slug, own } = await bodyFor(entry);
    return server.generate(
      slug,
      {
        prompt: text,
        scheduler: entry.name,
        num_inference_steps: count,
        guidance_scale: options.guidanceScale,
        seed,
        output_format: 'png',
        ...own,
      },
      signal,
    );
  };

  const bodyFor = async ({ endpoint }: Entry): Promise<{ slug: string; own: object }> => {
    const { size } = options;
    if (endpoint === 'sdxl-torch')
      return size === 1024
        ? { slug: endpoint, own: { refiner: false } }
        : { slug: 'sdxl1.0-txt2img', own: { refiner: false, img_width: size, img_height: size } };
    gray ??= (await encodeImage(new Float32Array(3 * size * size), size, size, 'png')).toString('base64');
    return { slug: endpoint, own: { image: gray, strength: 1 } };
  };

  /** The picture of most steps; kept while the same name, seed and prompt are asked for. */
  const longest = async (entry: Entry, seed: number, text: string, signal: AbortSignal) => {
    const key = JSON.stringify([entry.id, seed, text]);
    if (last?.key !== key) {
      const result = await generate(entry, mostSteps, seed, text, signal);
      last = { key, picture: result && (await decodeRgba(result.bytes)) };
    }
    return last.picture;
  };

  const run = async (
    { text, prompt, seed, entry, count }: (typeof units)[number],
    key: string,
    signal: AbortSignal,
  ): Promise<Cell> => {
    const result = await generate(entry, count, seed, text, signal);
    const picture = result && (await decodeRgba(result.bytes));
    const compares = entry.scheduler.noise === 'none' && count < mostSteps && picture !== undefined;
    const converged = compares ? await longest(entry, seed, text, signal) : undefined;
    const cell: Cell = {
      testbed: 'server',
      entry: entry.id,
      steps: count,
      seed,
      prompt,
      // The API does not tell; this is what the method's definition says.
      calls: entry.scheduler.modelCalls(entry.scheduler.schedule(options.model, count)) ?? null,
      finite: picture !== undefined,
      totalMs: result ? result.inferenceSeconds * 1000 : null,
      modelMs: null,
      arithmeticMs: null,
      noiseMs: null,
      error: null,
      imageError: picture && converged ? pictureDifference(picture, converged) : null,
      distance: null,
      key,
      hasPicture: picture !== undefined,
    };
    store.put(key, cell, picture ? { picture: await keptPicture(picture) } : {});
    return cell;
  };

  return {
    id: 'server',
    work: units.map(({ entry, count, seed }) => ({
      label: `${entry.id}, ${count} steps, seed ${seed}`,
      cost: count,
    })),
    async *cells(signal) {
      for (const unit of units) {
        const { text, seed, entry, count } = unit;
        const key = keyOf({ cellVersion, ...decides, entry: entry.id, count, seed, text });
        const known = store.get<Cell>(key);
        if (known === undefined) yield { cell: await run(unit, key, signal), stored: false };
        else yield { cell: { ...known, prompt: unit.prompt }, stored: true };
      }
    },
  };
}
