/** What a tensor of an adapter file is to its module. */
export type LoraPart =
  /** Low rank: up x down, with a core between in Tucker's decomposition; peft may train a bias with it. */
  | ('down' | 'up' | 'mid' | 'up_bias')
  /** LoHa: the Hadamard product of two low-rank products. */
  | `hada_${'w1_a' | 'w1_b' | 'w2_a' | 'w2_b' | 't1' | 't2'}`
  /** LoKr: the Kronecker product of two matrices, each whole or of low rank. */
  | `lokr_${'w1' | 'w1_a' | 'w1_b' | 'w2' | 'w2_a' | 'w2_b' | 't2'}`
  /** What is added to a weight or bias as it stands. */
  | ('diff' | 'diff_b')
  /** DoRA: the length of each row or column, as the shape says; of each row in peft's files. */
  | ('dora_scale' | 'magnitude')
  | 'alpha';

/** What a LoRA's tensor is: a part of one module's change. */
export interface LoraName {
  readonly module: string;
  readonly part: LoraPart;
}

/** Endings of the names in LoRA files; the rest is the module. */
const endings: readonly (readonly [pattern: RegExp, part: (matched: string) => LoraPart])[] = [
  // kohya; diffusers before peft; peft, with or without its adapter's name.
  [/\.lora_(down|up|mid)\.weight$/, (matched) => matched as LoraPart],
  [/\.lora(?:_linear_layer)?\.(down|up)\.weight$/, (matched) => matched as LoraPart],
  [/\.lora_(A|B)(?:\.[\w-]+)?\.weight$/, (matched) => (matched === 'A' ? 'down' : 'up')],
  [/\.lora_(B)(?:\.[\w-]+)?\.bias$/, () => 'up_bias'],
  // lycoris-lora; its norm layers have names of their own for the same.
  [/\.(hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2))$/, (matched) => matched as LoraPart],
  [/\.(diff|diff_b)$/, (matched) => matched as LoraPart],
  [/\.([wb])_norm$/, (matched) => (matched === 'w' ? 'diff' : 'diff_b')],
  [/\.(dora_scale)$/, () => 'dora_scale'],
  [/\.(lora_magnitude_vector)(?:\.[\w-]+)?$/, () => 'magnitude'],
  [/\.(alpha)$/, () => 'alpha'],
];

/** Attention of diffusers before 0.21, of the UNet and of text encoders. */
const oldAttention = /^(.+?)(?:\.processor)?\.to_(q|k|v|out)_lora\.(down|up)\.weight$/;

/** @returns undefined for a name that no LoRA in a supported naming has. */
export function loraName(name: string): LoraName | undefined {
  for (const [pattern, partOf] of endings) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const module = name
      .slice(0, match.index)
      // PEFT writes what it wraps around a model, on the model alone or under its name in a pipeline.
      .replace(/^((?:unet|text_encoder|text_encoder_2)\.)?base_model\.model\./, '$1')
      .replace(/\.processor$/, '');
    return { module, part: partOf(match[1]!) };
  }
  const [, layer, letter, part] = oldAttention.exec(name) ?? [];
  if (layer === undefined) return undefined;
  const projection = layer.endsWith('.self_attn')
    ? `${letter}_proj`
    : `to_${letter === 'out' ? 'out.0' : letter}`;
  return { module: `${layer}.${projection}`, part: part as LoraPart };
}

/** Embeddings that OneTrainer bundles with a LoRA; every reader of LoRAs leaves them out. */
export function isBundledEmbedding(name: string): boolean {
  return name.startsWith('bundle_emb.');
}
