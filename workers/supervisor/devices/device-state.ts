import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { DeviceState } from '../../../src/metrics/worker-metrics.ts';
import { cudaIndex, type Device } from '../../../src/networks/runtime/device.ts';

const query = 'memory.used,memory.total,utilization.gpu';
/** nvidia-smi takes a good part of a second where no process keeps the driver loaded. */
const patienceMs = 5000;

/**
 * What nvidia-smi says of a CUDA device; undefined for other devices.
 * @param command for tests. @throws where it is missing or fails.
 */
export async function readDeviceState(
  device: Device,
  command = 'nvidia-smi',
): Promise<DeviceState | undefined> {
  const index = cudaIndex(device);
  if (index === undefined) return undefined;
  const { stdout } = await promisify(execFile)(
    command,
    [`--query-gpu=${query}`, '--format=csv,noheader,nounits', `--id=${index}`],
    { timeout: patienceMs },
  );
  const [used, total, busy] = stdout.split(',').map(Number);
  if (![used, total, busy].every(Number.isFinite))
    throw new Error(`${command} answered ${JSON.stringify(stdout.slice(0, 200))}`);
  return { usedBytes: used! * 2 ** 20, totalBytes: total! * 2 ** 20, utilization: busy! / 100 };
}

/**
 * Resident memory of a process in bytes; undefined where the system does not tell (it is read from /proc).
 */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
