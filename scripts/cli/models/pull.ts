import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  isModelFile,
  type LoraUse,
  type ManifestFile,
  manifestName,
  parseManifest,
} from '../../../src/checkpoints/manifest.ts';
import { readSafetensorsHeader } from '../../../src/checkpoints/safetensors/safetensors.ts';
import { isServedName, refinerName } from '../../../src/contract/served-names.ts';
import { openLocation } from '../../../src/installation/open-model.ts';
import { ownCommand } from '../../../src/process/own-command.ts';
import { makeFolder } from '../../../src/process/usable-path.ts';
import { type DownloadOptions, download } from '../download/download.ts';
import type { OnBytes } from '../download/progress.ts';

export interface PullOptions extends Pick<DownloadOptions, 'authorization' | 'retryDelayMs' | 'freeBytes'> {
  readonly modelsDir: string;
  readonly name: string;
  /** Files of the checkpoint; none: those of the manifest that are not there yet. */
  readonly urls: readonly string[];
  /** Of the only url. */
  readonly sha256?: string | undefined;
  readonly vae?: string | undefined;
  readonly loras?: readonly { readonly url: string; readonly weight: number }[];
  readonly serves?: readonly string[] | undefined;
  /** A progress report for each file. */
  readonly onFile?: (file: string) => OnBytes;
  /** Told what became of each file. */
  readonly onDone?: (line: string) => void;
}

/** The manifest as it is written. */
type ManifestText = Record<string, unknown> & { files?: { path: string; sha256?: string; url?: string }[] };

/**
 * Downloads a model into `<modelsDir>/<name>/`, checks each file's hash and header, and writes or extends its
 * manifest.
 * @throws Error naming url, file and reason; what has come so far stays for the next try.
 */
export async function pull(options: PullOptions): Promise<void> {
  const { modelsDir, name, urls, sha256, vae, loras = [], serves } = options;
  if (!isServedName(name))
    throw new Error(`${JSON.stringify(name)} is no name for a model: letters, digits, ".", "_" and "-"`);
  const directory = path.join(modelsDir, name);
  const manifestFile = path.join(directory, manifestName);
  const text: ManifestText | undefined = await readFile(manifestFile, 'utf8').then(
    JSON.parse,
    () => undefined,
  );
  const known = text === undefined ? undefined : parseManifest(JSON.stringify(text), manifestFile);
  const isRefresh = urls.length === 0 && vae === undefined && loras.length === 0;
  const wanted: ManifestFile[] = isRefresh
    ? (known?.files ?? []).filter(({ url }) => url !== undefined)
    : [...urls, ...(vae === undefined ? [] : [vae]), ...loras.map(({ url }) => url)].map((url) => ({
        path: pathOf(url),
        url,
        sha256: sha256 ?? known?.files.find((file) => file.url === url)?.sha256,
      }));
  if (isRefresh && wanted.length === 0)
    throw new Error(`${manifestFile}: no file has a url; name one: ${ownCommand(`models pull ${name} URL`)}`);
  if (sha256 !== undefined && wanted.length !== 1)
    throw new Error(`--sha256 is the hash of one file, but ${wanted.length} are to be pulled`);

  makeFolder('MODELS_DIR', directory);
  const files = new Map((text?.files ?? []).map((file) => [file.path, file]));
  for (const file of wanted) {
    const digest = await pullFile(options, path.join(directory, file.path), file);
    if (digest !== undefined) files.set(file.path, { path: file.path, sha256: digest, url: file.url! });
  }
  if (isRefresh) return;
  const checkpoint = known?.checkpoint ?? checkpointOf(urls.map(pathOf), directory);
  const next: ManifestText = {
    kind: text?.kind ?? (await kindOf(path.join(directory, checkpoint))),
    ...text,
    ...(checkpoint === '.' ? {} : { checkpoint }),
    ...(serves !== undefined && { serves }),
    files: [...files.values()],
    ...(vae !== undefined && { vae: pathOf(vae) }),
    ...(loras.length > 0 && { loras: withLoras(known?.loras ?? [], loras) }),
  };
  if (next.kind === 'refiner' && next.serves === undefined) next.serves = [refinerName];
  const written = `${JSON.stringify(next, null, 2)}\n`;
  parseManifest(written, manifestFile);
  await writeFile(`${manifestFile}.new`, written);
  await rename(`${manifestFile}.new`, manifestFile);
}

/** A LoRA pulled again gets its new weight. */
function withLoras(known: readonly LoraUse[], pulled: NonNullable<PullOptions['loras']>): LoraUse[] {
  const fresh = pulled.map(({ url, weight }): LoraUse => ({ file: pathOf(url), weight }));
  return [...known.filter(({ file }) => fresh.every((lora) => lora.file !== file)), ...fresh];
}

/**
 * The file's path in its repository: what follows /resolve/<revision>/; elsewhere the last part of the
 * address.
 */
export function pathOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error(`${url}: not an http or https address`);
  const place = decodeURIComponent(new URL(url).pathname);
  const file = /\/resolve\/[^/]+\/(.+)$/.exec(place)?.[1] ?? path.posix.basename(place);
  if (!isModelFile(file))
    throw new Error(
      `${url}: ${JSON.stringify(file)} is neither .safetensors nor .onnx nor a text file beside them; Python pickles (.ckpt, .pt, .bin) can run code and are refused`,
    );
  if (path.posix.isAbsolute(file) || file.split('/').some((part) => part === '..' || part.startsWith('.')))
    throw new Error(`${url}: ${JSON.stringify(file)} would lie outside the model's folder`);
  return file;
}

/** @returns the hash of what was fetched, undefined where the file was there. */
async function pullFile(
  { authorization, retryDelayMs, freeBytes, onFile, onDone }: PullOptions,
  file: string,
  { path: name, url, sha256 }: ManifestFile,
): Promise<string | undefined> {
  if (await stat(file).catch(() => undefined)) {
    onDone?.(`${name}: already there`);
    return undefined;
  }
  const done = await download({
    url: url!,
    file,
    sha256,
    authorization,
    ...(onFile && { onBytes: onFile(name) }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
    ...(freeBytes && { freeBytes }),
  });
  if (file.endsWith('.safetensors')) await refuseByContent(file);
  const voucher = { caller: 'as given', server: 'as the server says', none: 'nobody vouched for it' };
  onDone?.(`${name}: sha256 ${done.sha256} (${voucher[done.vouchedBy ?? 'none']})`);
  return done.sha256;
}

/** A file that only claims to be safetensors does not stay under that name. */
async function refuseByContent(file: string): Promise<void> {
  try {
    await readSafetensorsHeader(file);
  } catch (error) {
    await rename(file, `${file}.refused`);
    throw error;
  }
}

function checkpointOf(files: readonly string[], directory: string): string {
  if (files.includes('model_index.json')) return '.';
  const weights = files.filter((file) => file.endsWith('.safetensors'));
  if (weights.length === 1) return weights[0]!;
  throw new Error(
    `${directory}: ${weights.length} .safetensors files and no model_index.json: which one is the checkpoint? Name one, or all files of a diffusers folder`,
  );
}

async function kindOf(checkpoint: string): Promise<'base' | 'refiner'> {
  return (await openLocation(checkpoint)).requiresAestheticsScore ? 'refiner' : 'base';
}
