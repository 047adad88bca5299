/**
 * A checkpoint that cannot be served; the message names the file and, where there is one, the tensor or
 * config key.
 */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}
