import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { infotextOf } from '../../../src/contract/infotext/request-infotext.ts';
import type { SignPicture } from '../../../src/images/content-credentials.ts';
import { embedParameters } from '../../../src/images/metadata/embed-parameters.ts';
import { software } from '../../../src/process/software.ts';

interface MadePicture {
  readonly bytes: Buffer;
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly seed: number;
  /** As it was made, in pixels; its file may be half of that. */
  readonly width: number;
  readonly height: number;
}

interface FinishedPicture {
  readonly bytes: Buffer;
  /** What its client should know of it. */
  readonly warnings: readonly string[];
}

/**
 * A picture that says how it was made where its request asks for that, signed where the operator wants it.
 */
export function withProvenance(
  request: GenerationRequest,
  picture: MadePicture,
  sign?: SignPicture,
): FinishedPicture {
  const said = withParameters(request, picture);
  return sign === undefined ? said : { ...said, bytes: sign(said.bytes, request.outputFormat) };
}

export function withParameters(
  request: GenerationRequest,
  { bytes, ...picture }: MadePicture,
): FinishedPicture {
  const { embedParameters: isAsked, outputFormat } = request;
  if (isAsked !== true) return { bytes, warnings: [] };
  const text = infotextOf(request, { ...picture, software });
  const scale = request.halved ? 2 : 1;
  const size = { width: picture.width / scale, height: picture.height / scale };
  const embedded = embedParameters(bytes, outputFormat, { ...size, text, software });
  const warning = `embed_parameters: ${text.length} characters do not fit into a JPEG; png and webp hold them`;
  return { bytes: embedded.bytes, warnings: embedded.isWhole ? [] : [warning] };
}
