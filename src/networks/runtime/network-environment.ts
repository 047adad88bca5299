import { availableParallelism } from 'node:os';

/**
 * Environment for a process that loads networks, to be set where it is started, as it is read only then: by
 * glibc (its manual, "Memory Allocation Tunables"; other C libraries read nothing) and by libuv.
 *
 * Blocks of 1 MB and more go back to the system as soon as they are freed. Loading converts every weight to
 * float32 and then packs it; without this, freed originals stay in the heap between packed ones and a
 * full-size UNet holds 11.5 to 12.5 GB instead of 10.7 (VmHWM of scripts/bench/unet.ts; the weights alone are
 * 10.3).
 *
 * Memory is asked for in huge pages, which the system clears 512 pages at a time: a full-size UNet loads in
 * 0.7 of the time and holds as much. Where the system grants none, nothing changes.
 *
 * libuv reads files and loads networks in more threads than its usual 4, of which networks that are loaded
 * side by side would leave none to read weights with.
 * @param inherited the environment it is added to; tunables and threads set there stay.
 */
export function networkEnvironment(inherited: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const tunables = inherited.GLIBC_TUNABLES ?? '';
  return {
    UV_THREADPOOL_SIZE: inherited.UV_THREADPOOL_SIZE ?? String(threads),
    MALLOC_MMAP_THRESHOLD_: String(2 ** 20),
    GLIBC_TUNABLES: tunables.includes(hugePages)
      ? tunables
      : [tunables, `${hugePages}=1`].filter((tunable) => tunable !== '').join(':'),
  };
}

const threads = Math.min(16, Math.max(8, availableParallelism()));
const hugePages = 'glibc.malloc.hugetlb';
