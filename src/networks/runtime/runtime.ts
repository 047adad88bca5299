import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const packageFolder = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
/** Of ONNX Runtime, which a provider must be of too. */
export const runtimeRelease: string = JSON.parse(
  readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
).version;

/** What runs the networks, with its version: part of what decides the lowest bits of a picture. */
export const runtimeVersion = `onnxruntime-node ${runtimeRelease}`;

/** Where onnxruntime-node has ONNX Runtime's library for this platform: all that is used of the package. */
export const shippedFolder = path.join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch);
