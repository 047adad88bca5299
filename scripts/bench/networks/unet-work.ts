import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import type { NetworkGraph } from '../../../src/graphs/graph.ts';
import { portableLayers } from '../../../src/graphs/portable-layers.ts';
import { separateSteady } from '../../../src/graphs/steady-graph.ts';
import { unetGraph } from '../../../src/graphs/unet.ts';
import type { UnetInput } from '../../../src/networks/networks.ts';
import type { Device } from '../../../src/networks/runtime/device.ts';
import { oracleNumbers } from '../../../src/networks/testing/oracle-inputs.ts';
import { countFlops } from './flops.ts';

export interface UnetWork {
  readonly graph: NetworkGraph;
  readonly timeIdCount: number;
  /** Two samples, as classifier-free guidance runs them. */
  readonly input: UnetInput;
  /** Shapes by graph input. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/**
 * One guided step of a checkpoint's UNet for a picture of `side` pixels, with inputs that other programs can
 * make too.
 */
export function unetWork({ unet, vae, requiresAestheticsScore }: Checkpoint, side: number): UnetWork {
  const { config } = unet;
  const timeIdCount = requiresAestheticsScore ? 5 : 6;
  const pooledWidth =
    config.projection_class_embeddings_input_dim - timeIdCount * config.addition_time_embed_dim;
  const latentSide = side / 2 ** (vae.config.block_out_channels.length - 1);
  const shapes = {
    sample: [2, config.in_channels, latentSide, latentSide],
    timestep: [1],
    encoder_hidden_states: [2, 77, config.cross_attention_dim],
    text_embeds: [2, pooledWidth],
    time_ids: [2, timeIdCount],
  };
  const timeIds = timeIdCount === 5 ? [side, side, 0, 0, 6] : [side, side, 0, 0, side, side];
  return {
    graph: unetGraph(config, portableLayers, { pooledWidth, timeIdCount }),
    timeIdCount,
    shapes,
    input: {
      latents: oracleNumbers(shapes.sample, 1),
      batch: 2,
      height: latentSide,
      width: latentSide,
      timestep: 500,
      encoderHiddenStates: oracleNumbers(shapes.encoder_hidden_states, 2),
      textEmbeds: oracleNumbers(shapes.text_embeds, 3),
      timeIds: Float32Array.from([...timeIds, ...timeIds]),
    },
  };
}

/**
 * Operations of a step that is not a prompt's first: on the CPU the prompt's keys and values are kept (see
 * openUnet).
 */
export function repeatedStepFlops({ graph, shapes }: UnetWork, device: Device): number {
  const whole = countFlops(graph, shapes).total;
  const kept = device === 'cpu' ? separateSteady(graph, ['encoder_hidden_states']) : undefined;
  return kept === undefined ? whole : whole - countFlops(kept.steady, shapes).total;
}
