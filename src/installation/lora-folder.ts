import path from 'node:path';
import { describeLora } from '../checkpoints/loras/describe-lora.ts';
import { type AdapterReader, createAdapterFolder } from './adapter-folder.ts';

/** The LoRAs of a models folder, read anew each time. */
export function createLoraFolder(modelsDir: string): AdapterReader {
  return createAdapterFolder(
    path.join(modelsDir, 'loras'),
    ['.safetensors', '.pt', '.ckpt', '.bin'],
    async (file) => {
      const { kind, triggerWords } = await describeLora(file);
      return { kind, trigger_words: [...triggerWords] };
    },
  );
}
