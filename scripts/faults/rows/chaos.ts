import { setTimeout } from 'node:timers/promises';
import { judge, type Submitted, spent } from '../client.ts';
import type { FaultRow } from '../fault-row.ts';
import { startFaultService } from '../service.ts';
import { chaosPictures, createMix } from './chaos/mix.ts';
import { startPopulation } from './chaos/population.ts';
import { startReceiver } from './chaos/receiver.ts';
import { locks } from './one-fault.ts';

const total = 3000;
/**
 * Requests come at this rate, as fast as they are answered; what is under way beyond `mostUnderWay` waits.
 */
const perSecond = 8;
const mostUnderWay = 60;
const killEveryMs = 4000;
/**
 * Webhooks that a killed gateway was about to call are called when its lease has ended, or at the next try.
 */
const webhookPatienceMs = 120_000;

/**
 * Two gateways, three workers and a Redis, one of which is killed about every four seconds while requests of
 * all kinds come: both endpoints, waiting and polling clients, webhooks, cancels, repeats under the same
 * idempotency key.
 */
export const chaos: FaultRow = {
  name: 'chaos',
  fault: `2 gateways, 3 workers, their engines, Redis: one killed every ${killEveryMs / 1000} s`,
  times: { full: 1, quick: 0 },
  // From the last kill, with the start of whatever it was.
  boundMs: 60_000,
  trial: async () => {
    await using service = await startFaultService(['--appendfsync', 'always'], locks);
    await using receiver = await startReceiver();
    await using population = await startPopulation(service, receiver.environment);
    const pictures = await chaosPictures(service, population.gatewayUrl());
    const earlier = await spent(service);
    const mix = createMix(service, population.gatewayUrl, receiver.url);

    const requests: Submitted[] = [];
    const underWay = new Set<Promise<void>>();
    const failures: string[] = [];
    let isOver = false;
    const kills = (async () => {
      while (!isOver) {
        await setTimeout(killEveryMs * (0.5 + Math.random()));
        if (!isOver) await population.killOne();
      }
    })();
    // Told when it is waited for, at the end; until then it is nobody's.
    kills.catch(() => undefined);
    const began = performance.now();
    for (let index = 0; index < total; index++) {
      await setTimeout(Math.max(0, began + (index * 1000) / perSecond - performance.now()));
      while (underWay.size >= mostUnderWay) await Promise.race(underWay);
      const one = mix.send(index).then(
        (made) => void requests.push(made),
        (error: Error) => void failures.push(`request ${index}: ${error.message}`),
      );
      const ended = one.finally(() => underWay.delete(ended));
      underWay.add(ended);
    }
    await Promise.all(underWay);
    isOver = true;
    await kills;
    const over = performance.now();
    const last = await mix.send(0);
    requests.push(last);
    const recoveryMs = performance.now() - over;
    const trial = await judge(service, population.gatewayUrl(), requests, pictures, earlier, 300_000);
    const untold = await receiver.missing(requests, webhookPatienceMs);
    if (untold.length > 0) failures.push(`${untold.length} ended requests whose webhook was never called`);
    const told = [trial.remark, population.kills(), mix.counts(), ...failures].filter(Boolean);
    return { ...trial, lost: trial.lost + failures.length, recoveryMs, remark: told.join('; ') };
  },
};
