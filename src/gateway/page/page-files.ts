import { Worker } from 'node:worker_threads';

/** A file of the page, whole and compressed. */
export interface PreparedFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array;
  readonly br?: Uint8Array;
  readonly gzip?: Uint8Array;
}

export interface PreparedFiles {
  readonly files: ReadonlyMap<string, PreparedFile>;
  /** Changes with the content of any file. */
  readonly version: string;
}

/** An import or re-export statement of a module, minified or not: what stands before the specifier, and this. */
export const importPattern = /((?:^|;)(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*)["']([^"']+)["']/gm;

let preparing: Promise<PreparedFiles> | undefined;

/** The page's files, prepared once in a process. @throws where a module of the page cannot be read. */
export function pageFiles(): Promise<PreparedFiles> {
  preparing ??= prepare();
  return preparing;
}

/** In a thread, whose memory goes with it, and which may use what Node still calls experimental without a word of it. */
function prepare(): Promise<PreparedFiles> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('prepare.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}
