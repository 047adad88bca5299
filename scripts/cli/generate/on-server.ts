import { readFile } from 'node:fs/promises';
import { type Bodies, createClient } from '../../../src/client/client.ts';
import type { CompletedResult, Progress } from '../../../src/client/events.ts';

export interface ServerRequest {
  /** Where the server is, without /v1. */
  readonly url: string;
  readonly key: string | undefined;
  /** Fields of a submit, as text where they are numbers; what is undefined is left to the server. */
  readonly body: Readonly<Record<string, unknown>>;
  /** File of an input picture: image to image. */
  readonly image: string | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Has a running server make the pictures, and brings them.
 * @throws CallFailed, RequestFailed
 */
export async function generateOnServer(
  request: ServerRequest,
): Promise<{ readonly pictures: readonly Buffer[]; readonly result: CompletedResult }> {
  const { url, key, body, image, onProgress } = request;
  const client = createClient({ baseUrl: url, key });
  // The server takes numbers as text and says what is wrong with them.
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  const fields = given as unknown as Bodies['sdxl-torch'];
  const { request_id: id } =
    image === undefined
      ? await client.submit('sdxl-torch', fields)
      : await client.upload(new Uint8Array(await readFile(image)), fields as Bodies['sdxl-img2img']);
  const result = await client.wait(id, {
    onEvent: (event) => {
      if (event.name === 'progress') onProgress(event.data);
    },
  });
  const pictures = [];
  for (const { url: address } of result.images)
    pictures.push(Buffer.from(await (await client.picture(address)).arrayBuffer()));
  return { pictures, result };
}
