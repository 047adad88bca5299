/**
 * Environment for a process that loads networks, to be set where it is started: glibc reads it only then (its
 * manual, "Memory Allocation Tunables"), and other C libraries not at all.
 *
 * Blocks of 1 MB and more go back to the system as soon as they are freed. Loading converts every weight to
 * float32 and then packs it; without this, freed originals stay in the heap between packed ones and a
 * full-size UNet holds 11.5 to 12.5 GB instead of 10.7 (VmHWM of scripts/bench/unet.ts; the weights alone are
 * 10.3).
 *
 * Memory is asked for in huge pages, which the system clears 512 pages at a time: a full-size UNet loads in
 * 0.7 of the time and holds as much. Where the system grants none, nothing changes.
 * @param inherited the environment it is added to; tunables set there stay.
 */
export function memoryEnvironment(inherited: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const tunables = inherited.GLIBC_TUNABLES ?? '';
  return {
    MALLOC_MMAP_THRESHOLD_: String(2 ** 20),
    GLIBC_TUNABLES: tunables.includes(hugePages)
      ? tunables
      : [tunables, `${hugePages}=1`].filter((tunable) => tunable !== '').join(':'),
  };
}

const hugePages = 'glibc.malloc.hugetlb';
