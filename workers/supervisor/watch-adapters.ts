import type { AdapterFolder } from '../../src/contract/answers/adapters.ts';
import { createLoraFolder } from '../../src/installation/lora-folder.ts';
import type { Log } from '../../src/jobs/log.ts';

/** What lies in the models folder beside the models, as it is now. */
export interface WatchedAdapters {
  loras(): AdapterFolder | undefined;
  close(): void;
}

/** How soon a new file is seen. Looking takes a stat for each file. */
const lookMs = 3000;

/** @param onChange some file has come, gone or changed. */
export async function watchAdapters(
  modelsDir: string | undefined,
  log: Log,
  onChange: () => void,
): Promise<WatchedAdapters> {
  if (modelsDir === undefined) return { loras: () => undefined, close: () => undefined };
  const readLoras = createLoraFolder(modelsDir);
  let loras: AdapterFolder | undefined;
  const look = async (): Promise<boolean> => {
    const { usable, broken } = await readLoras();
    const before = JSON.stringify(loras);
    loras = { usable, broken };
    return JSON.stringify(loras) !== before;
  };
  const onError = (error: unknown): void => log.warn({ err: error }, 'the folder of LoRAs cannot be read');
  await look().catch(onError);
  for (const { name, reason } of loras?.broken ?? []) log.warn({ name, reason }, 'LoRA not served');
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .then((changed) => {
        if (changed) onChange();
      }, onError)
      .finally(() => {
        looking = false;
      });
  }, lookMs);
  timer.unref();
  return { loras: () => loras, close: () => clearInterval(timer) };
}
