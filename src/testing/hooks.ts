import { type HookOptions, after as nodeAfter, before as nodeBefore } from 'node:test';

/**
 * Hooks of a test file as those of node:test, but what `after` ends has been opened: where all tests of a
 * file are left out by name, Node runs its after hooks while its before hooks are still under way, and what
 * those open afterwards keeps the process alive.
 */

let opening: Promise<unknown> = Promise.resolve();

export function before(open: () => unknown, options?: HookOptions): void {
  nodeBefore(async () => {
    const opened = (async () => await open())();
    opening = Promise.allSettled([opening, opened]);
    await opened;
  }, options);
}

export function after(end: () => unknown): void {
  nodeAfter(async () => {
    await opening;
    await end();
  });
}
