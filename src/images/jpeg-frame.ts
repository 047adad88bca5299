/** ITU-T T.81, table B.1. */
const startOfImage = 0xd8;
const startOfScan = 0xda;
const progressive: readonly number[] = [0xc2, 0xc6, 0xca, 0xce];
/** Codes from SOF0 to SOF15 that are none: DHT, JPG, DAC. */
const notFrames: readonly number[] = [0xc4, 0xc8, 0xcc];

interface Frame {
  readonly marker: number;
  /** Bytes of all coefficients, two each, of every component at its own sampling. */
  readonly coefficientBytes: number;
  readonly components: number;
}

/**
 * Bytes of coefficients that a decoder must keep before it can give out the first row: those of the whole
 * picture where its components or their bits come in several scans (progressive, or not interleaved), none
 * where one scan brings them all.
 * @param jpeg need not be well formed; what cannot be read counts as nothing, and the decoder will refuse it.
 */
export function keptCoefficientBytes(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let frame: Frame | undefined;
  for (let at = 0; at + 4 <= jpeg.length; ) {
    if (jpeg[at] !== 0xff) return 0;
    const marker = jpeg[at + 1]!;
    if (marker === 0xff || marker === startOfImage) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (at + 2 + length > jpeg.length) return 0;
    if (marker >= 0xc0 && marker <= 0xcf && !notFrames.includes(marker)) frame = readFrame(view, at, length);
    if (marker === startOfScan) {
      if (frame === undefined || length < 3) return 0;
      const several = progressive.includes(frame.marker) || view.getUint8(at + 4) < frame.components;
      return several ? frame.coefficientBytes : 0;
    }
    at += 2 + length;
  }
  return 0;
}

/** T.81, B.2.2: precision, height, width, then of each component its id, sampling factors and table. */
function readFrame(view: DataView, at: number, length: number): Frame | undefined {
  if (length < 8) return undefined;
  const height = view.getUint16(at + 5);
  const width = view.getUint16(at + 7);
  const components = view.getUint8(at + 9);
  if (length < 8 + 3 * components) return undefined;
  const sampling = Array.from({ length: components }, (_, index) => {
    const factors = view.getUint8(at + 11 + 3 * index);
    return { across: factors >> 4 || 1, down: factors & 15 || 1 };
  });
  const across = Math.max(...sampling.map((each) => each.across));
  const down = Math.max(...sampling.map((each) => each.down));
  const units = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  const blocks = sampling.reduce((sum, each) => sum + units * each.across * each.down, 0);
  return { marker: view.getUint8(at + 1), components, coefficientBytes: blocks * 64 * 2 };
}
