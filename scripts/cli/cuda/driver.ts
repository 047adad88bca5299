import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly driverVersion: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** "9.0". */
  readonly computeCapability: string;
}

export interface DriverFacts {
  /** NVIDIA display and compute devices on the PCI bus. */
  readonly pciDevices: number;
  /** Version of the loaded kernel module. */
  readonly kernelModule: string | undefined;
  readonly gpus: readonly Gpu[];
  /** Why nvidia-smi named none. */
  readonly smiProblem: string | undefined;
}

const query = ['index', 'name', 'driver_version', 'memory.total', 'memory.free', 'compute_cap'];

/**
 * @param environment for PATH, where nvidia-smi is looked for.
 * @param root of the /proc and /sys that are read.
 */
export async function readDriver(
  environment: Readonly<Record<string, string | undefined>>,
  root = '/',
): Promise<DriverFacts> {
  const version = await readFile(path.join(root, 'proc/driver/nvidia/version'), 'utf8').catch(() => '');
  const smi = spawnSync('nvidia-smi', [`--query-gpu=${query.join(',')}`, '--format=csv,noheader,nounits'], {
    env: { ...environment } as NodeJS.ProcessEnv,
    encoding: 'utf8',
    timeout: 30_000,
  });
  const gpus = smi.status === 0 ? gpusOf(smi.stdout) : [];
  return {
    pciDevices: await countPciDevices(path.join(root, 'sys/bus/pci/devices')),
    kernelModule: /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(version)?.[1],
    gpus,
    smiProblem: gpus.length > 0 ? undefined : problemOf(smi),
  };
}

function gpusOf(listing: string): Gpu[] {
  return listing.split('\n').flatMap((line) => {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells.length !== query.length) return [];
    const [index, name, driverVersion, total, free, computeCapability] = cells as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return [
      {
        index: Number(index),
        name,
        driverVersion,
        totalBytes: Number(total) * 2 ** 20,
        freeBytes: Number(free) * 2 ** 20,
        computeCapability,
      },
    ];
  });
}

function problemOf({ error, stdout, stderr, status }: ReturnType<typeof spawnSync>): string {
  if (error !== undefined)
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'nvidia-smi is not on the PATH'
      : error.message;
  const said = `${stdout}${stderr}`.trim().split('\n')[0];
  return said ? `nvidia-smi says: ${said}` : `nvidia-smi ended with status ${status}`;
}

/** Vendor 10de, class 03: display controllers, which GPUs without a display are too. */
async function countPciDevices(folder: string): Promise<number> {
  let count = 0;
  for (const device of await readdir(folder).catch(() => [])) {
    const read = (name: string) => readFile(path.join(folder, device, name), 'utf8').catch(() => '');
    if ((await read('vendor')).trim() === '0x10de' && (await read('class')).startsWith('0x03')) count++;
  }
  return count;
}
