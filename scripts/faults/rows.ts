import type { FaultRow } from './fault-row.ts';
import { connectionStorm } from './rows/connection-storm.ts';

/** The matrix, in the order in which it is run. */
export const rows: readonly FaultRow[] = [connectionStorm];
