import type { GenerationRequest } from '../../../src/contract/generation.ts';

/** How long silence may last in one kind of work on this device. */
export interface Expectation {
  limitMs(): number;
  /** The work was heard of after this long. */
  learn(silentMs: number): void;
}

/** What the device's own times have taught; it outlives the engines. */
export interface SilenceLimits {
  /** An engine that computes nothing answers at once. */
  readonly idleMs: number;
  /** Between two signs of a request: a step, the decoding and encoding of a picture. */
  ofRun(route: string, work: number): Expectation;
  /** Between two networks that are loaded. */
  ofLoad(checkpoint: string): Expectation;
}

/**
 * Silence this many times as long as was usual is not waited for: the decoding of a picture takes several
 * steps' time, a size that is new to the device takes its first step's search for algorithms.
 */
const margin = 20;
/**
 * Share that the longest silence known keeps at each shorter one: a slow start is not remembered for ever.
 */
const remembered = 0.9;

/**
 * @param minMs no limit is below it. @param maxMs no limit is above it, and none other holds for work of a
 * kind that has never been heard of.
 */
export function createSilenceLimits(minMs: number, maxMs: number): SilenceLimits {
  const longest = new Map<string, number>();
  const expectation = (kind: string, work: number, kept: number): Expectation => ({
    limitMs: () => {
      const known = longest.get(kind);
      return known === undefined ? maxMs : Math.min(Math.max(margin * known * work, minMs), maxMs);
    },
    learn: (silentMs) => {
      longest.set(kind, Math.max(silentMs / work, kept * (longest.get(kind) ?? 0)));
    },
  });
  return {
    idleMs: minMs,
    ofRun: (route, work) => expectation(`run ${route}`, work, remembered),
    // Once from a cold disk, then from memory: the longest counts.
    ofLoad: (checkpoint) => expectation(`load ${checkpoint}`, 1, 1),
  };
}

/**
 * What the time of a request's step is proportional to: megapixels that are computed at once. Attention grows
 * faster, by far less than the margin.
 * @param inputImage PNG of an image-to-image request, whose size the picture has.
 */
export function workOf(
  request: GenerationRequest,
  inputImage: Uint8Array | undefined,
  engineBatch: number,
): number {
  const pixels = request.endpoint === 'sdxl-torch' ? request.width * request.height : pixelsOf(inputImage);
  return (pixels * Math.min(engineBatch, request.samples)) / 2 ** 20;
}

/** Width and height follow the signature, length and type of IHDR (PNG specification 11.2.1). */
function pixelsOf(png: Uint8Array | undefined): number {
  if (png === undefined || png.byteLength < 24) return 2 ** 20;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return Math.max(view.getUint32(16) * view.getUint32(20), 1);
}
