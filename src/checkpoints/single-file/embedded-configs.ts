import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../json-file.ts';

/**
 * Entry of a safetensors file's __metadata__ with JSON of configs by component (unet, vae, text_encoder,
 * text_encoder_2, scheduler), each as in its own file of a diffusers folder. For networks whose configs
 * differ from SDXL's in what no shape shows: groups, heads, activations, scaling factor. An absent one is
 * read off the tensors.
 */
export const configsKey = 'sdxl-server.configs';

const components = ['unet', 'vae', 'text_encoder', 'text_encoder_2', 'scheduler'] as const;
export type EmbeddedConfigs = Readonly<Partial<Record<(typeof components)[number], JsonObject>>>;

/** @throws CheckpointError naming the file and the component. */
export function embeddedConfigs(metadata: Readonly<Record<string, string>>, file: string): EmbeddedConfigs {
  const text = metadata[configsKey];
  if (text === undefined) return {};
  const place = `${file}: __metadata__ ${configsKey}`;
  const configs = parseJsonObject(text, place);
  for (const [name, config] of Object.entries(configs)) {
    if (!(components as readonly string[]).includes(name))
      throw new CheckpointError(`${place}: "${name}" is none of ${components.join(', ')}`);
    if (!isJsonObject(config)) throw new CheckpointError(`${place}: ${name} must be an object`);
  }
  return configs as EmbeddedConfigs;
}
