import { createTurns } from '../turns.ts';

/**
 * While a CUDA graph is captured nothing else may allocate or copy on the device, and while it is replayed
 * nothing else may use the arena, where its intermediate values have their fixed places. Where there are no
 * graphs nobody waits.
 */
export const cudaTurns = createTurns();
