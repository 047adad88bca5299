import path from 'node:path';
import { openCheckpoint } from '../../../../src/checkpoints/open-checkpoint.ts';
import { knownWordsName, readKnownWords } from '../../../../src/installation/known-words.ts';
import { vaeGeometry } from '../../../../src/networks/networks.ts';
import { unknownWords } from '../../../../src/text/unknown-words.ts';
import { shippedModels } from '../demo-models.ts';

/** First prompts of people, from the likeliest on; the last is nothing. */
const firstThings = ['cat', 'dragon', 'knight', 'samurai', 'zeppelin', 'snark'];

export interface ShippedKnowledge {
  /** What people call it. */
  readonly name: string;
  readonly note: string;
  /** Prompts that it draws well, in its own words. */
  readonly examples: readonly string[];
  /** A thing that it has never seen. */
  readonly stranger: string;
  /** Whether it has seen every word of a prompt. */
  knows(prompt: string): boolean;
  /** Pixels of a latent's side. */
  readonly vaeFactor: number;
}

/**
 * What the checkpoint that ships says of itself, whichever it is.
 * @throws Error where it knows everything.
 */
export async function shippedKnowledge(): Promise<ShippedKnowledge> {
  const folder = path.join(shippedModels, 'demo-base');
  const { name, note, words, examples } = await readKnownWords(path.join(folder, knownWordsName));
  const known = new Set(words);
  const knows = (prompt: string): boolean => unknownWords(prompt, known).length === 0;
  const stranger = firstThings.find((word) => !knows(word));
  if (stranger === undefined) throw new Error(`${shippedModels} knows all of ${firstThings.join(', ')}`);
  const { vae } = await openCheckpoint(folder);
  return { name, note, examples, stranger, knows, vaeFactor: vaeGeometry(vae.config).factor };
}
