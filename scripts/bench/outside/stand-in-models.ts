import { publishedScheduler } from '../../../src/checkpoints/configs/published-configs.ts';
import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../../../src/networks/networks.ts';
import { openInferenceSession } from '../../../src/networks/runtime/inference-session.ts';
import { floatsOf, floatTarget, floatTensor } from '../../../src/networks/runtime/tensors.ts';
import { encodeModel, type Model } from '../../../src/onnx/onnx-proto.ts';
import { assembleModels, loadStageTokenizer, type Models } from '../../../src/pipelines/models.ts';

/** Of SDXL's text encoders in their order. */
const textWidths = [768, 1280] as const;
const tokens = 77;
const latentChannels = 4;
const factor = 8;

type Ports = Readonly<Record<string, readonly (number | string | null)[]>>;

function modelOf(name: string, inputs: Ports, outputs: Ports, parts: Pick<Model, 'nodes' | 'initializers'>) {
  const ports = (shapes: Ports): Model['inputs'] =>
    Object.entries(shapes).map(([port, shape]) => ({ name: port, dataType: 'float32', shape }));
  return encodeModel({
    ...{ name, opsets: { '': 18 }, inputs: ports(inputs), outputs: ports(outputs) },
    ...parts,
  });
}

const floats = (name: string, values: readonly number[], shape: readonly number[]) => ({
  ...{ name, dataType: 'float32' as const, shape },
  data: new Uint8Array(Float32Array.from(values).buffer),
});

async function openStandIn(model: Uint8Array) {
  return openInferenceSession(model, { device: 'cpu', threads: 1 });
}

/** Takes what SDXL's UNet takes, through a session; its noise is a share of the latents. */
async function openStandInUnet(crossAttentionWidth: number, timeIdCount: number): Promise<Unet> {
  const pooledWidth = 1280;
  const given = ['timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];
  // All inputs are read: what is not is taken out of the graph.
  const read = given.map((name) => `${name}_read`);
  const session = await openStandIn(
    modelOf(
      'unet',
      {
        ...{ sample: ['b', latentChannels, 'h', 'w'], timestep: [1] },
        ...{ encoder_hidden_states: ['b', 't', crossAttentionWidth], text_embeds: ['b', pooledWidth] },
        time_ids: ['b', timeIdCount],
      },
      { noise: ['b', latentChannels, 'h', 'w'], read: [null] },
      {
        initializers: [floats('share', [0.97], [])],
        nodes: [
          node('Mul', ['sample', 'share'], 'noise'),
          ...given.map((name, index) => node('Shape', [name], read[index]!)),
          node('Concat', read, 'shapes', { axis: { i: 0 } }),
          node('Cast', ['shapes'], 'read', { to: { i: 1 } }),
        ],
      },
    ),
  );
  return {
    ...{ channels: latentChannels, crossAttentionWidth, pooledWidth, timeIdCount },
    release: session.release,
    predictNoise: async ({ batch, height, width, ...input }, signal) => {
      const feeds = {
        sample: floatTensor('latents', input.latents, [batch, latentChannels, height, width]),
        timestep: floatTensor('timestep', Float32Array.of(input.timestep), [1]),
        encoder_hidden_states: floatTensor('encoderHiddenStates', input.encoderHiddenStates, [
          ...[batch, input.encoderHiddenStates.length / batch / crossAttentionWidth, crossAttentionWidth],
        ]),
        text_embeds: floatTensor('textEmbeds', input.textEmbeds, [batch, pooledWidth]),
        time_ids: floatTensor('timeIds', input.timeIds, [batch, timeIdCount]),
      };
      const target = input.target ?? new Float32Array(input.latents.length);
      const noise = floatTensor('target', target, [batch, latentChannels, height, width]);
      const run = { signal, outputs: ['noise'], targets: { noise } };
      return floatsOf(await session.run(feeds, run), 'noise');
    },
  };
}

const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Model['nodes'][number]['attributes'] = {},
): Model['nodes'][number] => ({ name: output, domain: '', op, inputs, outputs: [output], attributes });

/** Three of the latents' channels, each as large as its pixels. */
async function openStandInDecoder(): Promise<VaeDecoder> {
  const weights = [0.3, 0, 0, 0.1, 0, 0.3, 0, 0.1, 0, 0, 0.3, 0.1];
  const session = await openStandIn(
    modelOf(
      'decoder',
      { latents: [1, latentChannels, 'h', 'w'] },
      { pixels: [1, 3, null, null] },
      {
        initializers: [
          floats('colours', weights, [3, latentChannels, 1, 1]),
          floats('scales', [1, 1, factor, factor], [4]),
        ],
        nodes: [
          node('Conv', ['latents', 'colours'], 'small'),
          node('Resize', ['small', '', 'scales'], 'pixels', { mode: { s: 'linear' } }),
        ],
      },
    ),
  );
  return {
    ...{ factor, channels: latentChannels, scalingFactor: 0.13025 },
    release: session.release,
    decode: async (latents, height, width, signal) => {
      const feeds = { latents: floatTensor('latents', latents, [1, latentChannels, height, width]) };
      const pixels = floatTarget([1, 3, height * factor, width * factor]);
      return floatsOf(await session.run(feeds, { signal, targets: { pixels } }), 'pixels');
    },
  };
}

function standInTextEncoder(width: number): ClipTextEncoder {
  return {
    ...{ tokens, width, projectionWidth: width === 1280 ? width : undefined, deepestClipSkip: 0 },
    takesVectors: true,
    release: async () => undefined,
    encodePrompt: async (ids) => {
      const batch = ids.length / tokens;
      return {
        hiddenStates: Float32Array.from({ length: ids.length * width }, (_, at) => Math.sin(at)),
        pooled: new Float32Array(batch * width),
      };
    },
  };
}

/** SDXL's base and refiner in everything but what their networks compute. */
export async function openStandIns(): Promise<{ readonly base: Models; readonly refiner: Models }> {
  const encoders = textWidths.map((width) => standInTextEncoder(width));
  const stages = await Promise.all(
    encoders.map(async (encoder, index) => ({
      encoder,
      tokenizer: await loadStageTokenizer(undefined, index === encoders.length - 1),
    })),
  );
  const decoder = await openStandInDecoder();
  const encoder: VaeEncoder = {
    ...decoder,
    encode: async (_, height, width) => new Float32Array((2 * latentChannels * height * width) / factor ** 2),
  };
  const shared = { vaeDecoder: decoder, vaeEncoder: encoder, schedulerConfig: publishedScheduler };
  const [base, refiner] = await Promise.all(
    [
      { name: 'sdxl-base', used: stages, timeIdCount: 6 },
      { name: 'sdxl-refiner', used: stages.slice(1), timeIdCount: 5 },
    ].map(async ({ name, used, timeIdCount }) => {
      const width = used.reduce((sum, each) => sum + each.encoder.width, 0);
      const unet = await openStandInUnet(width, timeIdCount);
      return assembleModels({
        ...{ name, textStages: used, unet, forceZerosForEmptyPrompt: timeIdCount === 6 },
        ...shared,
      });
    }),
  );
  return { base: base!, refiner: refiner! };
}
