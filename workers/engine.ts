import { openSdxlGenerator } from './engine/open-generator.ts';
import { serveEngine } from './engine/serve-engine.ts';

serveEngine(openSdxlGenerator);
