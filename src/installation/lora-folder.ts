import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readJsonObject } from '../checkpoints/json-file.ts';
import { describeLora } from '../checkpoints/loras/describe-lora.ts';
import type { FewStepLora } from '../contract/answers/adapters.ts';
import { type FewStep, fewStepProfile, usualParts } from '../contract/few-steps.ts';
import { type AdapterReader, createAdapterFolder } from './adapter-folder.ts';
import { parseFewStep } from './few-step.ts';
import { releaseIn, releaseNamed } from './known-releases.ts';

/** The LoRAs of a models folder, read anew each time; of each the file NAME.json beside it too. */
export function createLoraFolder(modelsDir: string): AdapterReader {
  return createAdapterFolder(
    path.join(modelsDir, 'loras'),
    ['.safetensors', '.pt', '.ckpt', '.bin'],
    async (file) => {
      const { kind, triggerWords, metadata } = await describeLora(file);
      const fewStep = await fewStepOf(file, metadata);
      return { kind, trigger_words: [...triggerWords], ...(fewStep && { few_step: fewStep }) };
    },
    manifestBeside,
  );
}

/** A1111's card of a LoRA has that name too: of its keys none is read. */
function manifestBeside(file: string): string {
  return `${file.slice(0, -path.extname(file).length)}.json`;
}

/**
 * What makes of it a LoRA of few steps: its manifest, else its own metadata, else the name of a known
 * release.
 * @throws CheckpointError naming the manifest, the key and the value.
 */
async function fewStepOf(
  file: string,
  metadata: Readonly<Record<string, string>>,
): Promise<FewStepLora | undefined> {
  const told = await toldOf(manifestBeside(file));
  if (told === false) return undefined;
  if (told !== undefined) return wireOf(told, 'manifest');
  const own = releaseIn(metadata, 'lora');
  if (own !== undefined) return wireOf(own, 'metadata');
  const named = releaseNamed(path.basename(file, path.extname(file)), 'lora');
  return named && wireOf(named, 'name');
}

async function toldOf(manifest: string): Promise<FewStep | false | undefined> {
  const isThere = await stat(manifest).then(
    () => true,
    () => false,
  );
  return isThere ? parseFewStep((await readJsonObject(manifest)).few_step, manifest) : undefined;
}

function wireOf(fewStep: FewStep, knownBy: FewStepLora['known_by']): FewStepLora {
  const { kind, steps, firstTimestep } = fewStep;
  const profile = fewStepProfile(fewStep);
  const { scheduler, guidanceScale } = profile.defaults;
  const [sampler, schedule] = usualParts(profile)!;
  return {
    ...{ kind, steps, known_by: knownBy },
    ...(firstTimestep !== undefined && { first_timestep: firstTimestep }),
    defaults: {
      ...{ scheduler: scheduler!, sampler, schedule },
      ...{ num_inference_steps: steps, guidance_scale: guidanceScale! },
    },
    ranges: {
      num_inference_steps: [...profile.ranges.steps!],
      guidance_scale: [...profile.ranges.guidanceScale!],
    },
  };
}
