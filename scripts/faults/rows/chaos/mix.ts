import { createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { restrictedSharp } from '../../../../src/images/restricted-sharp.ts';
import { body, call, cancel, type Pictures, type Submitted, submit, undisturbed } from '../../client.ts';
import type { FaultService } from '../../service.ts';

/** What clients send, one kind after another. */
export interface Mix {
  /** Sends the request of that number as its kind does, until it is accepted. */
  send(index: number): Promise<Submitted>;
  /** How many of each kind were sent. */
  counts(): string;
}

const textSeeds = Array.from({ length: 10 }, (_, index) => index + 1);
/** Of image to image; a picture belongs to a seed. */
const imageSeeds = textSeeds.map((seed) => seed + 100);
const side = 64;
const image = await restrictedSharp({
  create: { width: side, height: side, channels: 3, background: '#808080' },
})
  .png()
  .toBuffer();

const textBody = (seed: number) => body(seed);
const imageBody = (seed: number) => ({
  ...{ prompt: 'a panda stepMs=5', seed, num_inference_steps: 20, output_format: 'png' },
  ...{ base_model: 'fake', image: `data:image/png;base64,${image.toString('base64')}` },
});

/** The pictures of all requests of the mix, before anything is disturbed. */
export async function chaosPictures(service: FaultService, base: string): Promise<Pictures> {
  const text = await undisturbed(service, base, textSeeds, textBody);
  const images = await undisturbed(service, base, imageSeeds, imageBody, '/v2/sdxl-img2img');
  return new Map([...text, ...images]);
}

/** @param gatewayUrl of another gateway each time it is asked for, as a load balancer gives. */
export function createMix({ key }: FaultService, gatewayUrl: () => string, webhookUrl: string): Mix {
  const counts = new Map<string, number>();
  const seedOf = (seeds: readonly number[], index: number) => seeds[index % seeds.length]!;
  const text = async (index: number, more: object = {}): Promise<Submitted> =>
    await submit(gatewayUrl, key, { ...textBody(seedOf(textSeeds, index)), ...more }, randomUUID());

  const kinds: Readonly<Record<string, (index: number) => Promise<Submitted>>> = {
    text: (index) => text(index),
    image: async (index) =>
      await submit(gatewayUrl, key, imageBody(seedOf(imageSeeds, index)), randomUUID(), '/v2/sdxl-img2img'),
    webhook: async (index) =>
      Object.assign(await text(index, { webhook_url: webhookUrl }), { webhook: true }),
    cancelled: async (index) => {
      const made = await text(index);
      made.cancelled = await cancel(gatewayUrl, key, made.id);
      return made;
    },
    repeated: async (index) => {
      const request = textBody(seedOf(textSeeds, index));
      const name = randomUUID();
      const all = await Promise.all([1, 2, 3].map(() => submit(gatewayUrl, key, request, name)));
      const ids = new Set(all.map(({ id }) => id));
      if (ids.size > 1) throw new Error(`repeats under one idempotency key made ${[...ids].join(', ')}`);
      return all[0]!;
    },
    waiting: async (index) => await waited(gatewayUrl, key, textBody(seedOf(textSeeds, index))),
  };
  const order = ['text', 'image', 'waiting', 'text', 'webhook', 'repeated', 'image', 'text', 'cancelled'];
  return {
    send: async (index) => {
      const kind = order[index % order.length]!;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return await kinds[kind]!(index);
    },
    counts: () => [...counts].map(([kind, count]) => `${count} ${kind}`).join(', '),
  };
}

/**
 * A client of v1: it repeats its call under the same idempotency key until it has the picture, and finds it
 * after the gateway it waited on has died.
 */
async function waited(
  base: () => string,
  key: string,
  request: object & { readonly seed: number },
): Promise<Submitted> {
  const idempotencyKey = randomUUID();
  for (;;) {
    const answer = await call(base(), '/v1/sdxl-torch', key, { body: request, idempotencyKey })
      .then(async (response) => ({ response, bytes: Buffer.from(await response.arrayBuffer()) }))
      .catch(() => undefined);
    if (answer?.response.status === 200) {
      const id = answer.response.headers.get('x-request-id');
      if (id === null) throw new Error('a picture came without x-request-id');
      const picture = createHash('sha256').update(answer.bytes).digest('hex');
      return { id, seed: request.seed, answered: picture };
    }
    if (answer !== undefined && ![503, 504].includes(answer.response.status))
      throw new Error(`v1: ${answer.response.status} ${answer.bytes}`);
    await setTimeout(100);
  }
}
