import type { Component } from '../../checkpoints/checkpoint.ts';
import type { ClipTextConfig } from '../../checkpoints/configs/clip-text-config.ts';
import type { UnetConfig } from '../../checkpoints/configs/unet-config.ts';
import type { VaeConfig } from '../../checkpoints/configs/vae-config.ts';
import { clipTextGraph, clipTextInputs } from '../../graphs/clip.ts';
import { cudaLayers } from '../../graphs/cuda-layers.ts';
import type { NetworkGraph, Precision } from '../../graphs/graph.ts';
import { unetGraph } from '../../graphs/unet.ts';
import { vaeGraph } from '../../graphs/vae.ts';
import { vaeGeometry } from '../networks.ts';
import { arrange } from '../runtime/weights/weight-memory.ts';
import type { RunShape } from './run-memory.ts';

/** A network as a CUDA device has it: bytes of its weights, and its runs with the shapes of their inputs. */
export interface NetworkRuns {
  readonly weights: number;
  readonly runs: readonly RunShape[];
}

/** What of a worker's options decides its graphs. */
export interface GraphChoices {
  readonly vaePrecision: Precision;
  readonly deterministic: boolean;
  /** Whether pictures are encoded too. */
  readonly encodes: boolean;
}

/** One chunk of a prompt. */
export function textEncoderRuns(
  { className, config }: Component<ClipTextConfig>,
  { deterministic }: GraphChoices,
): NetworkRuns {
  const hasProjection = className === 'CLIPTextModelWithProjection';
  const graph = clipTextGraph(config, cudaLayers('float16', { deterministic }), hasProjection);
  const inputs = clipTextInputs(config, hasProjection);
  return { weights: weightBytes(graph), runs: [{ graph, inputs }] };
}

export interface StepShape {
  /** Samples and prompts together: two for a sample with guidance. */
  readonly batch: number;
  /** Of the latents. */
  readonly side: number;
  /** Of one chunk of the prompt. */
  readonly tokens: number;
  readonly pooledWidth: number;
  readonly timeIdCount: number;
}

/** One step. */
export function unetRuns(
  { config }: Component<UnetConfig>,
  shape: StepShape,
  { deterministic }: GraphChoices,
): NetworkRuns {
  const { batch, side, tokens, pooledWidth, timeIdCount } = shape;
  const layers = cudaLayers('float16', { deterministic });
  const graph = unetGraph(config, layers, { pooledWidth, timeIdCount });
  const inputs = {
    sample: [batch, config.in_channels, side, side],
    timestep: [1],
    encoder_hidden_states: [batch, tokens, config.cross_attention_dim],
    text_embeds: [batch, pooledWidth],
    time_ids: [batch, timeIdCount],
    ...(config.time_cond_proj_dim !== null && { timestep_cond: [batch, config.time_cond_proj_dim] }),
  };
  return { weights: weightBytes(graph), runs: [{ graph, inputs }] };
}

/**
 * Both halves' weights; a decode, and before it an encode where pictures are encoded too.
 * @param side of the latents.
 */
export function vaeRuns(
  { config }: Component<VaeConfig>,
  side: number,
  { vaePrecision, deterministic, encodes }: GraphChoices,
): NetworkRuns {
  const layers = cudaLayers(vaePrecision, { deterministic });
  const [encoder, decoder] = [vaeGraph(config, 'encoder', layers), vaeGraph(config, 'decoder', layers)];
  const pixels = side * vaeGeometry(config).factor;
  const encode = { graph: encoder, inputs: { pixels: [1, config.in_channels, pixels, pixels] } };
  const decode = { graph: decoder, inputs: { latents: [1, config.latent_channels, side, side] } };
  return {
    weights: weightBytes(encoder) + weightBytes(decoder),
    runs: encodes ? [encode, decode] : [decode],
  };
}

/** In one piece of memory, see arrange. */
function weightBytes({ weights }: NetworkGraph): number {
  return arrange(weights).bytes;
}
