import { z } from 'zod';

/** By which plan a worker uses the memory of its device; bytes where they are known. */
export interface MemoryReport {
  /** resident, exchanged, text-on-cpu or tiled-vae, see docs/memory.md. */
  readonly plan: string;
  readonly what: string;
  readonly cost: string;
  readonly why: string;
  readonly estimatedBytes?: number;
  readonly availableBytes?: number;
}

export const memoryReport = z.strictObject({
  plan: z.string().meta({ description: 'resident, exchanged, text-on-cpu or tiled-vae' }),
  what: z.string().meta({ description: 'Which networks stay on the device' }),
  cost: z.string().meta({ description: 'Against all staying there' }),
  why: z.string().meta({ description: 'What was found of the device when the worker started' }),
  estimated_bytes: z.int().optional().meta({ description: 'What it takes at 1024 x 1024' }),
  available_bytes: z.int().optional(),
});

export function memoryReportBody({ plan, what, cost, why, estimatedBytes, availableBytes }: MemoryReport) {
  return {
    ...{ plan, what, cost, why },
    ...(estimatedBytes !== undefined && { estimated_bytes: Math.round(estimatedBytes) }),
    ...(availableBytes !== undefined && { available_bytes: Math.round(availableBytes) }),
  };
}
