import { type Balance, readBalance } from '../../jobs/keys/credits.ts';
import type { Producer } from '../../jobs/producer.ts';

/** What the answer to a waiting call needs beside its record, read at the same time as that. */
export interface ReadAhead extends Pick<Producer, 'readOutput'> {
  /** Begins to read, as soon as the first picture's path is heard. */
  begin(path: string): void;
  balance(): Promise<Balance>;
}

/**
 * What was begun is given once, whether it succeeded or failed; after that, and of the rest, it is read anew.
 */
export function createReadAhead(producer: Pick<Producer, 'redis' | 'readOutput'>, owner: string): ReadAhead {
  const begun: {
    balance?: Promise<Balance> | undefined;
    picture?: { readonly path: string; readonly read: ReturnType<Producer['readOutput']> } | undefined;
  } = {};
  return {
    begin: (path) => {
      begun.balance = readBalance(producer.redis, owner);
      begun.picture = { path, read: producer.readOutput(path) };
      // Told to who asks for them, if anybody does.
      for (const read of [begun.balance, begun.picture.read]) read.catch(() => undefined);
    },
    balance: () => {
      const { balance = readBalance(producer.redis, owner) } = begun;
      begun.balance = undefined;
      return balance;
    },
    readOutput: (path) => {
      const { picture } = begun;
      if (picture?.path !== path) return producer.readOutput(path);
      begun.picture = undefined;
      return picture.read;
    },
  };
}
