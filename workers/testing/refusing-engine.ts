import { serveEngine } from '../engine/serve-engine.ts';

/** Cannot open its checkpoints. */
serveEngine(async () => {
  throw new Error('unet/config.json: cross_attention_dim is missing');
});
