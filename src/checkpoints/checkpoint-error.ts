/** Longer messages lose their middle: a header may hold a name of megabytes. */
const longestMessage = 2000;

/**
 * A checkpoint that cannot be served; the message names the file and, where there is one, the tensor or
 * config key.
 */
export class CheckpointError extends Error {
  override name = 'CheckpointError';

  constructor(message: string, options?: ErrorOptions) {
    const half = longestMessage / 2;
    super(
      message.length <= longestMessage ? message : `${message.slice(0, half)} ... ${message.slice(-half)}`,
      options,
    );
  }
}
