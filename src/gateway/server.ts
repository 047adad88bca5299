import { execWith } from '../process/exec-with.ts';
import { returnedBuffers } from '../process/returned-buffers.ts';

// Only what a start needs stands here: everything else is read after it.
execWith({
  flags: [
    // Pictures pass through as buffers outside V8's heap. By default every 20 MB or so of them start a full
    // collection of a heap that holds two vocabularies, and requests wait for it: 20 collections in 650
    // pictures of 300 kB, 2 with the flag.
    '--external-memory-accounted-in-global-limit',
    // What a request leaves behind is collected little by little: requests wait for 4 MB, not for 32.
    '--max-semi-space-size=4',
    '--initial-old-space-size=128',
  ],
  // Uploads are read and decoded on every thread of the pool, each with a heap of its own unless told; what
  // those hold when their pictures are gone is a quarter of the process (scripts/bench/overload.ts).
  environment: { MALLOC_ARENA_MAX: '1', ...returnedBuffers },
});
const { gatewayProcess } = await import('./gateway-process.ts');
await gatewayProcess();
