import { withWarnings } from '../../contract/answers/warnings.ts';
import type { GenerationRequest } from '../../contract/generation.ts';
import { show } from '../../contract/show.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { embeddingNames, embeddingsIn, type PromptEmbedding } from '../../text/embedding-names.ts';
import { type Prompts, styledFields } from './prompt-check.ts';
import { type WorkerList, workersOf } from './worker-list.ts';

/** What the prompts of a request name of the embeddings that some workers have, and what is to be told. */
export interface NamedEmbeddings {
  readonly embeddings: readonly PromptEmbedding[];
  readonly warnings: readonly string[];
}

/**
 * The embeddings that prompts name, inside their style. A word that is a damaged one's name stays a word, and
 * that is told.
 * @param workers that may work on the request.
 */
export function embeddingsNamed(prompts: Prompts, workers: readonly WorkerInfo[]): NamedEmbeddings {
  const folders = workers.flatMap(({ embeddings }) => (embeddings === undefined ? [] : [embeddings]));
  const usable = new Map(
    folders.flatMap((folder) =>
      folder.usable.map(({ name, tokens = 1 }) => [name, { name, tokens }] as const),
    ),
  );
  const broken = new Map(
    folders.flatMap(({ broken }) => broken.map(({ name, reason }) => [name, reason] as const)),
  );
  for (const name of usable.keys()) broken.delete(name);
  const texts = usable.size + broken.size === 0 ? [] : styledFields(prompts);
  const names = embeddingNames([...usable.values()]);
  const damaged = embeddingNames([...broken.keys()].map((name) => ({ name, tokens: 1 })));
  return {
    embeddings: [...new Set(texts.flatMap(([, text]) => embeddingsIn(text, names)))],
    warnings: texts.flatMap(([field, text]) =>
      embeddingsIn(text, damaged).map(
        ({ name }) =>
          `${field}: the embedding ${show(name)} cannot be used, so it is a word: ${broken.get(name)}`,
      ),
    ),
  };
}

type Described = Prompts & Pick<GenerationRequest, 'warnings'>;

/** The request with the embeddings that its prompts name. @param served name of its checkpoint. */
export async function withNamedEmbeddings<Request extends Described>(
  request: Request,
  served: string,
  { expected }: Pick<WorkerList, 'expected'>,
): Promise<Request> {
  // Where none is left the request is refused for that, further on.
  const workers = await expected().catch(() => []);
  const { embeddings, warnings } = embeddingsNamed(request, workersOf(served, workers));
  const named = embeddings.length === 0 ? request : { ...request, embeddings };
  return withWarnings(named, warnings);
}
