import type { Component } from '../checkpoints/checkpoint.ts';
import type { UnetConfig } from '../checkpoints/configs/unet-config.ts';
import type { NetworkGraph } from '../graphs/graph.ts';
import { pooledWidth } from '../graphs/pooled-width.ts';
import { unetGraph } from '../graphs/unet.ts';
import { layersFor } from './layers-for.ts';
import type { Unet, UnetInput } from './networks.ts';
import { type NetworkOptions, openSession } from './runtime/session.ts';
import type { Tensors } from './runtime/tensor-values.ts';
import { floatsOf, floatTensor, requireSize } from './runtime/tensors.ts';

export interface UnetOptions extends NetworkOptions {
  /**
   * Time ids the pipeline gives: 6 for base checkpoints, 5 where model_index.json requires an aesthetics
   * score.
   */
  readonly timeIdCount: number;
  /** As in GraphOptions; by default for large UNets. */
  readonly split?: boolean;
}

/**
 * Parameters from which a UNet is loaded in two threads on the CPU. SDXL's 2,567 million load in 12 s so
 * instead of 27; a few million load at once, and every part is one more hand-over in each step.
 */
const largeUnet = 100e6;

function isLarge({ weights }: NetworkGraph): boolean {
  const sizes = weights.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  return sizes.reduce((sum, size) => sum + size, 0) >= largeUnet;
}

/** Loads a UNet2DConditionModel. @throws CheckpointError or Error as openSession does. */
export async function openUnet(component: Component<UnetConfig>, options: UnetOptions): Promise<Unet> {
  const { config, name } = component;
  const { timeIdCount } = options;
  const pooled = pooledWidth(component, timeIdCount);
  const graph = unetGraph(config, layersFor(options, 'float16'), {
    pooledWidth: pooled,
    timeIdCount,
  });
  const session = await openSession(component, graph, options, {
    steadyInputs: ['encoder_hidden_states'],
    blockedLayout: true,
    split: options.split ?? isLarge(graph),
    capturable: true,
  });
  const contextWidth = config.cross_attention_dim;
  const condWidth = config.time_cond_proj_dim;

  const feeds = (input: UnetInput): Tensors => {
    const { latents, batch, height, width, timestep, encoderHiddenStates, textEmbeds, timeIds } = input;
    requireSize(`${name}: batch`, batch);
    requireSize(`${name}: height`, height);
    requireSize(`${name}: width`, width);
    if (!Number.isFinite(timestep))
      throw new Error(`${name}: timestep is ${timestep}; it must be a finite number`);
    const tokens = Math.max(1, Math.ceil(encoderHiddenStates.length / (batch * contextWidth)));
    const context = [batch, tokens, contextWidth];
    return {
      sample: floatTensor(`${name}: latents`, latents, [batch, config.in_channels, height, width]),
      timestep: floatTensor(`${name}: timestep`, Float32Array.of(timestep), [1]),
      encoder_hidden_states: floatTensor(`${name}: encoderHiddenStates`, encoderHiddenStates, context),
      text_embeds: floatTensor(`${name}: textEmbeds`, textEmbeds, [batch, pooled]),
      time_ids: floatTensor(`${name}: timeIds`, timeIds, [batch, timeIdCount]),
      ...(condWidth !== null && {
        timestep_cond: floatTensor(
          `${name}: timestepCond`,
          input.timestepCond ?? new Float32Array(batch * condWidth),
          [batch, condWidth],
        ),
      }),
    };
  };
  const { capture } = session;

  return {
    channels: config.in_channels,
    crossAttentionWidth: contextWidth,
    pooledWidth: pooled,
    timeIdCount,
    ...(condWidth !== null && { timestepCondWidth: condWidth }),
    release: session.release,
    warmedUp: session.warmedUp,
    ...(capture && { capture: async (input: UnetInput) => capture(feeds(input)) }),
    async predictNoise(input, signal) {
      const given = feeds(input);
      const { batch, height, width, target = new Float32Array(input.latents.length) } = input;
      const noise = floatTensor(`${name}: target`, target, [batch, config.out_channels, height, width]);
      return floatsOf(await session.run(given, signal, { noise }), 'noise');
    },
  };
}
