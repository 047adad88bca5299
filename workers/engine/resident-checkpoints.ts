import type { ServedModel } from '../../src/contract/model-profile.ts';
import type { LoadedModels } from '../../src/installation/load-models.ts';
import { openInTurn, openTogether } from '../../src/networks/runtime/open-all.ts';
import type { Models } from '../../src/pipelines/models.ts';
import type { OnLoading } from './generator.ts';
import { withLessMemory } from './less-memory.ts';

export interface ResidentCheckpoints {
  /** By the names that they are served under. */
  readonly byServedName: ReadonlyMap<string, Models>;
  /** Names of the checkpoints, in the order in which they came. */
  names(): string[];
  /**
   * Loads those that are not there yet. Of several that are loaded at the same time none stays where one
   * cannot be loaded, and that one is the last that `onLoading` hears of.
   * @throws what loading throws.
   */
  load(names: readonly string[], onLoading: OnLoading): Promise<void>;
}

export interface ResidentOptions {
  /** All that can be loaded, in the order in which they are. */
  readonly served: readonly ServedModel[];
  /** @param together whether its networks may be loaded at the same time. */
  readonly open: (name: string, together: boolean, onNetwork: () => void) => Promise<LoadedModels>;
  /** Asked before each try: whether there is room for loading several at the same time. */
  readonly loadsTogether: () => boolean;
  /** As withLessMemory has it. */
  readonly lower: (error: Error) => Promise<boolean>;
}

/** The checkpoints on a device. */
export function createResidentCheckpoints(options: ResidentOptions): ResidentCheckpoints {
  const { served, open, loadsTogether, lower } = options;
  const resident = new Set<string>();
  const byServedName = new Map<string, Models>();

  const loadAll = async (names: readonly string[], onLoading: OnLoading): Promise<LoadedModels[]> => {
    const failures = new Map<unknown, string>();
    const together = loadsTogether();
    const openers = names.map((name) => async () => {
      onLoading(name);
      try {
        return await open(name, together, () => onLoading(name));
      } catch (error) {
        failures.set(error, name);
        throw error;
      }
    });
    try {
      return await (together ? openTogether : openInTurn)(openers);
    } catch (error) {
      const name = failures.get(error);
      if (together && name !== undefined) onLoading(name);
      throw error;
    }
  };
  return {
    byServedName,
    names: () => [...resident],
    load: async (names, onLoading) => {
      const missing = served.filter(({ name }) => names.includes(name) && !resident.has(name));
      const groups = loadsTogether() ? [missing] : missing.map((each) => [each]);
      for (const group of groups) {
        const own = group.map(({ name }) => name);
        const models = await withLessMemory(() => loadAll(own, onLoading), lower);
        for (const [index, { name, serves }] of group.entries()) {
          for (const each of serves) byServedName.set(each, models[index]!);
          resident.add(name);
        }
      }
    },
  };
}
