import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { processIdentity } from '../../../src/process/start-time.ts';
import { lockDataDirectory } from './data-lock.ts';

/** A folder whose lock is held by a process that wrote this into it. */
async function heldFolder(t: { after(end: () => Promise<void>): void }, said: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'data-lock-'));
  const file = path.join(folder, 'lock');
  await writeFile(file, said);
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  await once(holder.stdout, 'data');
  t.after(async () => {
    process.kill(-holder.pid!, 'SIGKILL');
    await rm(folder, { recursive: true });
  });
  return folder;
}

test('a folder that a living start holds is refused at once, by its process', async (t) => {
  const { ppid } = process;
  const folder = await heldFolder(t, processIdentity(ppid));
  const from = performance.now();
  await assert.rejects(lockDataDirectory(folder, 10_000), new RegExp(`is in use by process ${ppid}:`));
  assert.ok(performance.now() - from < 5000);
});

test('an id that was given to another process since is not taken for the start that wrote it', async (t) => {
  const folder = await heldFolder(t, `${process.ppid}-1`);
  // Its children are waited for, here in vain.
  await assert.rejects(lockDataDirectory(folder, 1000), /is in use by another process/);
});
