import { CheckpointError } from '../checkpoint-error.ts';
import type { JsonObject } from '../json-file.ts';
import { readNumber, readNumbers } from '../safetensors/numbers.ts';
import type { NoteLocation, SafetensorsHeader } from '../safetensors/safetensors.ts';

/**
 * Tensors whose presence, or whose number, tells how the UNet was trained; ComfyUI and its descendants write
 * and read them (comfy/supported_models.py, SDXL.model_type), Playground published the first two.
 */
const markers = [
  'edm_mean',
  'edm_std',
  'edm_vpred.sigma_max',
  'edm_vpred.sigma_min',
  'v_pred',
  'ztsnr',
] as const;
type Marker = (typeof markers)[number];

export function isTrainingMarker(name: string): boolean {
  return (markers as readonly string[]).includes(name);
}

/** Keys that follow from a single file's markers. */
export interface MarkedConfigs {
  /** Of scheduler_config.json. */
  readonly scheduler: JsonObject;
  /** Of the VAE's config.json. */
  readonly vae: JsonObject;
}

/**
 * Scheduler and VAE keys that follow from a single file's markers, or from the prediction type that trainers
 * and ComfyUI write into the metadata ("v" or "epsilon", https://github.com/Stability-AI/ModelSpec). EDM's
 * numbers are those of diffusers 0.42.1 (loaders/single_file_utils.py) for Playground 2.5 and of ComfyUI's
 * ModelSamplingContinuousEDM for CosXL.
 * @throws CheckpointError naming the file and what is unknown, incomplete or contradicts.
 */
export async function markedConfigs(header: SafetensorsHeader, file: string): Promise<MarkedConfigs> {
  const { notes } = header;
  const told = toldPrediction(header, file);
  const contradict = (one: Marker, other: string): never => {
    throw new CheckpointError(`${file}: tensor "${one}" contradicts ${other}`);
  };
  requirePair(notes, 'edm_mean', 'edm_std', file);
  if (notes.has('edm_vpred.sigma_min') && !notes.has('edm_vpred.sigma_max'))
    throw new CheckpointError(`${file}: tensor "edm_vpred.sigma_min" stands without "edm_vpred.sigma_max"`);
  if (notes.has('edm_mean')) {
    const other = markers.find((name) => !/^edm_(mean|std)$/.test(name) && notes.has(name));
    if (other !== undefined) contradict('edm_mean', `tensor "${other}"`);
    if (told?.type === 'v_prediction') contradict('edm_mean', `__metadata__ ${told.key}`);
    return playground(notes);
  }
  const isVelocity = notes.has('v_pred') || notes.has('edm_vpred.sigma_max');
  if (isVelocity && told?.type === 'epsilon')
    contradict(notes.has('v_pred') ? 'v_pred' : 'edm_vpred.sigma_max', `__metadata__ ${told.key}`);
  if (notes.has('edm_vpred.sigma_max')) return { scheduler: await continuousVelocity(notes), vae: {} };
  const scheduler = {
    ...(isVelocity ? { prediction_type: 'v_prediction' } : told && { prediction_type: told.type }),
    ...(notes.has('ztsnr') ? { rescale_betas_zero_snr: true } : {}),
  };
  return { scheduler, vae: {} };
}

async function playground(notes: SafetensorsHeader['notes']): Promise<MarkedConfigs> {
  return {
    scheduler: {
      _class_name: 'EDMDPMSolverMultistepScheduler',
      prediction_type: 'epsilon',
      sigma_data: 0.5,
      sigma_min: 0.002,
      sigma_max: 80,
    },
    vae: {
      scaling_factor: 0.5,
      latents_mean: await readNumbers('edm_mean', notes.get('edm_mean')!),
      latents_std: await readNumbers('edm_std', notes.get('edm_std')!),
    },
  };
}

async function continuousVelocity(notes: SafetensorsHeader['notes']): Promise<JsonObject> {
  const lowest = notes.get('edm_vpred.sigma_min');
  return {
    _class_name: 'EDMEulerScheduler',
    prediction_type: 'v_prediction',
    sigma_schedule: 'exponential',
    sigma_data: 1,
    sigma_min: lowest === undefined ? 0.002 : await readNumber('edm_vpred.sigma_min', lowest),
    sigma_max: await readNumber('edm_vpred.sigma_max', notes.get('edm_vpred.sigma_max')!),
  };
}

function requirePair(notes: ReadonlyMap<string, NoteLocation>, one: Marker, two: Marker, file: string): void {
  for (const [here, there] of [
    [one, two],
    [two, one],
  ])
    if (notes.has(here!) && !notes.has(there!))
      throw new CheckpointError(`${file}: tensor "${here}" stands without "${there}"`);
}

/** The metadata keys for it: ModelSpec's, and ComfyUI's. */
const predictionKeys = ['modelspec.prediction_type', 'modelspec.predict_key'] as const;
const predictionTypes: Readonly<Record<string, 'epsilon' | 'v_prediction'>> = {
  epsilon: 'epsilon',
  v: 'v_prediction',
};

function toldPrediction(
  { metadata }: SafetensorsHeader,
  file: string,
): { key: string; type: 'epsilon' | 'v_prediction' } | undefined {
  const told = predictionKeys.flatMap((key) => {
    const value = metadata[key];
    if (value === undefined) return [];
    const type = Object.hasOwn(predictionTypes, value) ? predictionTypes[value] : undefined;
    if (type === undefined)
      throw new CheckpointError(
        `${file}: __metadata__ ${key} is ${JSON.stringify(value)}; supported are "epsilon" and "v"`,
      );
    return [{ key, type }];
  });
  const [first, second] = told;
  if (first !== undefined && second !== undefined && first.type !== second.type)
    throw new CheckpointError(`${file}: __metadata__ ${first.key} and ${second.key} contradict each other`);
  return first;
}
