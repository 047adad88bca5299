import type { UnetConfig } from '../checkpoints/configs/unet-config.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { Layers } from './layers.ts';
import type { TimeSignal } from './resnet-block.ts';
import { sinusoid } from './sinusoid.ts';

/** Width of the UNet's time embedding over that of its first level; fixed in diffusers. */
const widening = 4;

/** How projection_class_embeddings_input_dim divides: 6 time ids for a base checkpoint, 5 for the refiner. */
export interface AddedConditions {
  readonly pooledWidth: number;
  readonly timeIdCount: number;
}

/**
 * Time embedding plus text_time embedding of pooled prompt and time ids, through SiLU as every resnet wants
 * it. An LCM's UNet has the embedding of the guidance scale in its time embedding too (timestep_cond).
 */
export function timeSignal(
  graph: GraphBuilder,
  layers: Layers,
  config: UnetConfig,
  { pooledWidth, timeIdCount }: AddedConditions,
): TimeSignal {
  const firstWidth = config.block_out_channels[0]!;
  const width = widening * firstWidth;
  const waves = { flipSinToCos: config.flip_sin_to_cos, frequencyShift: config.freq_shift };
  const perceptron = (path: string, x: Value, inWidth: number) => {
    const first = layers.linear(`${path}.linear_1`, layers.valuesIn(path, x), inWidth, width);
    const hidden = layers.activation(path, 'silu', first);
    return layers.linear(`${path}.linear_2`, hidden, width, width);
  };

  const timestep = graph.input('timestep', 'float32', [1]);
  const sinusoids = sinusoid(
    graph,
    'time_proj',
    graph.node('time_proj', 'Reshape', [timestep, graph.integers(1, 1)]),
    { ...waves, width: firstWidth },
  );

  const conditionWidth = config.time_cond_proj_dim;
  // [1, width of the first level] + [batch, width of the first level].
  const time =
    conditionWidth === null
      ? sinusoids
      : graph.node('time_embedding.cond_proj', 'Add', [
          sinusoids,
          layers.valuesOut(
            'time_embedding.cond_proj',
            layers.linear(
              'time_embedding.cond_proj',
              layers.valuesIn(
                'time_embedding.cond_proj',
                graph.input('timestep_cond', 'float32', ['batch', conditionWidth]),
              ),
              conditionWidth,
              firstWidth,
              false,
            ),
          ),
        ]);

  const textEmbeds = graph.input('text_embeds', 'float32', ['batch', pooledWidth]);
  const timeIds = graph.input('time_ids', 'float32', ['batch', timeIdCount]);
  const idWidth = config.addition_time_embed_dim;
  const ids = sinusoid(
    graph,
    'add_time_proj',
    graph.node('add_time_proj', 'Reshape', [timeIds, graph.integers(-1, 1)]),
    { ...waves, width: idWidth },
  );
  const added = graph.node(
    'add_embedding',
    'Concat',
    [textEmbeds, graph.node('add_time_proj', 'Reshape', [ids, graph.integers(-1, timeIdCount * idWidth)])],
    { axis: { i: -1 } },
  );

  // [batch, width] + [1, width].
  const embedding = graph.node('time_embedding', 'Add', [
    perceptron('add_embedding', added, pooledWidth + timeIdCount * idWidth),
    perceptron('time_embedding', time, firstWidth),
  ]);
  return { value: layers.activation('time_embedding', 'silu', embedding), width };
}
