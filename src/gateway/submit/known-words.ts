import type { GenerationRequest } from '../../contract/generation.ts';
import type { KnownWords, ServedKnownWords } from '../../contract/known-words.ts';
import { baseName } from '../../contract/served-names.ts';
import { show } from '../../contract/show.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { unknownWords } from '../../text/unknown-words.ts';

/** Parts of a request that say what its picture shows. */
export type Described = Pick<GenerationRequest, 'prompt' | 'negativePrompt' | 'embeddings'> & {
  readonly style?: string;
};

/** A sentence does not grow with the prompt. */
const mostWords = 6;

/** What the checkpoint behind a request knows; undefined where a worker would use one that is not limited. */
function knownWordsOf(served: string, workers: readonly WorkerInfo[]): ServedKnownWords | undefined {
  const serving = workers.filter((info) =>
    served === baseName ? info.endpoints.includes('sdxl-torch') : info.baseModels.includes(served),
  );
  const known = serving.map((info) => info.knownWords?.find(({ serves }) => serves.includes(served)));
  return known.every((each) => each !== undefined) ? known[0] : undefined;
}

/**
 * What is asked of a checkpoint that it has never seen, as warnings; none for checkpoints that know the
 * world.
 * @param model served name; undefined for text to image with the published one.
 */
export function unknownWordWarnings(
  model: string | undefined,
  described: Described,
  workers: readonly WorkerInfo[],
): string[] {
  const known = knownWordsOf(model ?? baseName, workers);
  return known === undefined ? [] : warningsFor(known, described);
}

/** The warnings that a checkpoint of these words gives. */
export function warningsFor(known: KnownWords, described: Described): string[] {
  const { name, note } = known;
  const named = (described.embeddings ?? []).flatMap((each) => unknownWords(each.name, new Set()));
  const words = new Set([...known.words, ...named]);
  const warnings: string[] = [];
  for (const [field, text] of [
    ['prompt', described.prompt],
    ['negative_prompt', described.negativePrompt],
  ] as const) {
    const unknown = unknownWords(text, words);
    if (unknown.length > 0) warnings.push(`${field}: ${name} has never seen ${listed(unknown)}; ${note}`);
  }
  const { style = 'base' } = described;
  if (style !== 'base')
    warnings.push(`style: ${name} has never seen what ${show(style)} adds to a prompt; ${note}`);
  return warnings;
}

function listed(words: readonly string[]): string {
  const shown = words.slice(0, mostWords).map(show).join(', ');
  const left = words.length - mostWords;
  return left > 0 ? `${shown} and ${left} other ${left === 1 ? 'word' : 'words'}` : shown;
}
