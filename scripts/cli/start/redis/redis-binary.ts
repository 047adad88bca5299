/** A Redis or Valkey server that can be started here. */
export interface RedisBinary {
  /** Absolute. */
  readonly command: string;
  /** LD_LIBRARY_PATH it needs; undefined for an installed one. */
  readonly libraryPath: string | undefined;
}
