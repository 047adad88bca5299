import { serveEngine } from '../engine/serve-engine.ts';
import { openFakeGenerator } from './generator.ts';

serveEngine(openFakeGenerator);
