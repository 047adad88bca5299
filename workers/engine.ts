import { openSdxlGenerator } from './sdxl-generator.ts';
import { serveEngine } from './serve-engine.ts';

serveEngine(openSdxlGenerator);
