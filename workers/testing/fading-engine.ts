import { serveEngine } from '../engine/serve-engine.ts';
import { openFakeGenerator } from './generator.ts';

/** Loads only while FAKE_ENGINE_LOADS is 1. */
serveEngine(async (config, models, onLoading) => {
  if (process.env.FAKE_ENGINE_LOADS !== '1') throw new Error('the device is gone');
  return openFakeGenerator(config, models, onLoading);
});
