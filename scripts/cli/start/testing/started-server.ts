import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { boundToParent } from '../../../../src/process/bound-process.ts';
import { freePort } from '../../../../src/testing/free-port.ts';

/** What `npm start` brought up, with data of its own. */
export interface StartedServer {
  readonly url: string;
  /** The first key, which this start printed. */
  readonly key: string;
  /** What it printed until it was up. */
  readonly text: string;
  readonly process: ChildProcess;
  /** All that it has printed so far. */
  printed(): string;
  /** From the start of the process to the line that says that it is up. */
  readonly seconds: number;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

const entry = path.resolve(import.meta.dirname, '../../start.ts');

/**
 * Starts the whole service on a free port with an empty data directory.
 * @param file another entry than `npm start`'s.
 * @param environment in addition to PATH; nothing else is inherited. @throws Error with its output where it
 * does not come up.
 */
export async function startServer(environment: NodeJS.ProcessEnv = {}, file = entry): Promise<StartedServer> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'started-server-'));
  const port = await freePort();
  const started = performance.now();
  const child = spawn(...boundToParent('KILL', process.execPath, [file]), {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(dataDir, { recursive: true, force: true });
  };
  let text = '';
  const up = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
      if (text.includes('Try it:')) up.resolve();
    });
  child.once('exit', () => up.reject(new Error(`npm start did not come up:\n${text}`)));
  try {
    await up.promise;
  } catch (error) {
    await stop();
    throw error;
  }
  const seconds = (performance.now() - started) / 1000;
  const key = /shown only this once: (SG_[0-9a-f]{16})/.exec(text)?.[1] ?? '';
  const url = `http://127.0.0.1:${port}`;
  return { url, key, text, printed: () => text, process: child, seconds, stop };
}
