import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packageFolder } from '../../process/package-folder.ts';

/** A file of the documentation page. */
export interface Asset {
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Compressed once, when it is first asked for. */
  gzipped(): Promise<Buffer>;
}

const upstream = (name: string) => path.join(packageFolder('swagger-ui-dist'), name);
const sources = {
  'swagger-ui.css': ['text/css; charset=utf-8', upstream('swagger-ui.css')],
  'swagger-ui-bundle.js': ['text/javascript; charset=utf-8', upstream('swagger-ui-bundle.js')],
  'favicon-32x32.png': ['image/png', upstream('favicon-32x32.png')],
  'start.js': ['text/javascript; charset=utf-8', new URL('start.js', import.meta.url)],
} as const;

/** The page's files by name, and a word that changes with their content. */
export function readAssets(): { readonly assets: ReadonlyMap<string, Asset>; readonly version: string } {
  const hash = createHash('sha256');
  const assets = new Map<string, Asset>();
  for (const [name, [contentType, url]] of Object.entries(sources)) {
    const bytes = readFileSync(url);
    hash.update(bytes);
    let compressed: Promise<Buffer> | undefined;
    const gzipped = () => {
      compressed ??= promisify(gzip)(bytes);
      return compressed;
    };
    assets.set(name, { contentType, bytes, gzipped });
  }
  return { assets, version: hash.digest('hex').slice(0, 16) };
}
