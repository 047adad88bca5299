/** Where a published tensor of the text encoder lies inside an original one. */
export interface OpenClipPart {
  readonly published: string;
  /** Third of the original tensor's rows that it takes, of the fused query, key and value. */
  readonly third?: 0 | 1 | 2;
  /** The original stores [in, out] where a linear layer stores [out, in]. */
  readonly transposed?: true;
}

const fixedNames: Readonly<Record<string, OpenClipPart>> = {
  'token_embedding.weight': { published: 'text_model.embeddings.token_embedding.weight' },
  positional_embedding: { published: 'text_model.embeddings.position_embedding.weight' },
  'ln_final.weight': { published: 'text_model.final_layer_norm.weight' },
  'ln_final.bias': { published: 'text_model.final_layer_norm.bias' },
  // A bare parameter that open_clip multiplies from the right.
  text_projection: { published: 'text_projection.weight', transposed: true },
  // Tools that hold the encoder as transformers does write its linear layer back under this name.
  'text_projection.weight': { published: 'text_projection.weight' },
};

const layerParts: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/**
 * What transformers' CLIPTextModelWithProjection calls the parts of a tensor of open_clip's text transformer
 * (names without the prefix `conditioner.embedders.N.model.`).
 * @returns an empty array for a name that the text transformer does not have.
 */
export function openClipParts(original: string): readonly OpenClipPart[] {
  if (Object.hasOwn(fixedNames, original)) return [fixedNames[original]!];
  const [, layer, rest] = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(original) ?? [];
  if (layer === undefined || rest === undefined) return [];
  const at = `text_model.encoder.layers.${layer}`;
  const fused = /^attn\.in_proj_(weight|bias)$/.exec(rest);
  if (fused !== null)
    return (['q_proj', 'k_proj', 'v_proj'] as const).map((name, third) => ({
      published: `${at}.self_attn.${name}.${fused[1]}`,
      third: third as 0 | 1 | 2,
    }));
  const [, module, kind] = /^(.+)\.(weight|bias)$/.exec(rest) ?? [];
  return module !== undefined && Object.hasOwn(layerParts, module)
    ? [{ published: `${at}.${layerParts[module]}.${kind}` }]
    : [];
}

/** The original names of a text transformer of `layers` layers. */
export function openClipNames(layers: number): string[] {
  const perLayer = [
    'attn.in_proj_weight',
    'attn.in_proj_bias',
    ...Object.keys(layerParts).flatMap((module) => [`${module}.weight`, `${module}.bias`]),
  ];
  return [
    ...Object.keys(fixedNames).filter((name) => name !== 'text_projection.weight'),
    ...Array.from({ length: layers }, (_, layer) =>
      perLayer.map((name) => `transformer.resblocks.${layer}.${name}`),
    ).flat(),
  ];
}
