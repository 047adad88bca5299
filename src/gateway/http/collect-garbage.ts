import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of bodies that have been read and left before they are collected. */
const leftBytes = 48 * 2 ** 20;

/**
 * Bodies lie outside V8's heap, which does not see by them that it is time to collect: 500 clients with large
 * ones took a third more memory than was let in. Counts what has been left and collects once it is much.
 */
export function createCollector(): (bytes: number) => void {
  let left = 0;
  return (bytes) => {
    left += bytes;
    if (left < leftBytes) return;
    left = 0;
    setImmediate(collect);
  };
}
