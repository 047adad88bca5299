import { type OutputFormat, outputFormats } from '../../images/output-formats.ts';
import type { RandomAlgorithm } from '../../numerics/random-algorithms.ts';
import { refuseField } from './errors.ts';

/** What `override_settings` says that has an effect here; names as in A1111's modules/shared_options.py. */
export interface Overrides {
  readonly checkpoint?: string;
  readonly outputFormat?: OutputFormat;
  readonly outputQuality?: number;
  readonly embedParameters?: boolean;
  readonly rng?: RandomAlgorithm;
  /** As diffusers counts: see clipSkipOfLayers. */
  readonly clipSkip?: number;
}

/** The last value of A1111's slider: all layers of CLIP-L. */
const mostLayers = 12;

/**
 * A1111 counts the layer that is taken from the end, 1 being the last; SDXL always takes the last but one,
 * which diffusers calls a clip_skip of 0.
 */
export function clipSkipOfLayers(layers: number): number {
  return Math.max(0, layers - 2);
}

/** The other way round. */
export function layersOfClipSkip(clipSkip: number): number {
  return clipSkip + 2;
}

const randomSources: Readonly<Record<string, RandomAlgorithm>> = {
  cpu: 'torch-cpu',
  gpu: 'philox',
  nv: 'philox',
};

/**
 * Settings that change nothing here are ignored, as settings unknown there are.
 * @throws WrongFieldsError naming a setting that would have an effect with another value.
 */
export function readOverrides(settings: Readonly<Record<string, unknown>>): Overrides {
  const refuse = (name: string, rule: string) =>
    refuseField('override_settings', settings[name], `.${name} ${rule}`.trimStart());
  const text = (name: string): string | undefined => {
    const value = settings[name];
    if (value === undefined || value === null || value === '') return undefined;
    return typeof value === 'string' ? value : refuse(name, 'must be a string');
  };
  const checkpoint = text('sd_model_checkpoint');
  const format = text('samples_format')?.toLowerCase().replace('jpg', 'jpeg');
  if (format !== undefined && !(outputFormats as readonly string[]).includes(format))
    refuse('samples_format', 'must be one of: png, jpg, webp');
  const quality = settings.jpeg_quality;
  if (quality !== undefined && !(Number.isInteger(quality) && Number(quality) >= 1 && Number(quality) <= 100))
    refuse('jpeg_quality', 'must be an integer from 1 to 100');
  const source = text('randn_source')?.toLowerCase();
  const rng = source === undefined ? undefined : randomSources[source];
  if (source !== undefined && rng === undefined) refuse('randn_source', 'must be one of: CPU, GPU, NV');
  const layers = settings.CLIP_stop_at_last_layers ?? undefined;
  if (
    layers !== undefined &&
    !(Number.isInteger(layers) && Number(layers) >= 1 && Number(layers) <= mostLayers)
  )
    refuse('CLIP_stop_at_last_layers', `must be an integer from 1 to ${mostLayers}`);
  const { enable_pnginfo: embed } = settings;
  return {
    ...(checkpoint !== undefined && { checkpoint }),
    ...(format !== undefined && { outputFormat: format as OutputFormat }),
    ...(quality !== undefined && { outputQuality: Number(quality) }),
    ...(typeof embed === 'boolean' && { embedParameters: embed }),
    ...(rng !== undefined && { rng }),
    // 1 is what clients send where nobody has chosen anything.
    ...(layers !== undefined && layers !== 1 && { clipSkip: clipSkipOfLayers(Number(layers)) }),
  };
}
