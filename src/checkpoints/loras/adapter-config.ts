import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../json-file.ts';
import type { LoraTarget } from './lora-targets.ts';

/** What a peft config says of one module; undefined where it says nothing. */
export interface AdapterFacts {
  readonly alpha: number | undefined;
  readonly rank: number | undefined;
  /** Whether the scale is alpha over the root of the rank (Kalajdzievski 2023). */
  readonly isRankStabilized: boolean;
  /** Whether it was trained as DoRA, which has a magnitude. */
  readonly isDora: boolean;
}

/**
 * The peft configs that diffusers writes beside the weights since 0.34: `unet.lora_alpha`, `unet.r`,
 * `unet.alpha_pattern` and so on.
 * @throws CheckpointError naming the file and a key that is no number.
 */
export function adapterFacts(
  metadata: Readonly<Record<string, string>>,
  file: string,
): (target: LoraTarget) => AdapterFacts {
  const text = metadata.lora_adapter_metadata;
  if (text === undefined)
    return () => ({ alpha: undefined, rank: undefined, isRankStabilized: false, isDora: false });
  const place = `${file}: __metadata__ lora_adapter_metadata`;
  const config: JsonObject = parseJsonObject(text, place);
  return ({ component, tensor }) => {
    const module = tensor.replace(/\.weight$/, '');
    const read = (key: string, patternKey: string): number | undefined => {
      const patterns = config[`${component}.${patternKey}`];
      const own = Object.entries(isJsonObject(patterns) ? patterns : {}).find(
        ([ending]) => module === ending || module.endsWith(`.${ending}`),
      )?.[1];
      const value = own ?? config[`${component}.${key}`] ?? undefined;
      if (value !== undefined && typeof value !== 'number')
        throw new CheckpointError(
          `${place}: the ${key} of ${component}.${module} is ${JSON.stringify(value)}`,
        );
      return value;
    };
    return {
      alpha: read('lora_alpha', 'alpha_pattern'),
      rank: read('r', 'rank_pattern'),
      isRankStabilized: config[`${component}.use_rslora`] === true,
      isDora: config[`${component}.use_dora`] === true,
    };
  };
}
