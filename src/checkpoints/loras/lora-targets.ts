import type { Checkpoint, Component, TensorLocation } from '../checkpoint.ts';
import { originalUnetName } from '../single-file/unet-names.ts';

/** A layer's weight that a LoRA may change, with the bias beside it. */
export interface LoraTarget {
  /** unet, text_encoder or text_encoder_2. */
  readonly component: string;
  /** Published name in the component. */
  readonly tensor: string;
  readonly location: TensorLocation;
  /** Absent where the layer has none. */
  readonly bias?: { readonly tensor: string; readonly location: TensorLocation };
}

/** Names of the components in files: as modules with dots, and before modules with underscores. */
const prefixes: Readonly<Record<string, { dotted: readonly string[]; underscored: readonly string[] }>> = {
  unet: { dotted: ['unet.', ''], underscored: ['lora_unet_', 'lycoris_'] },
  text_encoder: {
    dotted: ['text_encoder.', 'text_encoders.clip_l.transformer.', 'clip_l.transformer.', 'clip_l.'],
    underscored: ['lora_te1_', 'lora_te_'],
  },
  text_encoder_2: {
    dotted: ['text_encoder_2.', 'text_encoders.clip_g.transformer.', 'clip_g.transformer.', 'clip_g.'],
    underscored: ['lora_te2_'],
  },
};
const originalUnetPrefixes = ['diffusion_model.', 'model.diffusion_model.'];

/**
 * Every module of a checkpoint that a LoRA may change by all names LoRA files call it:
 * `unet.down_blocks.1...` (diffusers), `down_blocks.1...` (peft on the UNet alone),
 * `lora_unet_down_blocks_1...` and `lora_unet_input_blocks_4...` (kohya, InvokeAI),
 * `lycoris_down_blocks_1...` (SimpleTuner), `diffusion_model.input_blocks.4...` and
 * `text_encoders.clip_l.transformer...` (ComfyUI), `clip_l...` (Open Model Initiative), text encoders with
 * and without `text_model.`.
 */
export function loraTargets({ unet, textEncoders }: Checkpoint): ReadonlyMap<string, LoraTarget> {
  const targets = new Map<string, LoraTarget>();
  const span = unet.config.layers_per_block[0]! + 1;
  const attends = (level: number) => unet.config.up_block_types[level] === 'CrossAttnUpBlock2D';
  const put = (component: string, module: string, target: LoraTarget) => {
    const { dotted, underscored } = prefixes[component]!;
    for (const prefix of dotted) targets.set(prefix + module, target);
    for (const prefix of underscored) targets.set(prefix + module.replaceAll('.', '_'), target);
  };
  for (const [module, target] of modulesOf(unet)) {
    put('unet', module, target);
    const original = originalUnetName(`${module}.weight`, span, attends)?.replace(/\.weight$/, '');
    if (original === undefined) continue;
    for (const prefix of originalUnetPrefixes) targets.set(prefix + original, target);
    targets.set(`lora_unet_${original.replaceAll('.', '_')}`, target);
  }
  for (const encoder of textEncoders)
    for (const [module, target] of modulesOf(encoder)) {
      put(encoder.name, module, target);
      put(encoder.name, module.replace(/^text_model\./, ''), target);
    }
  return targets;
}

function modulesOf({ name: component, tensors }: Component<unknown>): (readonly [string, LoraTarget])[] {
  return [...tensors]
    .filter(([tensor]) => /(?<!_embedding)\.weight$/.test(tensor))
    .map(([tensor, location]) => {
      const module = tensor.replace(/\.weight$/, '');
      const bias = tensors.get(`${module}.bias`);
      return [
        module,
        { component, tensor, location, ...(bias && { bias: { tensor: `${module}.bias`, location: bias } }) },
      ];
    });
}
