import { keyTag, queueNameOf } from '../../../src/jobs/redis/names.ts';
import type { ProcessSample, RedisSample } from './samples.ts';
import { isSteeper, slopeOf } from './slope.ts';
import type { SoakResult, SoakSample } from './soak-run.ts';

/** Megabytes in a minute, beyond noise, of what is held after full collections. */
const mostGrowth = 0.05;
/** The same of the resident size, which follows the allocator's moods; in less time it only settles. */
const mostResidentGrowth = { perMinute: 1, fromMinutes: 10 };
/** Descriptors that may be open in a process at rest beyond those before. */
const mostDescriptors = 2;
/**
 * What may be left in Redis when everything has expired: a share of what was there before, or the megabytes
 * that streams of a fixed length and the buffers of connections take.
 */
const mostLeft = { share: 0.05, megabytes: 0.25 };
/** Keys of queues come and go with what waits in them. */
const isOfQueues = (key: string): boolean => key.startsWith(`${keyTag}:${queueNameOf('')}`);
/** The last third's median latency may be this many times that of the first, and this much longer. */
const mostDrift = { ratio: 1.5, ms: 50 };

/** What a soak shows in lines for people, and what of it is growth. */
export function verdictOf(result: SoakResult): { lines: string[]; broken: string[] } {
  const lines: string[] = [];
  const broken: string[] = [];
  // Code is compiled and pools fill in the first fifth.
  const steady = result.samples.slice(Math.floor(result.samples.length / 5));
  if (steady.length < 3) return { lines, broken: ['too short to say anything'] };
  for (const name of Object.keys(steady[0]!.processes)) {
    const of = (what: keyof ProcessSample) =>
      steady.map(({ minutes, processes }) => [minutes, processes[name]![what]] as const);
    const isLong = steady.at(-1)!.minutes >= mostResidentGrowth.fromMinutes;
    for (const [what, most] of [
      ['held', mostGrowth],
      ['rss', isLong ? mostResidentGrowth.perMinute : Number.POSITIVE_INFINITY],
    ] as const) {
      const slope = slopeOf(of(what));
      const told = `${name} ${what}: ${slope.perUnit.toFixed(3)} +- ${(2 * slope.error).toFixed(3)} MB/min`;
      lines.push(told);
      if (isSteeper(slope, most)) broken.push(`${told}, at most ${most}`);
    }
    const [open, stillOpen] = [result.before, result.after].map(
      ({ processes }) => processes[name]!.descriptors,
    );
    lines.push(`${name} descriptors at rest: ${open} before, ${stillOpen} after`);
    if (stillOpen! > open! + mostDescriptors)
      broken.push(`${name} keeps ${stillOpen! - open!} descriptors open`);
  }
  const { before, after } = { before: result.before.redis, after: result.after.redis };
  const left = after.usedMegabytes / before.usedMegabytes - 1;
  lines.push(
    `Redis: ${before.usedMegabytes.toFixed(2)} MB and ${before.keys} keys before, ` +
      `${Math.max(...steady.map(({ redis }) => redis.usedMegabytes)).toFixed(1)} MB at most, ` +
      `${after.usedMegabytes.toFixed(2)} MB and ${after.keys} keys after expiry (${(100 * left).toFixed(1)} %)`,
    `of that: ${partsOf(before)} before, ${partsOf(after)} after, of which ${after.largest}`,
    `streams: ${before.streamLength} entries before, ${after.streamLength} after`,
  );
  const more = after.usedMegabytes - before.usedMegabytes;
  if (left > mostLeft.share && more > mostLeft.megabytes)
    broken.push(`${more.toFixed(2)} MB are left in Redis after expiry`);
  const leftKeys = after.lasting.filter((key) => !before.lasting.includes(key) && !isOfQueues(key));
  if (leftKeys.length > 0)
    broken.push(`${leftKeys.length} keys stay for ever, such as ${leftKeys.slice(0, 3).join(', ')}`);
  const [first, last] = [steady.slice(0, steady.length / 3), steady.slice((-steady.length / 3) | 0)].map(
    median,
  );
  lines.push(`latency: median ${first!.toFixed(0)} ms in the first third, ${last!.toFixed(0)} in the last`);
  if (last! > first! * mostDrift.ratio && last! > first! + mostDrift.ms)
    broken.push(`latency drifts from ${first!.toFixed(0)} to ${last!.toFixed(0)} ms`);
  lines.push(
    `${result.ended} requests ended, ${result.skipped} were not made because others had not, ` +
      `${result.late} had expired before their picture was fetched`,
  );
  broken.push(...result.failures.slice(0, 10));
  return { lines, broken };
}

function partsOf({ parts }: RedisSample): string {
  return Object.entries(parts)
    .map(([name, megabytes]) => `${name} ${megabytes.toFixed(3)} MB`)
    .join(', ');
}

function median(samples: readonly SoakSample[]): number {
  const sorted = samples.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
