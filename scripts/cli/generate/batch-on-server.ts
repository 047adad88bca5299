import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BatchResult } from '../../../src/client/batches.ts';
import { type Client, createClient } from '../../../src/client/client.ts';

export interface ServerBatch {
  /** Where the server is, without /v1. */
  readonly url: string;
  readonly key: string | undefined;
  /** File of JSON lines, each the body of a submit. */
  readonly lines: string;
  /** Where the pictures go. */
  readonly folder: string;
  /** Ends the rest. */
  readonly signal: AbortSignal;
  readonly onProgress: (ended: number, total: number) => void;
  readonly say: (line: string) => void;
}

/**
 * Has a running server make the pictures of a file of JSON lines, and writes each as soon as it is there.
 * @returns how many lines came to nothing.
 * @throws CallFailed naming the wrong lines, of which none is taken then.
 */
export async function batchOnServer(batch: ServerBatch): Promise<number> {
  const { url, key, signal, say } = batch;
  const client = createClient({ baseUrl: url, key });
  // The server says what is wrong with the lines, by their numbers.
  const { batch_id: id, total } = await client.batches.submit(await readFile(batch.lines, 'utf8'));
  const cancel = (): void => void client.batches.cancel(id).catch(() => undefined);
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  let failures = 0;
  try {
    const onState = ({ counts: { completed, failed, cancelled } }: { counts: Record<string, number> }) =>
      batch.onProgress(completed! + failed! + cancelled!, total);
    for await (const result of client.batches.follow(id, { onState })) {
      if (result.status === 'COMPLETED')
        for (const file of await written(client, batch.folder, result)) say(file);
      else {
        failures += 1;
        say(`line ${result.line}: ${result.error ?? 'cancelled'}`);
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  return failures;
}

async function written(
  client: Client,
  folder: string,
  { line, custom_id: name, result }: BatchResult,
): Promise<string[]> {
  const files = [];
  for (const [index, { url, file_name }] of (result?.images ?? []).entries()) {
    const stem = [String(line).padStart(4, '0'), ...(name === null ? [] : [safe(name)]), index].join('-');
    const file = path.join(folder, `${stem}${path.extname(file_name)}`);
    await writeFile(file, Buffer.from(await (await client.picture(url)).arrayBuffer()));
    files.push(file);
  }
  return files;
}

/** As part of a file's name. */
function safe(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '_');
}
