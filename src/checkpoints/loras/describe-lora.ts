import { CheckpointError } from '../checkpoint-error.ts';
import { readLoraHeader, refuseStranger } from './lora-file.ts';
import { type LoraPart, loraName } from './lora-names.ts';

export interface LoraDescription {
  /** lora, locon (with convolutions), loha, lokr, difference or mixed; with dora- before it. */
  readonly kind: string;
  /** What the file says that prompts should have. */
  readonly triggerWords: readonly string[];
  /** Its __metadata__. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What a LoRA's file says of itself; nothing but its header is read.
 * @throws CheckpointError where it is damaged or no LoRA, naming the file and the tensor.
 */
export async function describeLora(file: string): Promise<LoraDescription> {
  const { tensors, notes, metadata } = await readLoraHeader(file);
  const parts = new Set<LoraPart>();
  let hasKernel = false;
  for (const [name, { shape }] of tensors) {
    const { part } = loraName(name) ?? refuseStranger(name, file);
    parts.add(part);
    hasKernel ||= part === 'mid' || (part === 'down' && shape.slice(2).some((extent) => extent > 1));
  }
  for (const name of notes.keys()) loraName(name) ?? refuseStranger(name, file);
  if (tensors.size === 0) throw new CheckpointError(`${file}: holds no LoRA`);
  const has = (prefix: string) => [...parts].some((part) => part.startsWith(prefix));
  const kinds = [
    ...(parts.has('down') ? [hasKernel ? 'locon' : 'lora'] : []),
    ...(has('hada_') ? ['loha'] : []),
    ...(has('lokr_') ? ['lokr'] : []),
  ];
  const kind = kinds.length > 1 ? 'mixed' : (kinds[0] ?? 'difference');
  return {
    kind: parts.has('magnitude') || parts.has('dora_scale') ? `dora-${kind}` : kind,
    triggerWords: wordsOf(metadata),
    metadata,
  };
}

/** modelspec (Stability's specification 1.0.1) and what trainers write beside it. */
const wordKeys = ['modelspec.trigger_phrase', 'trigger_words', 'trigger_phrase', 'instance_prompt'];

function wordsOf(metadata: Readonly<Record<string, string>>): string[] {
  const words = wordKeys.flatMap((key) => (metadata[key] ?? '').split(',')).map((word) => word.trim());
  return [...new Set(words.filter((word) => word !== '' && word.length <= 200))].slice(0, 32);
}
