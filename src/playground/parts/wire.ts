import type { Components } from '../../client/schemas.ts';

/**
 * Bodies of the HTTP API as the page reads and writes them; the server's own declarations are in
 * src/contract.
 */

/** Where the page submits. `sdxl1.0-txt2img` is `sdxl-torch` with a choice of sizes. */
export type Slug = 'sdxl-torch' | 'sdxl1.0-txt2img' | 'sdxl-img2img';

export type FieldValue = string | number | boolean;
export type Body = Readonly<Record<string, FieldValue | readonly LoraChoice[]>>;

/** A LoRA of a request. */
export interface LoraChoice {
  readonly name: string;
  /** 1 as trained. */
  readonly weight: number;
}

export type Model = Components['schemas']['OpenAiModel'];
export type Adapters = Components['schemas']['Adapters'];
export type Samplers = Components['schemas']['Samplers'];

/** A field as JSON Schema says it. */
export interface FieldSchema {
  readonly type?: string;
  readonly default?: FieldValue;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
}

/** What a checkpoint of limited knowledge knows. */
export interface KnownWords {
  readonly model: string;
  readonly serves: readonly string[];
  readonly name: string;
  readonly note: string;
  readonly words: readonly string[];
  readonly examples: readonly string[];
}

/** `GET /v1/capabilities`. */
export interface Capabilities {
  readonly version: string;
  readonly authentication: boolean;
  readonly fields: Readonly<Record<Slug, Readonly<Record<string, FieldSchema>>>>;
  readonly styles: readonly string[];
  readonly cacheable_schedulers: Readonly<Record<string, readonly string[]>>;
  readonly refiner: boolean;
  readonly base_models: readonly string[];
  readonly known_words: readonly KnownWords[];
  readonly workers: readonly { readonly device: string; readonly busy: boolean }[];
  readonly waiting: number;
  readonly image_bytes: number;
  readonly lab_report: boolean;
}

/** Everything that a request may name on this server. */
export interface Offered extends Capabilities {
  readonly models: readonly Model[];
  readonly loras: Adapters;
  readonly embeddings: Adapters;
  readonly samplers: Samplers;
}

/** `POST /v1/tokenize`. */
export interface Tokenized {
  /** Tokens of content in each chunk of 75, by field. */
  readonly prompt: readonly number[];
  readonly negative_prompt: readonly number[];
  readonly chunk_length: number;
  readonly warnings: readonly string[];
}

export interface OutputImage {
  readonly url: string;
  readonly content_type: string;
  readonly file_name: string;
}

/** The result of a COMPLETED request. */
export interface Result {
  readonly images: readonly OutputImage[];
  readonly seed: string;
  readonly prompt: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly determinism?: Determinism;
  readonly warnings?: readonly string[];
}

export interface Determinism {
  readonly checkpoints: readonly {
    readonly name: string;
    readonly weights: Readonly<Record<string, string | null>>;
  }[];
  readonly device: string;
  readonly runtime: string;
  readonly precision: string;
  readonly scheduler: string;
  readonly rng: string;
  readonly images: readonly { readonly seed: number; readonly latent_sha256: string }[];
}

/** Step k of n of a running sample. */
export interface Progress {
  readonly sample: number;
  readonly samples: number;
  readonly step: number;
  readonly steps: number;
}
