import type { GenerationRequest } from '../../src/contract/generation.ts';
import { infotextOf } from '../../src/contract/infotext/request-infotext.ts';
import { embedParameters } from '../../src/images/metadata/embed-parameters.ts';
import { software } from '../../src/process/software.ts';

interface MadePicture {
  readonly bytes: Buffer;
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly seed: number;
  /** As it was made, in pixels; its file may be half of that. */
  readonly width: number;
  readonly height: number;
}

/**
 * A picture that says how it was made where its request asks for that, and what its client should know then.
 */
export function withParameters(
  request: GenerationRequest,
  { bytes, ...picture }: MadePicture,
): { readonly bytes: Buffer; readonly warnings: readonly string[] } {
  const { embedParameters: isAsked, outputFormat } = request;
  if (isAsked !== true) return { bytes, warnings: [] };
  const text = infotextOf(request, { ...picture, software });
  const scale = request.halved ? 2 : 1;
  const size = { width: picture.width / scale, height: picture.height / scale };
  const embedded = embedParameters(bytes, outputFormat, { ...size, text, software });
  const warning = `embed_parameters: ${text.length} characters do not fit into a JPEG; png and webp hold them`;
  return { bytes: embedded.bytes, warnings: embedded.isWhole ? [] : [warning] };
}
