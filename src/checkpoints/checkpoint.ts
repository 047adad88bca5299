/** Element types of published weights. */
export type Dtype = 'F32' | 'F16' | 'BF16';

/** Where one tensor's bytes lie: little-endian, row-major, `byteLength` bytes from `byteOffset` of `file`. */
export interface TensorLocation {
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** One network of a checkpoint: its config.json (as published, unknown keys kept) and its tensors by published key name. */
export interface Component<Config> {
  readonly name: string;
  /** Directory of the component on disk. */
  readonly directory: string;
  readonly config: Config;
  readonly tensors: ReadonlyMap<string, TensorLocation>;
}
