import type { ClipTextConfig } from './configs/clip-text-config.ts';
import type { UnetConfig } from './configs/unet-config.ts';
import type { VaeConfig } from './configs/vae-config.ts';

/** Element types of published weights. */
export type Dtype = 'F32' | 'F16' | 'BF16';

/** Where one tensor's bytes lie: little-endian, row-major, `byteLength` bytes from `byteOffset` of `file`. */
export interface TensorLocation {
  /** Absolute path with symbolic links resolved. */
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The bytes hold the matrix the other way round: row-major as [shape[1], shape[0]]. */
  readonly transposed?: true;
  /**
   * The tensor is another one with products added, which lies in no file as such: whoever knows nothing of
   * that reads beyond the end of one, and fails.
   */
  readonly pending?: PendingProducts;
}

/** A tensor [outputs, ...inputs] and products [outputs, rank] x [rank, ...inputs] to be added to it. */
export interface PendingProducts {
  readonly onto: TensorLocation;
  readonly products: readonly {
    readonly up: TensorLocation;
    readonly down: TensorLocation;
    readonly scale: number;
  }[];
  /** Name, size and time of the products' files when their headers were read. */
  readonly files: readonly (readonly (string | number)[])[];
}

/** One network of a checkpoint: its config and its tensors by published key name. */
export interface Component<Config> {
  /** Folder name in the checkpoint: unet, vae, text_encoder, text_encoder_2. */
  readonly name: string;
  /** Where the component lies, for messages: its directory, or the one file that holds it. */
  readonly directory: string;
  /** File that its config was read from: config.json, or the weights themselves. */
  readonly configFile: string;
  /** Class named by model_index.json, for example CLIPTextModelWithProjection. */
  readonly className: string;
  readonly config: Config;
  readonly tensors: ReadonlyMap<string, TensorLocation>;
  /** `__metadata__` of the file that holds it, or of the first of its files. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Copies of convolution weights as [out, height, width, in], by the names of their originals, where a
   * prepared folder holds them.
   */
  readonly channelsLast?: ReadonlyMap<string, TensorLocation>;
}

/** A whole checkpoint on disk, a diffusers folder or a single file, nothing but headers and configs read. */
export interface Checkpoint {
  /** Name of the checkpoint's directory, or of its file without extension. */
  readonly name: string;
  /** The directory or the file. */
  readonly directory: string;
  readonly unet: Component<UnetConfig>;
  readonly vae: Component<VaeConfig>;
  /** In the order of their hidden states: text_encoder (absent for the refiner), text_encoder_2. */
  readonly textEncoders: readonly Component<ClipTextConfig>[];
  /** Parallel to textEncoders; undefined where the checkpoint ships no tokenizer for it. */
  readonly tokenizerDirectories: readonly (string | undefined)[];
  /** As in scheduler/scheduler_config.json. */
  readonly scheduler: Readonly<Record<string, unknown>>;
  /** As in model_index.json: an empty negative prompt is zeros instead of an encoded empty text. */
  readonly forceZerosForEmptyPrompt: boolean;
  /**
   * As in model_index.json: the time ids end in an aesthetic score (refiner, 5 ids) instead of a target size
   * (base, 6 ids).
   */
  readonly requiresAestheticsScore: boolean;
}
