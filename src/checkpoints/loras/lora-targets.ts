import type { Checkpoint, Component, TensorLocation } from '../checkpoint.ts';
import { originalUnetName } from '../single-file/unet-names.ts';

/** A linear or convolution weight that a LoRA may change. */
export interface LoraTarget {
  /** unet, text_encoder or text_encoder_2. */
  readonly component: string;
  /** Published name in the component. */
  readonly tensor: string;
  readonly location: TensorLocation;
}

const kohyaPrefixes: Readonly<Record<string, string>> = {
  unet: 'lora_unet_',
  text_encoder: 'lora_te1_',
  text_encoder_2: 'lora_te2_',
};

/**
 * Every module of a checkpoint that a LoRA may change by all names LoRA files call it:
 * `unet.down_blocks.1...` (diffusers), `lora_unet_down_blocks_1...` and `lora_unet_input_blocks_4...`
 * (kohya), `diffusion_model.input_blocks.4...` (ComfyUI), text encoders with and without `text_model.`.
 */
export function loraTargets({ unet, textEncoders }: Checkpoint): ReadonlyMap<string, LoraTarget> {
  const targets = new Map<string, LoraTarget>();
  const span = unet.config.layers_per_block[0]! + 1;
  const attends = (level: number) => unet.config.up_block_types[level] === 'CrossAttnUpBlock2D';
  for (const [module, target] of modulesOf(unet)) {
    const original = originalUnetName(`${module}.weight`, span, attends)?.replace(/\.weight$/, '');
    targets.set(`unet.${module}`, target);
    targets.set(kohyaPrefixes.unet + underscored(module), target);
    if (original === undefined) continue;
    targets.set(`diffusion_model.${original}`, target);
    targets.set(kohyaPrefixes.unet + underscored(original), target);
  }
  for (const encoder of textEncoders)
    for (const [module, target] of modulesOf(encoder)) {
      targets.set(`${encoder.name}.${module}`, target);
      targets.set(`${encoder.name}.${module.replace(/^text_model\./, '')}`, target);
      targets.set(kohyaPrefixes[encoder.name] + underscored(module), target);
    }
  return targets;
}

function modulesOf({ name: component, tensors }: Component<unknown>): (readonly [string, LoraTarget])[] {
  return [...tensors]
    .filter(([tensor, { shape }]) => shape.length >= 2 && /(?<!_embedding)\.weight$/.test(tensor))
    .map(([tensor, location]) => [tensor.replace(/\.weight$/, ''), { component, tensor, location }]);
}

function underscored(module: string): string {
  return module.replaceAll('.', '_');
}
