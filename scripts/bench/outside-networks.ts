/**
 * What a picture costs outside its networks: CPU milliseconds of an engine's own thread by source file, where
 * networks of SDXL's shapes answer at once. The engine is a process that is talked to as a worker does it:
 *     node scripts/bench/outside-networks.ts [--scheduler 'DPM2 a'] [--side 1024] [--steps 25] [--pictures 8]
 * --scheduler all prints one line for each published name; --format png or webp, --rng torch-cpu.
 * What sharp does is not in the sum but in the stage imageEncode, whose wall clock is told beside it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config/config.ts';
import { parseTextToImage } from '../../src/contract/bodies/bodies.ts';
import { schedulerNames } from '../../src/schedulers/registry.ts';
import { startEngine } from '../../workers/supervisor/engines/engine-process.ts';
import { table } from '../cli/download/sizes.ts';
import { machineFacts } from './machine.ts';
import { type CpuProfile, millisecondsByFile } from './outside/profile-parts.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    scheduler: { type: 'string', default: 'Euler' },
    side: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '25' },
    pictures: { type: 'string', default: '8' },
    format: { type: 'string', default: 'jpeg' },
    rng: { type: 'string', default: 'philox' },
    rows: { type: 'string', default: '16' },
  },
});
const pictures = Number(values.pictures);
/** The first requests compile what the others run. */
const first = 3;

interface Recorded {
  readonly profile: CpuProfile;
  readonly threadMs: number;
  readonly processMs: number;
  readonly peakBytes: number;
}

interface Measured {
  /** Milliseconds a picture of the engine's own thread. */
  readonly byFile: ReadonlyMap<string, number>;
  /** And of all its threads: garbage is collected in some, pictures are encoded. */
  readonly processMs: number;
  readonly peakBytes: number;
  /** On the clock. */
  readonly stages: ReadonlyMap<string, number>;
}

async function measure(scheduler: string): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'outside-networks-'));
  const profile = path.join(folder, 'profile.json');
  Object.assign(process.env, {
    ...{ PROFILE_AFTER: String(first), PROFILE_RUNS: values.pictures, PROFILE_FILE: profile },
  });
  const quiet = { info() {}, warn: console.error, error: console.error };
  const engine = await startEngine({
    engineFile: path.join(import.meta.dirname, 'outside/engine.ts'),
    config: readConfig({}),
    log: quiet,
  });
  try {
    const stages = new Map<string, number[]>();
    for (let run = 0; run < first + pictures; run++) {
      const request = parseTextToImage(
        {
          ...{ prompt: `a photograph of an astronaut riding a horse, ${run}`, scheduler, seed: run },
          ...{ negative_prompt: 'blurry', num_inference_steps: Number(values.steps), refiner: true },
          ...{ high_noise_fraction: 0.8, output_format: values.format, rng: values.rng },
          ...{ img_width: Number(values.side), img_height: Number(values.side) },
        },
        { drawSeed: () => run, rng: 'philox' },
        true,
      );
      const { stageSeconds } = await engine.run(request, {
        inputImage: undefined,
        signal: new AbortController().signal,
        progress: () => undefined,
      });
      if (run < first) continue;
      for (const [stage, seconds] of Object.entries(stageSeconds))
        stages.set(stage, [...(stages.get(stage) ?? []), 1000 * seconds]);
    }
    const recorded = JSON.parse(readFileSync(profile, 'utf8')) as Recorded;
    const spent = millisecondsByFile(recorded.profile);
    // A profile tells the clock's time, which others' work on the machine makes longer.
    const scale = recorded.threadMs / pictures / sum(spent);
    return {
      byFile: new Map([...spent].map(([file, ms]) => [file, ms * scale])),
      processMs: recorded.processMs / pictures,
      peakBytes: recorded.peakBytes,
      stages: new Map([...stages].map(([stage, each]) => [stage, median(each)])),
    };
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true });
  }
}

const sum = (byFile: ReadonlyMap<string, number>): number =>
  [...byFile.values()].reduce((total, ms) => total + ms, 0);
const { cpu, load } = machineFacts();
console.log(`${cpu}, load average ${load}; ${values.steps} steps, ${values.side} x ${values.side}`);
if (values.scheduler === 'all')
  for (const name of schedulerNames('sdxl-torch')) {
    const { byFile, processMs } = await measure(name);
    console.log(`${name}: ${sum(byFile).toFixed(1)} ms, all threads ${processMs.toFixed(1)} ms`);
  }
else {
  const { byFile, processMs, peakBytes, stages } = await measure(values.scheduler);
  const largest = [...byFile].sort((a, b) => b[1] - a[1]);
  const shown = largest.slice(0, Number(values.rows));
  console.log(
    table(
      ['ms a picture', ''],
      [...shown, ['the thread', sum(byFile)] as const, ['all threads', processMs] as const].map(
        ([file, ms]) => [ms.toFixed(2), file],
      ),
    ),
  );
  console.log(`most memory of the process: ${(peakBytes / 2 ** 20).toFixed(0)} MiB`);
  for (const [stage, ms] of stages) console.log(`stage ${stage}: ${ms.toFixed(1)} ms on the clock`);
}
