/**
 * Names of the VAE in single-file checkpoints (AutoencoderKL of Stability-AI/generative-models, without the
 * prefix `first_stage_model.`) and as published in diffusers folders. The original decoder counts its levels
 * from the outside. diffusers' own conversion script to the original names left those of the attention as
 * they were, so files have them in all three ways.
 */
const attentionParts: readonly (readonly [original: string, published: string, ...old: string[]])[] = [
  ['norm', 'group_norm'],
  ['q', 'to_q', 'query'],
  ['k', 'to_k', 'key'],
  ['v', 'to_v', 'value'],
  ['proj_out', 'to_out.0', 'proj_attn'],
];

const modules = /^(?:(?:encoder|decoder)\.(?:conv_in|conv_out)|quant_conv|post_quant_conv)\.\w+$/;

/** @returns undefined for a name that no such VAE has. */
export function publishedVaeName(original: string, levels: number): string | undefined {
  if (modules.test(original)) return original;
  const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(original) ?? [];
  if (half === undefined || rest === undefined) return undefined;
  if (rest.startsWith('norm_out.')) return `${half}.conv_${rest}`;

  const middle = /^mid\.block_([12])\.(.+)$/.exec(rest);
  if (middle !== null) return `${half}.mid_block.resnets.${Number(middle[1]) - 1}.${resnetPart(middle[2]!)}`;
  const attention = /^mid\.attn_1\.(.+)(\.\w+)$/.exec(rest);
  if (attention !== null) {
    const part = attentionParts.find((names) => names.includes(attention[1]!))?.[1];
    return part === undefined ? undefined : `${half}.mid_block.attentions.0.${part}${attention[2]}`;
  }

  const [way, resampling] = half === 'encoder' ? ['down', 'downsample'] : ['up', 'upsample'];
  const block = new RegExp(
    `^${way}\\.(\\d+)\\.(?:block\\.(\\d+)\\.(.+)|${resampling}\\.(conv\\.\\w+))$`,
  ).exec(rest);
  if (block === null) return undefined;
  const level = half === 'encoder' ? Number(block[1]) : levels - 1 - Number(block[1]);
  const at = `${half}.${way}_blocks.${level}`;
  return block[4] === undefined
    ? `${at}.resnets.${block[2]}.${resnetPart(block[3]!)}`
    : `${at}.${resampling}rs.0.${block[4]}`;
}

function resnetPart(rest: string): string {
  return rest.replace(/^nin_shortcut\./, 'conv_shortcut.');
}

/** The other direction. @returns undefined for a name that has no original. */
export function originalVaeName(published: string, levels: number): string | undefined {
  if (modules.test(published)) return published;
  const [, half, rest] = /^(encoder|decoder)\.(.+)$/.exec(published) ?? [];
  if (half === undefined || rest === undefined) return undefined;
  if (rest.startsWith('conv_norm_out.')) return `${half}.${rest.slice('conv_'.length)}`;

  const middle = /^mid_block\.resnets\.([01])\.(.+)$/.exec(rest);
  if (middle !== null) return `${half}.mid.block_${Number(middle[1]) + 1}.${originalResnetPart(middle[2]!)}`;
  const attention = /^mid_block\.attentions\.0\.(.+)(\.\w+)$/.exec(rest);
  if (attention !== null) {
    const part = attentionParts.find(([, name]) => name === attention[1])?.[0];
    return part === undefined ? undefined : `${half}.mid.attn_1.${part}${attention[2]}`;
  }

  const block = /^(down|up)_blocks\.(\d+)\.(?:resnets\.(\d+)\.(.+)|(down|up)samplers\.0\.(conv\.\w+))$/.exec(
    rest,
  );
  if (block === null) return undefined;
  const level = half === 'encoder' ? Number(block[2]) : levels - 1 - Number(block[2]);
  const at = `${half}.${block[1]}.${level}`;
  return block[6] === undefined
    ? `${at}.block.${block[3]}.${originalResnetPart(block[4]!)}`
    : `${at}.${block[5]}sample.${block[6]}`;
}

function originalResnetPart(rest: string): string {
  return rest.replace(/^conv_shortcut\./, 'nin_shortcut.');
}
