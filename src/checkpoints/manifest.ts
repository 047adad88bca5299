import path from 'node:path';
import { isServedName, refinerName } from '../contract/served-names.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type ConfigReader, configReader } from './configs/config-reader.ts';
import { isJsonObject, type JsonObject, parseJsonObject, readJsonObject } from './json-file.ts';

/** The file of a model's folder that says what the folder holds and how it is served. */
export const manifestName = 'model.json';

export interface ManifestFile {
  /** Relative to the model's folder, inside it. */
  readonly path: string;
  /** Lower-case hexadecimal; undefined where nobody has vouched for the bytes. */
  readonly sha256: string | undefined;
  /** Where `pull` gets it. */
  readonly url: string | undefined;
}

export interface LoraUse {
  /** A .safetensors file of the model's folder. */
  readonly file: string;
  /** What the low-rank update is multiplied with; may be negative. */
  readonly weight: number;
}

/** `<models folder>/<name>/model.json`, every optional key filled in. */
export interface Manifest {
  readonly kind: 'base' | 'refiner';
  /**
   * Names requests reach the model by, see contract/served-names.ts. Absent: the folder's name.
   */
  readonly serves: readonly string[] | undefined;
  /** The weights: '.' for a folder with model_index.json, else a .safetensors file. */
  readonly checkpoint: string;
  readonly files: readonly ManifestFile[];
  /** Keys that replace those of the checkpoint's scheduler_config.json (prediction_type, ...). */
  readonly scheduler: Readonly<Record<string, unknown>>;
  /**
   * A VAE in place of the checkpoint's own: a .safetensors file, or a folder with config.json and weights.
   */
  readonly vae: string | undefined;
  /** A UNet in place of the checkpoint's own: a .safetensors file. */
  readonly unet?: string;
  readonly loras: readonly LoraUse[];
  /** How it is meant to be asked, as written; absent where nothing is said. Read by installation. */
  readonly profile?: JsonObject;
  /** That it was distilled to few steps, as written. Read by installation. */
  readonly fewStep?: unknown;
}

/** How the model is meant to be asked. */
const profileKeys = ['defaults', 'ranges'];
const keys = [
  ...['kind', 'serves', 'checkpoint', 'files', 'scheduler', 'vae', 'unet', 'loras', 'few_step'],
  ...profileKeys,
];
/** Weights and what belongs to them; formats that can carry code are not among them. */
const modelFile = /\.(safetensors|onnx|onnx_data|data|json|txt)$/;

/** Whether a file of this name may lie in a model's folder: no pickles. */
export function isModelFile(name: string): boolean {
  return modelFile.test(name);
}

/** @throws CheckpointError naming the file, the key and the value. */
export async function readManifest(file: string): Promise<Manifest> {
  return manifestOf(await readJsonObject(file), file);
}

/** @param file for messages. @throws CheckpointError as readManifest does. */
export function parseManifest(text: string, file: string): Manifest {
  return manifestOf(parseJsonObject(text, file), file);
}

function manifestOf(json: JsonObject, file: string): Manifest {
  const read = configReader(json, file);
  const stranger = Object.keys(json).find((key) => !keys.includes(key));
  if (stranger !== undefined) read.fail(stranger, `the keys of a manifest are ${keys.join(', ')}`);
  const checkpoint = json.checkpoint === undefined ? '.' : pathAt(read, 'checkpoint', json.checkpoint);
  if (checkpoint !== '.' && !checkpoint.endsWith('.safetensors'))
    read.fail('checkpoint', 'it must be "." or a .safetensors file of the folder');
  const files = objects(read, 'files', ['path', 'sha256', 'url']).map((entry) => fileOf(read, entry));
  const loras = objects(read, 'loras', ['file', 'weight']).map((entry) => loraOf(read, entry));
  refuseTwice(
    read,
    'files',
    files.map((entry) => entry.path),
  );
  refuseTwice(
    read,
    'loras',
    loras.map((entry) => entry.file),
  );
  return {
    kind: read.oneOf('kind', ['base', 'refiner']),
    serves: json.serves === undefined ? undefined : servedNames(read, json.serves),
    checkpoint,
    files,
    scheduler: schedulerOf(read, json.scheduler),
    vae: json.vae === undefined ? undefined : vaePath(read, json.vae),
    ...(json.unet !== undefined && { unet: unetPath(read, json.unet) }),
    loras,
    ...(json.few_step !== undefined && { fewStep: json.few_step }),
    ...(profileKeys.some((key) => json[key] !== undefined) && {
      profile: Object.fromEntries(profileKeys.map((key) => [key, json[key]])),
    }),
  };
}

/** Two entries for one file contradict each other, or would count twice. */
function refuseTwice(read: ConfigReader, key: string, paths: readonly string[]): void {
  const second = paths.find((file, index) => paths.indexOf(file) < index);
  if (second !== undefined) read.fail(key, `"${second}" occurs twice`);
}

function servedNames(read: ConfigReader, value: unknown): string[] {
  const isName = (name: unknown) => typeof name === 'string' && isServedName(name);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isName))
    return read.fail('serves', 'it must be an array of names made of letters, digits, ".", "_" and "-"');
  if (new Set(value).size < value.length) read.fail('serves', 'a name occurs twice');
  return value;
}

function fileOf(read: ConfigReader, entry: JsonObject): ManifestFile {
  const { sha256, url } = entry;
  const file = pathAt(read, 'files', entry.path);
  if (!isModelFile(file))
    read.fail('files', `"${file}" is neither safetensors nor ONNX nor a text file beside them`);
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)))
    read.fail('files', `sha256 of "${file}" must be 64 lower-case hexadecimal digits`);
  if (url !== undefined && !(typeof url === 'string' && isHttp(url)))
    read.fail('files', `url of "${file}" must be an http or https address`);
  return { path: file, sha256: sha256 as string | undefined, url: url as string | undefined };
}

function loraOf(read: ConfigReader, entry: JsonObject): LoraUse {
  const file = pathAt(read, 'loras', entry.file);
  if (!file.endsWith('.safetensors')) read.fail('loras', `"${file}" is no .safetensors file`);
  const weight = entry.weight === undefined ? 1 : entry.weight;
  if (typeof weight !== 'number' || !Number.isFinite(weight))
    return read.fail('loras', `weight of "${file}" must be a number`);
  return { file, weight };
}

function schedulerOf(read: ConfigReader, value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  return isJsonObject(value) ? value : read.fail('scheduler', 'it must be an object');
}

/**
 * One VAE or UNet may serve several models, so its path may lead into a neighbouring folder, but not out of
 * the models folder.
 */
function vaePath(read: ConfigReader, value: unknown): string {
  const neighbour = typeof value === 'string' && /^\.\.\/(.+)$/.exec(value)?.[1];
  return neighbour ? `../${pathAt(read, 'vae', neighbour)}` : pathAt(read, 'vae', value);
}

function unetPath(read: ConfigReader, value: unknown): string {
  const file = vaePath(read, value);
  return file.endsWith('.safetensors') ? file : read.fail('unet', 'it must be a .safetensors file');
}

function pathAt(read: ConfigReader, key: string, value: unknown): string {
  const isInside =
    typeof value === 'string' &&
    value !== '' &&
    !/[\\\0]/.test(value) &&
    !path.posix.isAbsolute(value) &&
    !value.split('/').includes('..');
  return isInside
    ? path.posix.normalize(value).replace(/(?<=.)\/$/, '')
    : read.fail(key, `${JSON.stringify(value) ?? 'an absent path'} is no path inside the model's folder`);
}

function objects(read: ConfigReader, key: string, known: readonly string[]): JsonObject[] {
  const value = read.raw(key) ?? [];
  const isEntry = (entry: unknown) =>
    isJsonObject(entry) && Object.keys(entry).every((name) => known.includes(name));
  return Array.isArray(value) && value.every(isEntry)
    ? value
    : read.fail(key, `it must be an array of objects with ${known.join(', ')}`);
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/**
 * The names a model answers to.
 * @param name its folder's.
 * @throws CheckpointError where kind and name contradict.
 */
export function requireServable({ kind, serves }: Manifest, name: string, file: string): readonly string[] {
  const names = serves ?? [name];
  const wrong = names.find((served) => (served === refinerName) !== (kind === 'refiner'));
  if (wrong !== undefined)
    throw new CheckpointError(
      kind === 'refiner'
        ? `${file}: kind is "refiner", which serves "${refinerName}" and not "${wrong}"`
        : `${file}: kind is "base", which cannot serve "${refinerName}"`,
    );
  return names;
}
