import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { EngineRow, EngineWork } from './engine-work.ts';
import { watchVideoMemory } from './video-memory.ts';

export interface EngineRows {
  readonly rows: readonly EngineRow[];
  /** Why there are no more of them. */
  readonly problem: string | undefined;
}

const program = path.join(import.meta.dirname, 'engine-rows.ts');

/**
 * Lets our engine measure itself, for so long at most; the memory of the device is measured beside it.
 * @param index of the device for nvidia-smi.
 */
export async function runEngine(
  work: EngineWork,
  index: number | undefined,
  limitMs: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<EngineRows> {
  const memory = await watchVideoMemory(index);
  const child = spawn(process.execPath, [program, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const rows: EngineRow[] = [];
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
  const how = await ended;
  clearTimeout(limit);
  const bytes = memory.peak();
  memory.end();
  if (bytes !== undefined) rows.push({ row: 'device memory, largest', unit: 'GB', value: bytes / 1e9 });
  if (isLate) return { rows, problem: `ended after ${Math.round(limitMs / 1000)} s` };
  const lines = said.trim().split('\n');
  const why = lines.findLast((line) => /Error/.test(line)) ?? lines.at(-1);
  return { rows, problem: how === '0' ? undefined : `ended with ${how}: ${why}` };
}
