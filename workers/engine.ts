import { openSdxlGenerator } from './engine/sdxl-generator.ts';
import { serveEngine } from './engine/serve-engine.ts';

serveEngine(openSdxlGenerator);
