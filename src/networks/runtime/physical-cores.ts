import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

const topology = '/sys/devices/system/cpu/cpu[0-9]*/topology';

/**
 * Cores that this process may compute on, each counted once whatever it runs at a time: matrix products gain
 * nothing from a second thread on a core. Only Linux says which threads share one.
 */
export function physicalCores(): number {
  const cores = new Set(
    globSync(topology).map((folder) =>
      ['physical_package_id', 'core_id'].map((name) => readFileSync(path.join(folder, name), 'utf8')).join(),
    ),
  );
  const available = availableParallelism();
  return cores.size === 0 ? available : Math.min(cores.size, available);
}
