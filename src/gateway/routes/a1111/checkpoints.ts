import { checkpointName } from '../../../contract/a1111/translate.ts';
import type { Endpoint } from '../../../contract/endpoints.ts';
import { ApiError } from '../../../contract/errors.ts';
import { baseName, refinerName } from '../../../contract/served-names.ts';
import { show } from '../../../contract/show.ts';
import { readChosenCheckpoint } from '../../../jobs/records/iterated-calls.ts';
import type { Gateway } from '../../gateway.ts';
import type { WorkerList } from '../../submit/worker-list.ts';

/** What A1111's clients call `sd_model_checkpoint`. */
export interface Checkpoints {
  /** Names that workers serve, the base of text to image first. */
  served(): Promise<string[]>;
  /** The served name behind a client's. @throws ApiError with the served ones. */
  find(title: string): Promise<string>;
  /** What an owner works with: its own choice, or the first that is served. */
  current(owner: string): Promise<string | undefined>;
  /** Our fields for it. @param asked by this request, over what its owner has set. */
  fieldsFor(endpoint: Endpoint, owner: string, asked: string | undefined): Promise<object>;
}

/** The published default of image to image. */
const usualBaseModel = 'juggernaut';

export function createCheckpoints({ producer }: Gateway, workers: WorkerList): Checkpoints {
  const served = async (): Promise<string[]> => {
    const known = await workers.expected();
    const names = known.flatMap(({ endpoints, baseModels, refiner }) => [
      ...(endpoints.includes('sdxl-torch') ? [baseName] : []),
      ...baseModels,
      ...(refiner ? [refinerName] : []),
    ]);
    return [...new Set(names)].sort((a, b) => Number(b === baseName) - Number(a === baseName));
  };
  const find = async (title: string): Promise<string> => {
    const name = checkpointName(title);
    const names = await served();
    const found = names.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found !== undefined && found !== refinerName) return found;
    throw new ApiError(
      'invalidParameter',
      `sd_model_checkpoint: model ${show(title)} not found; served: ${names.join(', ') || 'none'}`,
    );
  };
  const chosen = async (owner: string): Promise<string | undefined> => {
    const choice = await readChosenCheckpoint(producer.redis, owner);
    // What is no longer served was chosen for nothing.
    return choice !== undefined && (await served()).includes(choice) ? choice : undefined;
  };
  return {
    served,
    find,
    current: async (owner) => (await chosen(owner)) ?? (await served())[0],
    fieldsFor: async (endpoint, owner, asked) => {
      const name = asked === undefined ? await chosen(owner) : await find(asked);
      if (endpoint === 'sdxl-torch') return name === undefined || name === baseName ? {} : { model: name };
      // Clients send back what GET options told them, which is the base of text to image where none is
      // chosen.
      if (name !== undefined && name !== baseName) return { base_model: name };
      const bases = (await served()).filter((each) => each !== baseName && each !== refinerName);
      return { base_model: bases.includes(usualBaseModel) ? usualBaseModel : (bases[0] ?? usualBaseModel) };
    },
  };
}
