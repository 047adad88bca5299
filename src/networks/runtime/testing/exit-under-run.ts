/**
 * Begins a run that lasts for seconds, and ends as its argument says while it is under way: see
 * inference-session.test.ts.
 */
import { openInferenceSession } from '../inference-session.ts';
import { ownSquare, productChain } from './product-chain.ts';

const session = await openInferenceSession(productChain(4000), { device: 'cpu' });
const run = session.run({ x: ownSquare() });
const ways: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(7),
  disconnect: () => {
    process.on('disconnect', () => process.exit(0));
    process.disconnect();
  },
  throw: () => {
    throw new Error('thrown under a run');
  },
  'release alone': () => {
    run.catch(() => undefined);
    void session.release();
  },
};
setTimeout(ways[process.argv[2]!]!, 100);
