import path from 'node:path';
import { type CudaRecord, providerLibraries } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { readElf } from './elf.ts';

/**
 * The libraries of a folder that the provider needs, each behind those that it needs itself. Those with
 * nothing between them stay in the order of their packages.
 * @throws Error naming a file that is no library.
 */
export async function loadingOrder(
  folder: string,
  packages: CudaRecord['packages'],
): Promise<readonly string[]> {
  const needs = new Map<string, readonly string[]>();
  for (const name of packages.flatMap(({ libraries }) => libraries))
    if (!providerLibraries.some((provider) => provider === name))
      needs.set(name, (await readElf(path.join(folder, name))).needed);
  const ordered = new Set<string>();
  const place = (name: string, under: readonly string[]): void => {
    if (ordered.has(name) || under.includes(name)) return;
    for (const needed of needs.get(name)!) if (needs.has(needed)) place(needed, [...under, name]);
    ordered.add(name);
  };
  for (const name of needs.keys()) place(name, []);
  return [...ordered];
}
