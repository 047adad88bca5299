/**
 * How long a request with another LoRA waits, in SDXL's full size: rank 32 over all attention layers of the
 * UNet, in float16, beside diffusers' load_lora_weights and fuse_lora in the same run, each side in a process
 * of its own and in turn.
 *     node scripts/maintainers/random-checkpoint.ts --out base
 *     node scripts/bench/loras.ts --checkpoint base --work scratch --python venv/bin/python [--rounds 3]
 * Needs 5 GB of disk and 12 GB of memory for SDXL's size. Python needs torch, diffusers, peft, transformers.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { networkEnvironment } from '../../src/networks/runtime/network-environment.ts';
import { table } from '../cli/download/sizes.ts';
import { writeAttentionLora } from './loras/attention-lora.ts';
import { machineFacts } from './machine.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    work: { type: 'string' },
    python: { type: 'string' },
    rank: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '3' },
  },
});
const { checkpoint, work, python } = values;
if (checkpoint === undefined || work === undefined)
  throw new Error(
    '--checkpoint (a diffusers folder) or --work (a folder for LoRAs and merged weights) is missing',
  );

mkdirSync(work, { recursive: true });
const { unet } = await openCheckpoint(checkpoint);
const loras: string[] = [];
for (const [index, name] of ['first', 'next'].entries()) {
  const file = path.resolve(work, `${name}.safetensors`);
  loras.push(file);
  if (!existsSync(file)) await writeAttentionLora(file, unet, Number(values.rank), index);
}

type Costs = Readonly<Record<string, { readonly seconds: number; readonly cpuSeconds: number }>>;
const run = (program: string, args: readonly string[]): Costs => {
  const env = { ...process.env, ...networkEnvironment() };
  const stdout = execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Costs;
};

const here: Costs[] = [];
const there: Costs[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  rmSync(path.join(work, 'variants'), { recursive: true, force: true });
  const sides = [
    () =>
      here.push(run(process.execPath, [path.join(import.meta.dirname, 'loras/ours.ts'), checkpoint, work])),
    ...(python === undefined
      ? []
      : [
          () =>
            there.push(
              run(python, [path.join(import.meta.dirname, 'loras/diffusers_side.py'), checkpoint, ...loras]),
            ),
        ]),
  ];
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) side();
}

console.log(JSON.stringify(machineFacts()));
for (const [side, runs] of Object.entries({ here, diffusers: there })) {
  if (runs.length === 0) continue;
  const middle = (name: string, of: 'seconds' | 'cpuSeconds') =>
    median(runs.map((each) => each[name]![of])).toFixed(2);
  const rows = Object.keys(runs[0]!).map((name) => [
    ...[name, middle(name, 'seconds'), middle(name, 'cpuSeconds')],
  ]);
  console.log(`\n${table([`${side}, ${runs.length} rounds`, 'seconds', 'seconds of CPU'], rows)}`);
}
