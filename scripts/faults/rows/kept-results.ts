import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FaultRow, Trial } from '../fault-row.ts';
import { startFaultService } from '../service.ts';
import { intoSubmits } from './gateway-and-redis.ts';
import {
  type KillableServer,
  s3Environment,
  s3ServerCommand,
  startS3Server,
} from './kept-results/s3-server.ts';
import { locks } from './one-fault.ts';

/** Faults of the place where pictures are kept, and of who writes there. */

/** Long enough that a kill mostly strikes while one is written. */
const pictureBytes = { FAKE_PICTURE_BYTES: '4000000' };

async function inFolder(trial: (folder: string) => Promise<Trial>): Promise<Trial> {
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-results-'));
  try {
    return await trial(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const startIn = (results: NodeJS.ProcessEnv) => () =>
  startFaultService([], locks, { ...pictureBytes, ...results });

/** 50 submits while workers are killed one after another, each as it writes or sends. */
const killWorkers = (kills: number, results: NodeJS.ProcessEnv): Promise<Trial> =>
  intoSubmits(startIn(results), async (service, gateway, first) => {
    let worker = first;
    for (let kill = 0; kill < kills; kill++) {
      await setTimeout(100 + 200 * Math.random());
      await worker.end('SIGKILL');
      worker = await service.worker();
    }
    return gateway;
  });

const workerKilled: FaultRow = {
  name: 'results-dir-worker-killed',
  fault: 'RESULTS=dir: four workers killed one after another during 50 submits, each while it writes',
  times: { full: 10, quick: 0 },
  boundMs: 30_000,
  trial: () => inFolder((folder) => killWorkers(4, { RESULTS: `dir:${folder}` })),
};

const folderAway: FaultRow = {
  name: 'results-dir-away',
  fault: 'RESULTS=dir: the folder is not there for 3 s during 50 submits',
  times: { full: 10, quick: 0 },
  boundMs: 30_000,
  trial: () =>
    inFolder((folder) => {
      const mounted = path.join(folder, 'results');
      mkdirSync(mounted);
      return intoSubmits(startIn({ RESULTS: `dir:${mounted}` }), async (_, gateway) => {
        renameSync(mounted, `${mounted}.away`);
        await setTimeout(3000);
        renameSync(`${mounted}.away`, mounted);
        return gateway;
      });
    }),
};

/** Named, it says what it lacks. */
const times = { full: s3ServerCommand === undefined ? 0 : 10, quick: 0 };

const withS3Server = (trial: (server: KillableServer) => Promise<Trial>): Promise<Trial> =>
  inFolder(async (folder) => {
    const server = await startS3Server(folder);
    try {
      return await trial(server);
    } finally {
      await server.kill();
    }
  });

const s3Killed: FaultRow = {
  name: 'results-s3-killed',
  fault: 'RESULTS=s3: the server is killed during 50 submits, and started after 1 s',
  ...{ times, boundMs: 30_000 },
  trial: () =>
    withS3Server((server) =>
      intoSubmits(startIn(s3Environment(server.url)), async (_, gateway) => {
        for (let kill = 0; kill < 3; kill++) {
          await server.kill();
          await setTimeout(1000);
          await server.start();
          await setTimeout(200 + 300 * Math.random());
        }
        return gateway;
      }),
    ),
};

const s3WorkerKilled: FaultRow = {
  name: 'results-s3-worker-killed',
  fault: 'RESULTS=s3: three workers killed one after another during 50 submits, each while it sends',
  ...{ times, boundMs: 30_000 },
  trial: () => withS3Server((server) => killWorkers(3, s3Environment(server.url))),
};

export const keptResults: readonly FaultRow[] = [workerKilled, folderAway, s3Killed, s3WorkerKilled];
