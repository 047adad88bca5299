import { env } from 'onnxruntime-node';

/** What runs the networks, with its version: part of what decides the lowest bits of a picture. */
export const runtimeVersion = `onnxruntime-node ${env.versions.node ?? env.versions.common}`;

/** Weights of any precision are converted to it; every operator computes in it. */
export const computePrecision = 'float32';
