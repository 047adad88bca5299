import type { AdapterReader } from '../../src/installation/adapter-folder.ts';
import { JobError } from '../../src/jobs/job-error.ts';

/** What a request names of the files beside the models. */
export type AdapterField = 'loras' | 'embedding';

/**
 * The file that a request names.
 * @throws JobError saying that it is not on this worker, which another may have, or why it cannot be used.
 */
export async function adapterFile(folder: AdapterReader, name: string, field: AdapterField): Promise<string> {
  const found = await folder.find(name);
  if (found === undefined)
    throw new JobError(`${field}: ${name} is not installed on this worker`, { retryable: true });
  if ('reason' in found) throw new JobError(`${field}: ${found.reason}`, { retryable: false });
  return found.file;
}
