/**
 * From prompt to JPEG without the queue: seconds by stage, with the API's defaults, and memory.
 *     node scripts/bench/image.ts --models models [--side 1024] [--device cpu] [--runs 3]
 * Prints a table; with --json the rows, for bench.ts, which runs this in a process of its own.
 */
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config/config.ts';
import { parseTextToImage } from '../../src/contract/bodies/bodies.ts';
import { parseDevice } from '../../src/networks/runtime/device.ts';
import { openSdxlGenerator } from '../../workers/engine/open-generator.ts';
import { peakMegabytes } from './networks.ts';
import type { Row, Unit } from './report/row.ts';
import { formatTable } from './report/table.ts';
import { median } from './statistics.ts';

export interface ImageOptions {
  /** A models folder as MODELS_DIR has it. */
  readonly modelsDir: string;
  readonly device: ReturnType<typeof parseDevice>;
  readonly side: number;
  readonly runs: number;
}

const prompt = 'a large red circle left of a blue star on a yellow background';

/** Rows of one sample each: the median of the runs after the first, each with another prompt. */
async function measureImage({ modelsDir, device, side, runs }: ImageOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (name: string, unit: Unit, value: number) =>
    rows.push({ group: 'picture', name, unit, samples: [value] });
  let start = performance.now();
  const generator = await openSdxlGenerator({ ...readConfig(), modelsDir, device });
  add('load every checkpoint', 's', (performance.now() - start) / 1000);

  const totals: number[] = [];
  const stages = new Map<string, number[]>();
  for (let run = 0; run <= runs; run++) {
    const body = {
      prompt: `${prompt}, ${run}`,
      seed: run,
      refiner: generator.capabilities.refiner,
      img_width: side,
      img_height: side,
    };
    const request = parseTextToImage(body, { drawSeed: () => run, rng: 'philox' }, true);
    start = performance.now();
    const { stageSeconds } = await generator.generate(request, {
      inputImage: undefined,
      progress: async () => undefined,
      signal: new AbortController().signal,
    });
    if (run === 0) {
      add('first picture', 's', (performance.now() - start) / 1000);
      continue;
    }
    totals.push((performance.now() - start) / 1000);
    for (const [stage, seconds] of Object.entries(stageSeconds))
      stages.set(stage, [...(stages.get(stage) ?? []), seconds]);
  }
  add(`${side} x ${side}, the API's defaults`, 's', median(totals));
  for (const [stage, seconds] of stages) add(`  ${stage}`, 's', median(seconds));
  add('peak memory', 'MB', peakMegabytes());
  return rows;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      models: { type: 'string' },
      side: { type: 'string', default: '1024' },
      device: { type: 'string', default: 'cpu' },
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.models === undefined) throw new Error('--models is missing: a folder of checkpoints');
  const rows = await measureImage({
    modelsDir: values.models,
    device: parseDevice(values.device),
    side: Number(values.side),
    runs: Number(values.runs),
  });
  console.log(values.json ? JSON.stringify(rows) : formatTable(rows));
  process.exit(0);
}
