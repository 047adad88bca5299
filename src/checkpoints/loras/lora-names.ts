/** A pair of weights and what the product is scaled by. */
export type LoraPart = 'down' | 'up' | 'alpha';

/** What a LoRA's tensor is: a part of one module's change. */
export interface LoraName {
  readonly module: string;
  readonly part: LoraPart;
}

/** Endings of the names in LoRA files; the rest is the module. */
const endings: readonly (readonly [pattern: RegExp, part: (matched: string) => LoraPart])[] = [
  // kohya; diffusers before peft; peft, with or without its adapter's name.
  [/\.lora_(down|up)\.weight$/, (matched) => matched as LoraPart],
  [/\.lora(?:_linear_layer)?\.(down|up)\.weight$/, (matched) => matched as LoraPart],
  [/\.lora_(A|B)(?:\.[\w-]+)?\.weight$/, (matched) => (matched === 'A' ? 'down' : 'up')],
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
