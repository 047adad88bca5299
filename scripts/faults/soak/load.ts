import { setTimeout } from 'node:timers/promises';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { call, patiently } from '../client.ts';

/** Requests at a steady rate, each followed to its picture. */
export interface Load {
  /** Milliseconds from submit to picture of those that ended since the last call. */
  latencies(): number[];
  /** What did not end with its picture so far. */
  readonly failures: readonly string[];
  /** Requests that were due while too many were under way, and were not made. */
  skipped(): number;
  ended(): number;
  /** Of which the picture and the request had expired before this client came for them. */
  late(): number;
  /** Resolves once the last one has ended. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly perSecond: number;
  /** Where this many are under way the machine does not keep up; more would only measure the queue. */
  readonly mostUnderWay: number;
  /** Where text to image is asked for, and what beside the seed; image to image too. */
  readonly textPath: '/v2/sdxl-torch' | '/v2/sdxl1.0-txt2img';
  readonly text: object;
  readonly image: object;
  /** Which requests bring a picture. */
  readonly isImage: (number: number) => boolean;
}

const pollMs = 200;

export async function startLoad(base: string, key: string, options: LoadOptions): Promise<Load> {
  const { perSecond, mostUnderWay } = options;
  const image = `data:image/png;base64,${(await noisePicture()).toString('base64')}`;
  const failures: string[] = [];
  let latencies: number[] = [];
  let skipped = 0;
  let ended = 0;
  let late = 0;
  let stopped = false;
  const underWay = new Set<Promise<void>>();
  const one = async (number: number): Promise<void> => {
    const from = performance.now();
    const common = { seed: number, num_inference_steps: 20, output_format: 'png' };
    const [path, body] = options.isImage(number)
      ? ['/v2/sdxl-img2img', { ...common, ...options.image, image }]
      : [options.textPath, { ...common, ...options.text }];
    const made = await patiently(() => call(base, path, key, { body }));
    const { request_id: id } = await answerOf(made);
    for (;;) {
      await setTimeout(pollMs);
      const { status, output } = await answerOf(await patiently(() => call(base, `/v2/requests/${id}`, key)));
      if (status !== 'COMPLETED') continue;
      const picture = await patiently(() => call(base, new URL(output!).pathname, key));
      const { byteLength } = await picture.arrayBuffer();
      if (picture.status === 200 && byteLength >= 1000) break;
      // Where the request is gone too it was this client that came after both had expired.
      const { status: stillThere } = await patiently(() => call(base, `/v2/requests/${id}/status`, key));
      if (stillThere !== 404) throw new Error(`${id} has no picture: ${picture.status}`);
      late += 1;
      return;
    }
    latencies.push(performance.now() - from);
    ended += 1;
  };
  const loop = async (): Promise<void> => {
    const start = performance.now();
    for (let number = 1; !stopped; number++) {
      const wait = start + (number * 1000) / perSecond - performance.now();
      if (wait > 0) await setTimeout(wait);
      if (underWay.size >= mostUnderWay) skipped += 1;
      else {
        const request = one(number)
          .catch((error: Error) => void failures.push(error.message))
          .finally(() => underWay.delete(request));
        underWay.add(request);
      }
    }
  };
  const looping = loop();
  return {
    failures,
    skipped: () => skipped,
    ended: () => ended,
    late: () => late,
    latencies: () => {
      const since = latencies;
      latencies = [];
      return since;
    },
    stop: async () => {
      stopped = true;
      await looping;
      await Promise.all(underWay);
    },
  };
}

/** A PNG of about a megabyte. */
async function noisePicture(): Promise<Buffer> {
  const side = 600;
  const pixels = Float32Array.from({ length: 3 * side * side }, (_, index) => {
    const bits = Math.imul(index ^ (index >>> 15), 0x2c1b3c6d);
    return ((bits ^ (bits >>> 12)) >>> 0) / 2 ** 31 - 1;
  });
  return Buffer.from(await encodeImage(pixels, side, side, 'png'));
}

interface Answer {
  readonly request_id: string;
  readonly status: string;
  readonly output?: string;
}

/** @throws where it is no success, or tells of a failed request. */
async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}
