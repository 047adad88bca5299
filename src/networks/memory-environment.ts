/**
 * Environment for a process that loads networks, to be set where it is started: glibc reads it only then.
 * Blocks of 1 MB and more go back to the system as soon as they are freed. Loading converts every weight to float32 and
 * then packs it; without this, freed originals stay in the heap between packed ones and a full-size UNet holds
 * 11.5 to 12.5 GB instead of 10.7 (VmHWM of scripts/bench/unet.ts; the weights alone are 10.3).
 */
export const memoryEnvironment = { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) } as const;
