import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../../process/package-folder.ts';

const runtimeFolder = packageFolder('onnxruntime-node');
/** Of ONNX Runtime, which a provider must be of too. */
export const runtimeRelease: string = JSON.parse(
  readFileSync(path.join(runtimeFolder, 'package.json'), 'utf8'),
).version;

/** What runs the networks, with its version: part of what decides the lowest bits of a picture. */
export const runtimeVersion = `onnxruntime-node ${runtimeRelease}`;

/** Where onnxruntime-node has ONNX Runtime's library for this platform: all that is used of the package. */
export const shippedFolder = path.join(runtimeFolder, 'bin', 'napi-v6', process.platform, process.arch);
