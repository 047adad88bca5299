import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { networkEnvironment } from '../../../src/networks/runtime/network-environment.ts';
import type { EngineRow, EngineWork } from './engine-work.ts';
import { watchVideoMemory } from './video-memory.ts';

export interface EngineRows {
  readonly rows: readonly EngineRow[];
  /** Which memory plan was chosen, where one was. */
  readonly plan: string | undefined;
  /** Why there are no more of them; what could not be measured. */
  readonly problem: string | undefined;
}

const here = (program: string) => path.join(import.meta.dirname, program);

interface Watch {
  /** Of the device, for nvidia-smi. */
  readonly index: number | undefined;
  readonly limitMs: number;
}

/** Lets our engine measure itself, for so long at most; the memory of the device is measured beside it. */
export function runEngine(work: EngineWork, watch: Watch): Promise<EngineRows> {
  return runRows([here('engine-rows.ts'), JSON.stringify(work)], {}, 'device memory, largest', watch);
}

/**
 * Makes a picture under the memory plan for a limit of the device's memory, as an engine of these models.
 * @param limit as DEVICE_MEMORY_LIMIT has it; undefined: all.
 */
export function runPlan(
  { modelsDir, device, side, steps }: { modelsDir: string; device: string; side: number; steps: number },
  limit: string | undefined,
  watch: Watch,
): Promise<EngineRows> {
  const environment = { MODELS_DIR: modelsDir, DEVICE: device, DEVICE_MEMORY_LIMIT: limit ?? '' };
  const row = `with ${limit ?? 'all'} of the device's memory: largest`;
  return runRows([here('plan-rows.ts'), String(side), String(steps)], environment, row, watch);
}

async function runRows(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  memoryRow: string,
  { index, limitMs }: Watch,
): Promise<EngineRows> {
  const memory = await watchVideoMemory(index);
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...networkEnvironment(), ...environment },
  });
  const rows: EngineRow[] = [];
  const problems: string[] = [];
  let plan: string | undefined;
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-2000);
  });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? String(code)));
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('{"row"')) rows.push(JSON.parse(line));
    else if (line.startsWith('{"plan"')) plan = JSON.parse(line).plan;
    else if (line.startsWith('{"problem"')) problems.push(JSON.parse(line).problem);
  const how = await ended;
  clearTimeout(limit);
  const bytes = memory.peak();
  memory.end();
  if (bytes !== undefined) rows.push({ row: memoryRow, unit: 'GB', value: bytes / 1e9 });
  const lines = said.trim().split('\n');
  const why = lines.findLast((line) => /Error/.test(line)) ?? lines.at(-1);
  if (isLate) problems.push(`ended after ${Math.round(limitMs / 1000)} s`);
  else if (how !== '0') problems.push(`ended with ${how}: ${why}`);
  return { rows, plan, problem: problems.length === 0 ? undefined : problems.join('; ') };
}
