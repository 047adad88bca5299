import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { networkEnvironment } from '../../../src/networks/runtime/network-environment.ts';

/** One network to be run once by a process of its own. */
export interface Job {
  /** A checkpoint: a folder or a file. */
  readonly folder: string;
  readonly network: string;
  /** Of the picture in pixels. */
  readonly side: number;
  /** Pictures and latents that vary slowly instead of noise. */
  readonly smooth: boolean;
  /** Of reference.py: what it computes in; float32 where absent. */
  readonly dtype?: 'float64';
  /** Folder for the outputs, NAME.f32 each. */
  readonly out: string;
  /** Of reference.py: folder to export the network into. */
  readonly export?: string;
}

/** A process's last line. */
export interface Ran {
  readonly outputs: readonly string[];
  readonly loadSeconds: number;
  readonly runSeconds: number;
  readonly exportSeconds?: number;
  /** The most resident memory it ever held. */
  readonly peakMegabytes: number;
  readonly versions?: string;
}

/**
 * @param python interpreter of the reference; absent: our own networks.
 * @throws Error with the job when the process fails; its errors go to stderr.
 */
export async function runJob(job: Job, python?: string): Promise<Ran> {
  const here = (file: string) => path.join(import.meta.dirname, file);
  const [command, program, environment] =
    python === undefined
      ? [process.execPath, here('run-network.ts'), networkEnvironment()]
      : [python, here('reference.py'), {}];
  const child = spawn(command, [program, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  const [code, signal] = await once(child, 'close');
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{'))
    throw new Error(`${program} ${JSON.stringify(job)} ended with ${signal ?? `code ${code}`}`);
  return JSON.parse(last) as Ran;
}
