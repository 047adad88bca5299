/**
 * Names of SDXL's UNet in single-file checkpoints (UNetModel of Stability-AI/generative-models, without the
 * prefix `model.diffusion_model.`) and as published in diffusers folders. The original numbers its blocks
 * through: a level is its resnets and, but for the last level, one resampling, so `span` = resnets per down
 * level + 1 blocks each way.
 */
const fixedModules: readonly (readonly [original: string, published: string])[] = [
  ['time_embed.0', 'time_embedding.linear_1'],
  ['time_embed.2', 'time_embedding.linear_2'],
  ['time_embed.cond_proj', 'time_embedding.cond_proj'],
  ['label_emb.0.0', 'add_embedding.linear_1'],
  ['label_emb.0.2', 'add_embedding.linear_2'],
  ['input_blocks.0.0', 'conv_in'],
  ['middle_block.1', 'mid_block.attentions.0'],
  ['out.0', 'conv_norm_out'],
  ['out.2', 'conv_out'],
];

const resnetParts: readonly (readonly [original: string, published: string])[] = [
  ['in_layers.0', 'norm1'],
  ['in_layers.2', 'conv1'],
  ['emb_layers.1', 'time_emb_proj'],
  ['out_layers.0', 'norm2'],
  ['out_layers.3', 'conv2'],
  ['skip_connection', 'conv_shortcut'],
];

/** @returns undefined for a name that no SDXL UNet has. */
export function publishedUnetName(original: string, span: number): string | undefined {
  for (const [from, to] of fixedModules)
    if (original.startsWith(`${from}.`)) return to + original.slice(from.length);

  const middle = /^middle_block\.([02])\.(.+)$/.exec(original);
  if (middle !== null) return resnetName(`mid_block.resnets.${Number(middle[1]) / 2}`, middle[2]!);

  const block = /^(in|out)put_blocks\.(\d+)\.(\d)\.(.+)$/.exec(original);
  if (block === null) return undefined;
  const [, way, number, module, rest] = block as unknown as [string, 'in' | 'out', string, string, string];
  const index = Number(number) - (way === 'in' ? 1 : 0);
  const level = `${way === 'in' ? 'down' : 'up'}_blocks.${Math.floor(index / span)}`;
  const layer = index % span;
  if (way === 'in' && module === '0' && rest.startsWith('op.'))
    return `${level}.downsamplers.0.conv${rest.slice(2)}`;
  if (way === 'out' && module !== '0' && rest.startsWith('conv.')) return `${level}.upsamplers.0.${rest}`;
  if (module === '0') return resnetName(`${level}.resnets.${layer}`, rest);
  return module === '1' ? `${level}.attentions.${layer}.${rest}` : undefined;
}

function resnetName(resnet: string, rest: string): string | undefined {
  for (const [from, to] of resnetParts)
    if (rest.startsWith(`${from}.`)) return `${resnet}.${to}${rest.slice(from.length)}`;
  return undefined;
}

/**
 * The other direction.
 * @param attends whether an up level has attention, which moves its upsampling from module 1 to module 2.
 * @returns undefined for a name that has no original.
 */
export function originalUnetName(
  published: string,
  span: number,
  attends: (upLevel: number) => boolean,
): string | undefined {
  for (const [to, from] of fixedModules)
    if (published.startsWith(`${from}.`)) return to + published.slice(from.length);

  const middle = /^mid_block\.resnets\.([01])\.(.+)$/.exec(published);
  if (middle !== null) return originalResnetName(`middle_block.${2 * Number(middle[1])}`, middle[2]!);

  const block = /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(
    published,
  );
  if (block === null) return undefined;
  const [, way, levelNumber, part, layer, rest] = block as unknown as [
    string,
    'down' | 'up',
    string,
    string,
    string,
    string,
  ];
  const level = Number(levelNumber);
  const first = level * span + (way === 'down' ? 1 : 0);
  const blocks = way === 'down' ? 'input_blocks' : 'output_blocks';
  if (part === 'downsamplers') return `${blocks}.${first + span - 1}.0.op${rest.slice('conv'.length)}`;
  if (part === 'upsamplers') return `${blocks}.${first + span - 1}.${attends(level) ? 2 : 1}.${rest}`;
  const at = `${blocks}.${first + Number(layer)}`;
  return part === 'attentions' ? `${at}.1.${rest}` : originalResnetName(`${at}.0`, rest);
}

function originalResnetName(resnet: string, rest: string): string | undefined {
  for (const [to, from] of resnetParts)
    if (rest.startsWith(`${from}.`)) return `${resnet}.${to}${rest.slice(from.length)}`;
  return undefined;
}
