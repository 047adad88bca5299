import type { FaultRow } from './fault-row.ts';
import { chaos } from './rows/chaos.ts';
import { connectionStorm } from './rows/connection-storm.ts';
import { engineFaults } from './rows/engine-faults.ts';
import { failOvers } from './rows/fail-overs.ts';
import { gatewayKilled, redisKilled, redisPaused, silentConnections } from './rows/gateway-and-redis.ts';
import { keptResults } from './rows/kept-results.ts';
import { workerFaults } from './rows/worker-faults.ts';

/** The matrix, in the order in which it is run. */
export const rows: readonly FaultRow[] = [
  connectionStorm,
  gatewayKilled,
  redisKilled,
  redisPaused,
  silentConnections,
  ...failOvers,
  ...engineFaults,
  ...workerFaults,
  ...keptResults,
  chaos,
];
