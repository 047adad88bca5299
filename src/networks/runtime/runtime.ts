import { env } from 'onnxruntime-node';

/** What runs the networks, with its version: part of what decides the lowest bits of a picture. */
export const runtimeVersion = `onnxruntime-node ${env.versions.node ?? env.versions.common}`;
