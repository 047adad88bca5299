import { serveEngine } from '../serve-engine.ts';
import { openFakeGenerator } from './generator.ts';

serveEngine(openFakeGenerator);
