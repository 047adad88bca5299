import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { boundToParent } from '../../../../src/process/bound-process.ts';
import { freePort } from '../../../../src/testing/free-port.ts';

const entry = path.join(import.meta.dirname, 'start-without-engine.ts');

export interface Start {
  readonly pid: number;
  /** Exit code; undefined after a signal. */
  readonly ended: Promise<number | undefined>;
  readonly output: () => string;
  /** The output up to and with the curl line. */
  readonly up: () => Promise<string>;
  readonly end: (signal: NodeJS.Signals) => Promise<number | undefined>;
}

/** Starts of the service with the fake engine, of which one follows another in the same place. */
export function createStarts() {
  /** Where the next one keeps its data and listens. */
  const place = { dataDir: '', port: 0 };
  const running = new Set<ChildProcess>();
  const folders: string[] = [];
  const folder = async (): Promise<string> => {
    const made = await mkdtemp(path.join(os.tmpdir(), 'start-test-'));
    folders.push(made);
    return made;
  };
  /** @param demoModels where the demo checkpoint lies. */
  const begin = (environment: NodeJS.ProcessEnv = {}, demoModels = place.dataDir): Start => {
    const { MODELS_DIR: _, REDIS_URL: __, ...inherited } = process.env;
    const plain: [string, string[]] = [process.execPath, [entry, demoModels]];
    const [command, args] = environment.PATH ? plain : boundToParent('KILL', ...plain);
    const child = spawn(command, args, {
      env: {
        ...inherited,
        DATA_DIR: place.dataDir,
        PORT: String(place.port),
        LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const ended = once(child, 'close').then(([code]) => {
      running.delete(child);
      return (code as number | null) ?? undefined;
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += chunk;
      });
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    return {
      pid: child.pid!,
      ended,
      output: () => text,
      up: async () => {
        while (!text.includes('Try it:')) {
          assert.ok(!isOver, text);
          await setTimeout(20);
        }
        return text;
      },
      end: (signal) => {
        child.kill(signal);
        return ended;
      },
    };
  };
  return {
    place,
    folder,
    begin,
    /** Before each test. */
    next: async (): Promise<void> => {
      place.dataDir = await folder();
      place.port = await freePort();
    },
    /** After the last. */
    end: async (): Promise<void> => {
      for (const child of running) child.kill('SIGKILL');
      for (const made of folders) await rm(made, { recursive: true, force: true });
    },
  };
}

/** Where a program on the PATH lies. */
export function commandPath(name: string): string {
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
}
