import path from 'node:path';
import { knownWordsName, readKnownWords } from '../../../../src/installation/known-words.ts';
import { shippedModels } from '../demo-models.ts';

/** First prompts of people, from the likeliest on. */
const firstThings = ['cat', 'dragon', 'knight', 'samurai', 'zeppelin'];

/** What the checkpoint that ships says of itself, whichever it is, and a thing that it has never seen. */
export async function shippedKnowledge(): Promise<{ note: string; stranger: string }> {
  const { note, words } = await readKnownWords(path.join(shippedModels, 'demo-base', knownWordsName));
  const stranger = firstThings.find((word) => !words.includes(word));
  if (stranger === undefined) throw new Error(`${shippedModels} knows all of ${firstThings.join(', ')}`);
  return { note, stranger };
}
