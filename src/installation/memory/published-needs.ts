import type { Checkpoint, Component } from '../../checkpoints/checkpoint.ts';
import { parseClipTextConfig } from '../../checkpoints/configs/clip-text-config.ts';
import {
  type CheckpointDescription,
  publishedBase,
  publishedRefiner,
} from '../../checkpoints/configs/published-configs.ts';
import { parseUnetConfig } from '../../checkpoints/configs/unet-config.ts';
import { parseVaeConfig } from '../../checkpoints/configs/vae-config.ts';
import type { JsonObject } from '../../checkpoints/json-file.ts';
import { type MemoryNeeds, memoryNeeds, type NeedOptions } from './memory-needs.ts';

/**
 * What SDXL 1.0 needs by its configs, whatever is installed: its base alone, or with its refiner, whose
 * second text encoder and VAE are the base's.
 */
export async function publishedNeeds(
  kind: 'base' | 'base and refiner',
  options: NeedOptions,
): Promise<MemoryNeeds> {
  const models = kind === 'base' ? [publishedBase] : [publishedBase, publishedRefiner];
  return memoryNeeds(models.map(described), options, () => 0);
}

/** A checkpoint without weights. */
function described({ modelIndex, unet, vae, textEncoders, scheduler }: CheckpointDescription): Checkpoint {
  const component = <Config>(
    name: string,
    json: unknown,
    parse: (json: JsonObject, file: string) => Config,
  ): Component<Config> => ({
    ...{ name, directory: 'published', configFile: 'published', tensors: new Map() },
    className: String((modelIndex[name] as readonly string[])[1]),
    config: parse(json as JsonObject, name),
  });
  return {
    ...{ name: 'published', directory: 'published', scheduler, forceZerosForEmptyPrompt: false },
    unet: component('unet', unet, parseUnetConfig),
    vae: component('vae', vae, parseVaeConfig),
    textEncoders: Object.entries(textEncoders).map(([name, json]) =>
      component(name, json, parseClipTextConfig),
    ),
    tokenizerDirectories: [],
    requiresAestheticsScore: modelIndex.requires_aesthetics_score === true,
  };
}
