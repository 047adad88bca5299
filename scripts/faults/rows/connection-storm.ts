import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { body, cancel, judge, type Submitted, spent, submit, undisturbed } from '../client.ts';
import type { FaultRow } from '../fault-row.ts';
import { startFaultService } from '../service.ts';

const cutEveryMs = 250;
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

/**
 * Every connection to Redis is cut again and again while requests come, repeat themselves and are cancelled.
 */
export const connectionStorm: FaultRow = {
  name: 'connection-storm',
  fault: `all connections to Redis cut every ${cutEveryMs / 1000} s, with repeats and cancels`,
  times: { full: 10, quick: 1 },
  // With the crowd of clients that were refused meanwhile and all come again.
  boundMs: 30_000,
  trial: async (quick) => {
    await using service = await startFaultService();
    const gateway = await service.gateway();
    const workers = await Promise.all([service.worker(), service.worker()]);
    const pictures = await undisturbed(service, gateway.url, seeds);
    const earlier = await spent(service);
    const [total, stormMs] = quick ? [150, 10_000] : [1000, 60_000];
    const cuts = setInterval(() => service.proxy.cut(), cutEveryMs);
    const one = async (index: number): Promise<Submitted> => {
      await setTimeout((index * stormMs) / total);
      const request = body(seeds[index % seeds.length]!);
      const idempotencyKey = randomUUID();
      const made = await submit(() => gateway.url, service.key, request, idempotencyKey);
      if (index % 3 === 0) {
        const again = await submit(() => gateway.url, service.key, request, idempotencyKey);
        if (again.id !== made.id) throw new Error(`a repeat made ${again.id} beside ${made.id}`);
      }
      if (index % 7 === 0) made.cancelled = await cancel(() => gateway.url, service.key, made.id);
      return made;
    };
    const made = Promise.all(Array.from({ length: total }, (_, index) => one(index)));
    // Told where it is awaited, not as nobody's.
    made.catch(() => undefined);
    await setTimeout(stormMs);
    clearInterval(cuts);
    const over = performance.now();
    // Ahead of what still waits: how soon the service works again is asked, not how long its queue is.
    await undisturbed(service, gateway.url, [seeds[0]!], (seed) => ({ ...body(seed), priority: 1 }));
    const recoveryMs = performance.now() - over;
    const requests = await made;
    const trial = await judge(service, gateway.url, requests, pictures, earlier + 1);
    const late = workers.flatMap(({ lines }) => lines.filter((line) => line.includes('lost its worker')));
    const remark = [trial.remark, `${late.length} jobs waited for a lock to end`].filter(Boolean).join('; ');
    return { ...trial, recoveryMs, remark };
  },
};
