import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Block } from './blocks.ts';

export type Outcome = 'passed' | 'failed' | 'not run';

export interface Tried {
  readonly outcome: Outcome;
  /** Begins with a line break where there is more to say. */
  readonly detail: string;
}

export interface PageRunner {
  run(block: Block): Promise<Tried>;
  /** Ends the page's server. */
  close(): Promise<void>;
}

const readyWithinMs = 180_000;
const blockTimeoutMs = 30 * 60_000;
/** First bytes of the formats that blocks write. */
const signatures: Readonly<Record<string, RegExp>> = {
  '.jpg': /^\xff\xd8\xff/,
  '.png': /^\x89PNG/,
  '.webp': /^RIFF....WEBP/s,
};

/** Runs the blocks of one page in `folder`; what it serves listens on `port` and begins without data. */
export function openPage(folder: string, port: number): PageRunner {
  let server: ChildProcess | undefined;
  let key: string | undefined;
  const address = `http://127.0.0.1:${port}`;
  const data = mkdtempSync(path.join(path.dirname(folder), 'data-'));
  const env = { ...process.env, PORT: String(port), DATA_DIR: data, FORCE_COLOR: '0' };
  const script = ({ language, text }: Block) => {
    const filled = text
      .replaceAll('http://127.0.0.1:8080', address)
      .replaceAll(/SG_\.\.\./g, key ?? 'SG_...');
    return language === 'python' ? ['python3', ['-c', filled]] : ['bash', ['-euo', 'pipefail', '-c', filled]];
  };
  const start = (block: Block): { child: ChildProcess; output: () => string } => {
    const [command, args] = script(block) as [string, string[]];
    // A group of its own, so that what the shell started ends with it.
    const child = spawn(command, args, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    return { child, output: () => output };
  };

  const serve = async (block: Block): Promise<Tried> => {
    const { child, output } = start(block);
    server = child;
    const until = Date.now() + readyWithinMs;
    while (Date.now() < until && child.exitCode === null) {
      const ready = await fetch(`${address}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      key = /SG_[0-9a-f]{16}/.exec(output())?.[0];
      if (ready && key !== undefined) return { outcome: 'passed', detail: '' };
      await setTimeout(250);
    }
    return { outcome: 'failed', detail: `\n  never ready:\n${indented(output())}` };
  };

  const runToEnd = async (block: Block, mayPass: boolean): Promise<Tried> => {
    const { child, output } = start(block);
    const timer = globalThis.setTimeout(() => end(child, 'SIGKILL'), blockTimeoutMs);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if ((code === 0) !== mayPass)
      return { outcome: 'failed', detail: `\n  exit code ${code}:\n${indented(output())}` };
    const broken = mayPass ? writtenPictures(block.text).filter((file) => !isPicture(folder, file)) : [];
    if (broken.length > 0) return { outcome: 'failed', detail: `\n  no picture: ${broken.join(', ')}` };
    return { outcome: 'passed', detail: '' };
  };

  return {
    async run(block) {
      const { manner } = block;
      if (manner.kind === 'not here') return { outcome: 'not run', detail: `\n  ${manner.reason}` };
      if (manner.kind === 'server') return await serve(block);
      if (manner.kind !== 'parse') return await runToEnd(block, manner.kind === 'run');
      try {
        JSON.parse(block.text);
        return { outcome: 'passed', detail: '' };
      } catch (error) {
        return { outcome: 'failed', detail: `\n  ${(error as Error).message}` };
      }
    },
    async close() {
      if (server === undefined || server.exitCode !== null) return;
      const closed = once(server, 'close');
      end(server, 'SIGTERM');
      await Promise.race([closed, setTimeout(30_000).then(() => end(server!, 'SIGKILL'))]);
    },
  };
}

function end({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid!, signal);
  } catch {
    // It has ended.
  }
}

function indented(output: string): string {
  return output.trimEnd().split('\n').slice(-30).join('\n').replaceAll(/^/gm, '    ');
}

/** Files behind `-o` and `--out`, and what Python's urlretrieve writes. */
function writtenPictures(text: string): string[] {
  const found = text.matchAll(/(?:-o|--out)\s+(\S+)|urlretrieve\([^)]*,\s*"([^"]+)"\)/g);
  return [...found]
    .map(([, flag, call]) => (flag ?? call)!)
    .filter((file) => path.extname(file) in signatures);
}

function isPicture(folder: string, file: string): boolean {
  const at = path.resolve(folder, file);
  return (
    existsSync(at) && signatures[path.extname(at)]!.test(readFileSync(at).subarray(0, 16).toString('latin1'))
  );
}
