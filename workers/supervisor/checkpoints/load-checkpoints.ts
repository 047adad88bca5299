import type { SerializedError } from '../../../src/process/serialize-error.ts';
import type { FromEngine } from '../../protocol.ts';
import type { EngineChannel } from '../engines/engine-channel.ts';
import type { Expectation, SilenceLimits } from '../engines/silence-limits.ts';

/** An engine has not loaded its checkpoints; the message is for the operator. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
  /** The checkpoint it was at; undefined where it did not come to any. */
  readonly checkpoint: string | undefined;

  constructor(message: string, checkpoint: string | undefined, cause: SerializedError | undefined) {
    super(message, { cause });
    this.checkpoint = checkpoint;
  }
}

type Loaded = FromEngine & { type: 'loaded' };

/**
 * Follows an engine that was told to load until it has.
 * @param isUp whether its process has loaded something before, and so answers at once.
 * @throws LoadError once the engine has ended, or does not even end.
 */
export function loadCheckpoints(
  channel: EngineChannel,
  limits: SilenceLimits,
  isUp: boolean,
): Promise<Loaded> {
  let refusal: (FromEngine & { type: 'refused' }) | undefined;
  let checkpoint: string | undefined;
  /** Several may be loaded at the same time. */
  const heardOf = new Map<string, { readonly work: Expectation; at: number }>();
  // Its start is no work of a kind that was heard of before.
  const start = isUp ? undefined : limits.ofLoad('');
  return new Promise((resolve, reject) => {
    let leave = (): void => undefined;
    const onMessage = (message: FromEngine): void => {
      if (message.type === 'loading') {
        checkpoint = message.checkpoint;
        const now = performance.now();
        const known = heardOf.get(checkpoint);
        known?.work.learn(now - known.at);
        heardOf.set(checkpoint, { work: known?.work ?? limits.ofLoad(checkpoint), at: now });
        channel.expect(longestOf([...heardOf.values()].map(({ work }) => work)));
      } else if (message.type === 'refused') {
        // It ends by itself; not where the device's driver holds it up.
        refusal = message;
        channel.kill();
        channel.expect(undefined);
      } else if (message.type === 'loaded') {
        leave();
        resolve(message);
      }
    };
    const onLost = (how: string): void => {
      leave();
      const message = refusal?.message ?? `the engine ended (${how}) while it loaded its checkpoints`;
      reject(new LoadError(message, checkpoint, refusal?.error));
    };
    channel.expect(start);
    leave = channel.hear({ onMessage, onLost });
  });
}

/** Any of them may be the next that is heard of. */
function longestOf(works: readonly Expectation[]): Pick<Expectation, 'limitMs'> {
  return { limitMs: () => Math.max(...works.map((work) => work.limitMs())) };
}
