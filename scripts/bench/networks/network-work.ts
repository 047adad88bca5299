import type { Checkpoint, Component } from '../../../src/checkpoints/checkpoint.ts';
import type { NetworkGraph } from '../../../src/graphs/graph.ts';
import { placeWeights } from '../../../src/graphs/place-weights.ts';
import { portableLayers } from '../../../src/graphs/portable-layers.ts';
import { vaeGraph } from '../../../src/graphs/vae.ts';
import { openInferenceSession } from '../../../src/networks/runtime/inference-session.ts';
import type { SessionOptions } from '../../../src/networks/runtime/session-options.ts';
import { oracleNumbers } from '../../../src/networks/testing/oracle-inputs.ts';
import { encodeModel } from '../../../src/onnx/onnx-proto.ts';
import { unetWork } from './unet-work.ts';

/** One call of a network: its graph, and what is fed to it. */
export interface NetworkWork {
  readonly component: Component<unknown>;
  readonly graph: NetworkGraph;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly feeds: Readonly<Record<string, Float32Array>>;
}

/** @param network unet (a guided step), vae-encoder or vae-decoder. @param side of the picture, in pixels. */
export function networkWork(network: string, checkpoint: Checkpoint, side: number): NetworkWork {
  const { unet, vae } = checkpoint;
  const { graph, input, shapes } = unetWork(checkpoint, side);
  const { config } = vae;
  switch (network) {
    case 'unet':
      return {
        component: unet,
        graph,
        shapes,
        feeds: {
          sample: input.latents,
          timestep: Float32Array.of(input.timestep),
          encoder_hidden_states: input.encoderHiddenStates,
          text_embeds: input.textEmbeds,
          time_ids: input.timeIds,
        },
      };
    case 'vae-encoder': {
      const pixels = [1, config.in_channels, side, side];
      const encoder = vaeGraph(config, 'encoder', portableLayers);
      return {
        component: vae,
        graph: encoder,
        shapes: { pixels },
        feeds: { pixels: oracleNumbers(pixels, 5) },
      };
    }
    case 'vae-decoder': {
      const latents = [1, config.latent_channels, input.height, input.width];
      const decoder = vaeGraph(config, 'decoder', portableLayers);
      return {
        component: vae,
        graph: decoder,
        shapes: { latents },
        feeds: { latents: oracleNumbers(latents, 6) },
      };
    }
    default:
      throw new Error(`the network is ${network}; it must be unet, vae-encoder or vae-decoder`);
  }
}

export interface BareSession {
  run(): Promise<unknown>;
  /** Writes the profile, where the options ask for one. */
  endProfiling(): void;
  release(): Promise<void>;
}

/** Loads the graph whole, with any options of the runtime. */
export async function bareSession(
  { component, graph, shapes, feeds }: NetworkWork,
  options: SessionOptions,
): Promise<BareSession> {
  const { model, folder } = placeWeights(graph, component);
  const session = await openInferenceSession(encodeModel(model), {
    ...options,
    config: { ...options.config, model_external_initializers_file_folder_path: folder },
  });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, data]) => [name, { data, shape: shapes[name]! }]),
  );
  return {
    run: () => session.run(tensors),
    endProfiling: session.endProfiling,
    release: session.release,
  };
}
