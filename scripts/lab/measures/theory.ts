import type { Method } from '../../../src/schedulers/methods.ts';

/**
 * Order of convergence from end to end, by a method's name in its field. Deterministic methods: of the
 * distance to the exact flow. Stochastic ones: the weak order, of the variance over all trajectories. Between
 * its ends a method may be of higher order (LMS 4, UniPC 3): the first steps of a multistep method are of low
 * order and decide in the limit. The same numbers are held by src/schedulers/convergence.test.ts.
 */
const orders: Readonly<Record<string, number>> = {
  Euler: 1,
  DDIM: 1,
  Heun: 2,
  'DPM-Solver-2': 2,
  'LMS 4': 2,
  PNDM: 2,
  PLMS: 2,
  'DPM-Solver++(2M)': 2,
  'DPM-Solver++(2S)': 2,
  'UniPC 2 bh2': 2,
  'Euler ancestral': 1,
  DDPM: 1,
  'DPM-Solver-2 ancestral': 2,
  'DPM-Solver++(2S) ancestral': 2,
  'DPM-Solver++ SDE': 2,
  'DPM-Solver++(2M) SDE': 2,
  'DPM-Solver++(2M) SDE Heun': 2,
  'DPM-Solver++(3M) SDE': 2,
  'Restart Heun': 2,
  'DPM-Solver-fast': 2,
};

/** undefined for a method that chooses its own steps. */
export function theoreticalOrder({ method }: Pick<Method, 'method'>): number | undefined {
  return orders[method];
}
