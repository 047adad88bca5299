import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../../src/config/config.ts';
import { chooseEntries } from '../entries.ts';
import type { LabOptions } from '../options.ts';
import { type LabResults, runLab } from '../run-lab.ts';

/**
 * A small lab on the tiny checkpoint, for tests: a deterministic name of each endpoint, an alias and a
 * stochastic one.
 */
export interface TestLab {
  readonly options: LabOptions;
  readonly dataDir: string;
  run(changes?: Partial<LabOptions>, signal?: AbortSignal): Promise<LabResults>;
  /** Keys of the journal, in order. */
  journal(): string[];
  close(): void;
}

/** The tiny checkpoint's random network is no problem to solve exactly. */
const accuracy = { points: 128, tolerance: 0.3 };

export function createTestLab(): TestLab {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-'));
  const options: LabOptions = {
    checkpoint: 'tiny',
    url: undefined,
    key: undefined,
    entries: chooseEntries('sdxl-torch/Euler,UniPC,sdxl-img2img/Euler a,DPM++ 2M Karras'),
    steps: [4, 6, 8],
    seeds: [1, 2],
    prompts: ['a <b>red</b> star </script>'],
    guidanceScale: 5,
    size: 64,
    pageBytes: 1e6,
    out: path.join(directory, 'report'),
  };
  const config = readConfig({ DATA_DIR: directory, ENGINE_THREADS: '1' });
  return {
    options,
    dataDir: directory,
    run: (changes = {}, signal = new AbortController().signal) =>
      runLab({ ...options, ...changes }, config, signal, accuracy, { write: () => undefined }),
    journal: () =>
      readFileSync(path.join(options.out, 'cells/journal.jsonl'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)[0]),
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}
