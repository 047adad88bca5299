import { ApiError } from '../errors.ts';
import { show } from '../show.ts';

/** What OpenAI's clients send as the picture of an edit where it is no file. */

/** In forms a list is `image[]`, in JSON `images` with objects. */
const names = ['image', 'image[]', 'images'] as const;

/**
 * The one picture of a body: an address, a data URI or base64; undefined where there is none.
 * @throws ApiError where there are several, or it is named by the id of a file.
 */
export function onlyPictureOf(raw: object): unknown {
  const body = raw as Readonly<Record<string, unknown>>;
  const given = names.flatMap((name): { name: string; value: unknown }[] => {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value === undefined || value === null) return [];
    return (Array.isArray(value) ? value : [value]).map((each: unknown) => ({ name, value: each }));
  });
  assertOnePicture(given.length);
  const [picture] = given;
  return picture && addressOf(picture.name, picture.value);
}

/** @throws ApiError invalidParameter for two and more. */
export function assertOnePicture(count: number): void {
  if (count > 1)
    throw new ApiError(
      'invalidParameter',
      `image must be one picture, got ${count}: no model here combines several`,
    );
}

/** @throws ApiError wherever a mask comes from: its name says what is missing. */
export function refuseMask(): never {
  throw new ApiError('invalidParameter', 'mask is not yet served here: the whole picture is edited');
}

function addressOf(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { image_url: url, file_id: file } = value as { image_url?: unknown; file_id?: unknown };
  if (url !== undefined && url !== null)
    return typeof url === 'object' ? (url as { url?: unknown } | null)?.url : url;
  if (file !== undefined)
    throw new ApiError(
      'invalidParameter',
      `${name}: there are no files by id here, got file_id ${show(file)}; send image_url`,
    );
  throw new ApiError('invalidParameter', `${name} must have an image_url, got ${show(value)}`);
}
