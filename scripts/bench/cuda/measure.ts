import { type SideOptions, startSide } from '../peers/side.ts';
import type { Ready, Run } from '../peers/work.ts';
import { median } from '../statistics.ts';
import { watchVideoMemory } from './video-memory.ts';

export interface Measured {
  readonly name: string;
  readonly loadSeconds: number;
  /** Of the runs that count. */
  readonly seconds: readonly number[];
  readonly median: number;
  /** Of the device, weights included, above what was in use before; undefined where it cannot be watched. */
  readonly videoBytes: number | undefined;
  readonly tokens: Ready['tokens'];
}

/**
 * Loads a side, lets it run `idle` times that do not count (algorithms are chosen, graphs compiled) and then
 * `runs` times.
 */
export async function measure(
  options: SideOptions,
  idle: number,
  runs: number,
  deviceIndex: number | undefined,
): Promise<Measured> {
  const memory = await watchVideoMemory(deviceIndex);
  try {
    const side = await startSide(options);
    const answers: Run[] = [];
    for (let run = 0; run < idle + runs; run++) answers.push(await side.run());
    const seconds = answers.slice(idle).map((answer) => answer.seconds);
    const { name, loadSeconds, tokens } = side.ready;
    const videoBytes = memory.peak();
    await side.end();
    return { name, loadSeconds, seconds, median: median(seconds), videoBytes, tokens };
  } finally {
    memory.end();
  }
}
