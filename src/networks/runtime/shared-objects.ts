import koffi from 'koffi';

/** From dlfcn.h of Linux. */
const resolveNow = 0x2;
const forAll = 0x100;
const neverUnload = 0x1000;

/**
 * Opens a shared object of Linux that stays for as long as the process lives.
 * @param options `global` where others that need one of its name shall take this one, wherever the loader
 * would have looked (dlopen(3): a library is loaded once per name).
 * @throws Error with the loader's message where it cannot be opened.
 */
export function openForGood(file: string, { global = false } = {}): void {
  const libc = koffi.load('libc.so.6');
  const flags = resolveNow | neverUnload | (global ? forAll : 0);
  if (libc.func('dlopen', 'void *', ['str', 'int'])(file, flags) === null)
    throw new Error(String(libc.func('dlerror', 'str', [])()));
}
