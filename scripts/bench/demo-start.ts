/**
 * `node scripts/bench/demo-start.ts`: what somebody meets who starts the service for the first time: seconds
 * until it is up, seconds of a picture at the API's defaults (1024x1024, 25 steps, guidance 7.5, refiner), by
 * the clock and of the engine's CPU time, which other work on the machine changes little, and the most memory
 * that the engine held.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type StartedServer, startServer } from '../cli/start/testing/started-server.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string' },
    starts: { type: 'string', default: '3' },
    pictures: { type: 'string', default: '7' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(
    'node scripts/bench/demo-start.ts [--models DIR (default: what npm start serves)] [--starts N] [--pictures N]',
  );
  process.exit(0);
}

const wanted = { startSeconds: 10, pictureSeconds: 4, engineBytes: 1.5e9 };
const environment = values.models === undefined ? {} : { MODELS_DIR: values.models };

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function report(what: string, value: string, isGood: boolean, limit: string): void {
  console.log(`${what.padEnd(58)} ${value.padEnd(44)} wanted: under ${limit}: ${isGood ? 'yes' : 'NO'}`);
}

/** Seconds from the request to the last byte of its picture. */
async function timePicture({ url, key }: StartedServer, seed: number): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${url}/v1/sdxl-torch`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    // A prompt of its own for each picture, so that no embedding is taken from the cache.
    body: JSON.stringify({ prompt: `a red circle left of a blue star, number ${seed}`, seed }),
  });
  const bytes = await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.status}: ${Buffer.from(bytes).toString()}`);
  return (performance.now() - started) / 1000;
}

/** A file of the engine's process, whose id is in the worker's line. */
function engineFile({ text }: StartedServer, name: string): Promise<string> {
  return readFile(`/proc/${/enginePid=(\d+)/.exec(text)?.[1]}/${name}`, 'utf8');
}

/** Seconds that all threads of the engine have computed: proc_pid_stat(5), fields 14 and 15, in 1/100 s. */
async function cpuSeconds(server: StartedServer): Promise<number> {
  // The second field is a name in parentheses, which may hold spaces.
  const fields = (await engineFile(server, 'stat')).split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Most bytes that the engine's process ever held (VmHWM). */
async function peakBytes(server: StartedServer): Promise<number> {
  const status = await engineFile(server, 'status');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

const starts: number[] = [];
for (let start = 1; start < Number(values.starts); start++) {
  const server = await startServer(environment);
  starts.push(server.seconds);
  await server.stop();
}
const server = await startServer(environment);
try {
  starts.push(server.seconds);
  const first = await timePicture(server, 0);
  const warm: number[] = [];
  const before = await cpuSeconds(server);
  for (let seed = 1; seed <= Number(values.pictures); seed++) warm.push(await timePicture(server, seed));
  const computed = ((await cpuSeconds(server)) - before) / warm.length;
  const peak = await peakBytes(server);
  const list = (numbers: readonly number[]) => numbers.map((value) => value.toFixed(2)).join(' ');
  report(
    `npm start to ready, ${starts.length} starts`,
    `${list(starts)} s`,
    Math.max(...starts) < wanted.startSeconds,
    `${wanted.startSeconds} s`,
  );
  report(
    `a picture, median of ${warm.length} (first of all ${first.toFixed(2)} s)`,
    `${middle(warm).toFixed(2)} s (${Math.min(...warm).toFixed(2)} to ${Math.max(...warm).toFixed(2)})`,
    middle(warm) < wanted.pictureSeconds,
    `${wanted.pictureSeconds} s`,
  );
  console.log(`${'CPU time of the engine for one of them, mean'.padEnd(58)} ${computed.toFixed(2)} s`);
  report(
    'most memory of the engine (RSS)',
    `${(peak / 1e9).toFixed(2)} GB`,
    peak < wanted.engineBytes,
    `${wanted.engineBytes / 1e9} GB`,
  );
} finally {
  await server.stop();
}
