import { z } from 'zod';
import { type OutputFormat, outputFormats } from '../../images/output-formats.ts';
import type { RandomAlgorithm } from '../../numerics/random-algorithms.ts';
import { readFields } from '../bodies/fields.ts';
import { show } from '../show.ts';
import { WrongFieldsError } from './errors.ts';

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

/** Of `override_settings`, those that are numbers or switches; text stands for them as in every body. */
const settingFields = z.object({
  jpeg_quality: z.int().min(1).max(100).optional(),
  CLIP_stop_at_last_layers: z.int().min(1).max(mostLayers).optional(),
  enable_pnginfo: z.boolean().optional(),
  sd_model_checkpoint: z.string().optional(),
  samples_format: z.string().optional(),
  randn_source: z.string().optional(),
});

/**
 * Settings that change nothing here are ignored, as settings unknown there are; null and '' leave one as it
 * is.
 * @throws WrongFieldsError naming a setting that would have an effect with another value.
 */
export function readOverrides(settings: Readonly<Record<string, unknown>>): Overrides {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''));
  const refuse = (rule: string): never => {
    throw new WrongFieldsError([
      { name: 'override_settings', value: settings, message: `override_settings.${rule}` },
    ]);
  };
  const read = readFields(settingFields, given);
  if (read.wrong !== undefined) return refuse(read.wrong[0]!.message);
  const { data } = read;
  const { sd_model_checkpoint: checkpoint, jpeg_quality: quality, enable_pnginfo: embed } = data;
  const format = data.samples_format?.toLowerCase().replace('jpg', 'jpeg');
  if (format !== undefined && !(outputFormats as readonly string[]).includes(format))
    refuse(`samples_format must be one of: png, jpg, webp, got ${show(data.samples_format)}`);
  const rng = data.randn_source === undefined ? undefined : randomSources[data.randn_source.toLowerCase()];
  if (data.randn_source !== undefined && rng === undefined)
    refuse(`randn_source must be one of: CPU, GPU, NV, got ${show(data.randn_source)}`);
  const layers = data.CLIP_stop_at_last_layers;
  return {
    ...(checkpoint !== undefined && { checkpoint }),
    ...(format !== undefined && { outputFormat: format as OutputFormat }),
    ...(quality !== undefined && { outputQuality: quality }),
    ...(embed !== undefined && { embedParameters: embed }),
    ...(rng !== undefined && { rng }),
    // 1 is what clients send where nobody has chosen anything.
    ...(layers !== undefined && layers !== 1 && { clipSkip: clipSkipOfLayers(layers) }),
  };
}
