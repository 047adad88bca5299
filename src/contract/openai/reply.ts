import type { GenerationRequest } from '../generation.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import type { RequestRecord } from '../request-record.ts';
import type { OpenAiAnswer } from './translate.ts';

/** What OpenAI's Images API answers: a body, or the events of a stream. */

type Usage = NonNullable<ResponseBody<'OpenAiImages'>['usage']>;

/** What is said of a picture beside its bytes, in bodies and in each event. */
function description({ request }: RequestRecord, { quality }: OpenAiAnswer) {
  const size = sizeOf(request);
  return {
    background: 'opaque' as const,
    output_format: request.outputFormat,
    quality,
    ...(size && { size: `${size.width}x${size.height}` }),
  };
}

/** Of each picture of a request; undefined for one of an older gateway. */
function sizeOf({ width, height, halved }: GenerationRequest) {
  if (width === undefined || height === undefined) return undefined;
  return halved ? { width: width / 2, height: height / 2 } : { width, height };
}

/** A token of a picture is 32x32 of its pixels: what the UNet's attention looks at, at its deepest level. */
const tokenSide = 32;

function imageTokens({
  width = 0,
  height = 0,
}: {
  readonly width?: number;
  readonly height?: number;
}): number {
  return Math.ceil(width / tokenSide) * Math.ceil(height / tokenSide);
}

/** @param textTokens of the prompts, by CLIP's tokenizer. */
function usageOf({ request }: RequestRecord, textTokens: number): Usage {
  const read = request.endpoint === 'sdxl-img2img' ? imageTokens(request) : 0;
  const made = imageTokens(request) * request.samples;
  return {
    input_tokens: textTokens + read,
    input_tokens_details: { text_tokens: textTokens, image_tokens: read },
    output_tokens: made,
    output_tokens_details: { text_tokens: 0, image_tokens: made },
    total_tokens: textTokens + read + made,
  };
}

/** The parts of an answer to a COMPLETED request. */
export interface FinishedImages {
  /** Public base URL, without a trailing slash. */
  readonly base: string;
  readonly record: RequestRecord;
  /** The bytes of its pictures where base64 was asked for. */
  readonly pictures?: readonly Buffer[] | undefined;
  /** Of the prompts. */
  readonly textTokens: number;
}

export function imagesReply(
  answer: OpenAiAnswer,
  { base, record, pictures, textTokens }: FinishedImages,
): ResponseBody<'OpenAiImages'> {
  const data = record.result!.images.map(({ path }, index) => ({
    ...(answer.form !== 'b64_json' && { url: `${base}/outputs/${path}` }),
    ...(pictures && { b64_json: pictures[index]!.toString('base64') }),
  }));
  return {
    created: Math.floor(record.finishedAt! / 1000),
    data,
    ...description(record, answer),
    usage: usageOf(record, textTokens),
  };
}

const eventNames = {
  generations: 'image_generation',
  edits: 'image_edit',
  variations: 'image_edit',
} as const;

/** One server-sent event; its data repeat its name as `type`. */
export interface ImageEvent {
  readonly name: string;
  readonly data: object;
}

/** A small picture of one on its way, encoded as the finished ones will be. */
export function partialImageEvent(
  answer: OpenAiAnswer,
  record: RequestRecord,
  bytes: Buffer,
  index: number,
): ImageEvent {
  const name = `${eventNames[answer.operation]}.partial_image`;
  const data: ResponseBody<'OpenAiPartialImage'> = {
    type: name as ResponseBody<'OpenAiPartialImage'>['type'],
    b64_json: bytes.toString('base64'),
    partial_image_index: index,
    created_at: Math.floor(Date.now() / 1000),
    ...description(record, answer),
  };
  return { name, data };
}

/** One for each picture of a COMPLETED request. */
export function completedEvents(answer: OpenAiAnswer, finished: FinishedImages): ImageEvent[] {
  const { record, pictures = [], textTokens } = finished;
  const name = `${eventNames[answer.operation]}.completed`;
  return pictures.map((bytes) => {
    const data: ResponseBody<'OpenAiCompletedImage'> = {
      type: name as ResponseBody<'OpenAiCompletedImage'>['type'],
      b64_json: bytes.toString('base64'),
      created_at: Math.floor(record.finishedAt! / 1000),
      ...description(record, answer),
      usage: usageOf(record, textTokens),
    };
    return { name, data };
  });
}

/** When the next small picture is due: evenly over the way. @param sent so many before. */
export function isPartialDue(sent: number, most: number, shareDone: number): boolean {
  return sent < most && shareDone >= (sent + 1) / (most + 1);
}
