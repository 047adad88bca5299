import { applyStyle, canonicalStyle } from '../../text/styles.ts';
import { layersOfClipSkip } from '../a1111/override-settings.ts';
import { type LoraChoice, wireLora } from '../bodies/lora-fields.ts';
import { maxSeed } from '../bodies/variation-fields.ts';
import type { GenerationRequest } from '../generation.ts';
import { baseName, refinerName } from '../served-names.ts';
import { writeInfotext } from './infotext.ts';
import { labelsOf } from './sampler-labels.ts';

/** What of one picture its request does not say. */
export interface PictureFacts {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly seed: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** What made it, with its version. */
  readonly software: string;
}

/**
 * How a picture of a request was made, in the words and the order of A1111's create_infotext
 * (modules/processing.py, commit 0027ce1); `Scheduler` is ours: what its request says to the bit. A
 * style stands in the prompts, as there.
 */
export function infotextOf(request: GenerationRequest, picture: PictureFacts): string {
  const { steps, guidanceScale, rng, variation, seedResizeFrom, solverOptions = {} } = request;
  const { sizeConditioning: sizes = {}, loras = [] } = request;
  const { sampler, scheduleType, scheduler } = labelsOf(request.endpoint, request.scheduler);
  const isPictured = request.endpoint === 'sdxl-img2img';
  const isRefined = !isPictured && request.refiner && request.highNoiseFraction < 1;
  const fields: readonly (readonly [key: string, value: string | number | undefined])[] = [
    ['Steps', steps],
    ['Sampler', sampler],
    ['Schedule type', scheduleType],
    ['CFG scale', guidanceScale],
    ['CFG rescale phi', request.guidanceRescale],
    ['Guidance start', request.guidanceStart],
    ['Guidance end', request.guidanceEnd],
    ['Eta', solverOptions.eta],
    ['Sigma churn', solverOptions.sChurn],
    ['Sigma tmin', solverOptions.sTmin],
    ['Sigma tmax', solverOptions.sTmax],
    ['Sigma noise', solverOptions.sNoise],
    ['Step cache', request.stepCache && JSON.stringify(request.stepCache)],
    ['LoRAs', areSpeakable(loras) ? undefined : JSON.stringify(loras.map(wireLora))],
    ['Original size', sizes.originalSize && `[${sizes.originalSize.width},${sizes.originalSize.height}]`],
    ['Target size', sizes.targetSize && `[${sizes.targetSize.width},${sizes.targetSize.height}]`],
    ['Crop', sizes.crop && `[${sizes.crop.left},${sizes.crop.top}]`],
    ['Clip skip', request.clipSkip === undefined ? undefined : layersOfClipSkip(request.clipSkip)],
    ['Seed', picture.seed],
    ['Size', `${picture.width}x${picture.height}`],
    ['Model', isPictured ? request.baseModel : (request.model ?? baseName)],
    ['Variation seed', variation && (variation.seed + picture.index) % (maxSeed + 1)],
    ['Variation seed strength', variation?.strength],
    ['Seed resize from', seedResizeFrom && `${seedResizeFrom.width}x${seedResizeFrom.height}`],
    ['Denoising strength', isPictured ? request.strength : undefined],
    // Without it readers take the GPU's, which Philox gives.
    ['RNG', rng === 'torch-cpu' ? 'CPU' : undefined],
    ['Refiner', isRefined ? refinerName : undefined],
    ['Refiner switch at', isRefined ? request.highNoiseFraction : undefined],
    ['Scheduler', scheduler],
    ['Version', picture.software],
  ];
  return writeInfotext({
    ...promptsOf(request),
    fields: new Map(fields.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))),
  });
}

/** Whether `<lora:name:weight>` can say them all. */
function areSpeakable(loras: readonly LoraChoice[]): boolean {
  return loras.every(
    ({ name, weight, textEncoderWeight = weight }) =>
      !/[:<>]/.test(name) && [weight, textEncoderWeight].every((each) => /^-?[\d.]+$/.test(String(each))),
  );
}

/** A1111's own syntax: the weight of all, or those of the text encoders and the UNet. */
function loraTags(loras: readonly LoraChoice[]): string {
  const tags = loras.map(({ name, weight, textEncoderWeight: text }) =>
    text === undefined ? `<lora:${name}:${weight}>` : `<lora:${name}:${text}:${weight}>`,
  );
  return tags.join('');
}

/** The prompts of a request with its style applied, and its LoRAs as A1111's prompts name them. */
export function promptsOf(request: GenerationRequest): { prompt: string; negativePrompt: string } {
  const { negativePrompt } = request;
  const { loras = [] } = request;
  const prompt = request.prompt + (areSpeakable(loras) ? loraTags(loras) : '');
  const style = request.endpoint === 'sdxl-torch' ? canonicalStyle(request.style) : undefined;
  return style === undefined ? { prompt, negativePrompt } : applyStyle(style, prompt, negativePrompt);
}
