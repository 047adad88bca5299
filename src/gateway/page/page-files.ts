import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { deserialize } from 'node:v8';
import { moduleFile } from '../../process/module-file.ts';

/** A file of the page, whole and compressed. */
export interface PreparedFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array;
  readonly br?: Uint8Array;
  readonly gzip?: Uint8Array;
}

export interface PreparedFiles {
  /** By their paths in src/playground, and packages by their names. */
  readonly files: ReadonlyMap<string, PreparedFile>;
  /** Changes with the content of any file. */
  readonly version: string;
}

/**
 * An import or re-export statement of a module, minified or not: what stands before the specifier, and this.
 */
export const importPattern = /((?:^|;)(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*)["']([^"']+)["']/gm;

let preparing: Promise<PreparedFiles> | undefined;

/** The page's files, prepared once in a process. @throws where a module of the page cannot be read. */
export function pageFiles(): Promise<PreparedFiles> {
  preparing ??= prepare();
  return preparing;
}

/** Larger than any page of ours. */
const mostBytes = 64 * 1024 * 1024;

/**
 * In a process of its own: what it takes to prepare (46 MB) goes with it, and it may use what Node still
 * calls experimental without a word of it.
 */
async function prepare(): Promise<PreparedFiles> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', moduleFile(import.meta.url, './prepare.ts')],
    { encoding: 'buffer', maxBuffer: mostBytes },
  );
  return deserialize(stdout) as PreparedFiles;
}
