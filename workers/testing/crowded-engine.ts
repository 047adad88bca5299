import { serveEngine } from '../engine/serve-engine.ts';
import { openFakeGenerator } from './generator.ts';

/** Dies where it may load several checkpoints at once. */
serveEngine(async (config, models, onLoading, inTurn) => {
  if (inTurn !== true) process.kill(process.pid, 'SIGKILL');
  return openFakeGenerator(config, models, onLoading);
});
