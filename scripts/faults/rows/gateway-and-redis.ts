import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { body, judge, type Pictures, type Submitted, spent, submit, undisturbed } from '../client.ts';
import type { FaultRow, Trial } from '../fault-row.ts';
import { type Service, type ServiceProcess, startFaultService } from '../service.ts';

const seeds = Array.from({ length: 10 }, (_, index) => index + 1);
const requestsAtOnce = 50;

/**
 * Fifty submits at once, under idempotency keys, into which the fault strikes; then everything is held
 * against what was promised.
 * @param start what it happens to.
 * @param strike resolves when the fault is over, with a gateway that is to serve from then on.
 * @param spacingMs between two submits.
 */
export async function intoSubmits<Kind extends Service>(
  start: () => Promise<Kind>,
  strike: (service: Kind, gateway: ServiceProcess, worker: ServiceProcess) => Promise<ServiceProcess>,
  spacingMs = 10,
): Promise<Trial> {
  await using service = await start();
  let gateway = await service.gateway();
  const worker = await service.worker();
  const pictures: Pictures = await undisturbed(service, gateway.url, seeds);
  const earlier = await spent(service);
  const one = async (index: number): Promise<Submitted> => {
    await setTimeout(index * spacingMs);
    return await submit(() => gateway.url, service.key, body(seeds[index % seeds.length]!), randomUUID());
  };
  const submits = Promise.all(Array.from({ length: requestsAtOnce }, (_, index) => one(index)));
  // Told where it is awaited, not as nobody's.
  submits.catch(() => undefined);
  await setTimeout(Math.random() * requestsAtOnce * spacingMs);
  gateway = await strike(service, gateway, worker);
  const over = performance.now();
  const requests = await submits;
  const urgent = { ...body(seeds[0]!), priority: 1 };
  requests.push(await submit(() => gateway.url, service.key, urgent, randomUUID()));
  const recoveryMs = performance.now() - over;
  return { ...(await judge(service, gateway.url, requests, pictures, earlier)), recoveryMs };
}

/** A killed gateway: clients repeat themselves to the next one. */
export const gatewayKilled: FaultRow = {
  name: 'gateway-killed',
  fault: 'gateway killed during 50 submits, another started',
  times: { full: 10, quick: 1 },
  // With the start of a gateway, which takes as long as the machine is busy.
  boundMs: 30_000,
  trial: () =>
    intoSubmits(startFaultService, async (service, gateway) => {
      await gateway.end('SIGKILL');
      return await service.gateway();
    }),
};

/** Nothing that Redis has written down is lost with it. */
export const redisKilled: FaultRow = {
  name: 'redis-killed',
  fault: 'Redis killed during 50 submits, started after 1 s (appendfsync always)',
  times: { full: 10, quick: 1 },
  boundMs: 10_000,
  trial: () =>
    intoSubmits(
      () => startFaultService(['--appendfsync', 'always']),
      async (service, gateway) => {
        await service.redis.stop('SIGKILL');
        await setTimeout(1000);
        await service.redis.start();
        return gateway;
      },
    ),
};

/** What reached Redis late is withdrawn, and the repeats are paid once. */
export const redisPaused: FaultRow = {
  name: 'redis-paused',
  fault: 'Redis hears nothing for 3 s during 50 submits',
  times: { full: 10, quick: 1 },
  boundMs: 10_000,
  trial: () =>
    intoSubmits(startFaultService, async (service, gateway) => {
      service.proxy.freeze();
      await setTimeout(3000);
      service.proxy.thaw();
      return gateway;
    }),
};

/** Connections that die without a sign, of gateway and worker alike. */
export const silentConnections: FaultRow = {
  name: 'silent-connections',
  fault: 'all connections to Redis die without a sign during 50 submits',
  times: { full: 10, quick: 1 },
  boundMs: 10_000,
  trial: () =>
    intoSubmits(startFaultService, async (service, gateway) => {
      service.proxy.forsake();
      return gateway;
    }),
};
