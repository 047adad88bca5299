import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { runtimeVersion } from '../../src/networks/runtime/runtime.ts';

/** What a measurement depends on besides the code. What the system does not tell is absent. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
  readonly runtime: string;
  /** Of this repository, with a + where files differ from it. */
  readonly commit?: string;
  /** Frequency governor of the first core. */
  readonly governor?: string;
  /** Share of the time since boot that the host kept the cores from this machine. */
  readonly steal?: number;
  /**
   * Processes that wanted to run, averaged over the last minute, as the measurement began: others' work makes
   * it larger than 0.
   */
  readonly load: number;
}

export function machineFacts(): MachineFacts {
  const governor = readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  const times = cpuTimes();
  const commit = commitName();
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    runtime: runtimeVersion,
    ...(commit === undefined ? {} : { commit }),
    ...(governor === undefined ? {} : { governor: governor.trim() }),
    ...(times === undefined ? {} : { steal: times.steal / times.total }),
    load: Math.round(os.loadavg()[0]! * 100) / 100,
  };
}

/** Of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in ticks. */
function cpuTimes(): { steal: number; total: number } | undefined {
  const line = readText('/proc/stat')?.split('\n')[0];
  if (line === undefined) return undefined;
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, each) => sum + each, 0) };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function commitName(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    return (
      git('rev-parse', '--short', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+')
    );
  } catch {
    // Not a checkout, or no git.
    return undefined;
  }
}
