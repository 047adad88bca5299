/**
 * For the environment of a process through which pictures pass, of which glibc reads it at the start (its
 * manual, "Malloc Tunable Parameters"; other C libraries read nothing): buffers of 64 KB and more, a socket's
 * read among them, never make the heap grow and go back to the system when they are freed. Unless told, the
 * first megabyte that is freed makes glibc put the next ones into the heap, and one small block that stays
 * above a freed picture keeps that picture's memory for as long as it lives.
 */
export const returnedBuffers = { MALLOC_MMAP_THRESHOLD_: String(2 ** 16) } as const;
