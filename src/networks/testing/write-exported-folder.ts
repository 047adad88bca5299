import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Checkpoint, Component } from '../../checkpoints/checkpoint.ts';
import { clipTextGraph } from '../../graphs/clip.ts';
import type { NetworkGraph } from '../../graphs/graph.ts';
import { placeWeights } from '../../graphs/place-weights.ts';
import { portableLayers } from '../../graphs/portable-layers.ts';
import { unetGraph } from '../../graphs/unet.ts';
import { vaeGraph } from '../../graphs/vae.ts';
import { type DataType, dataTypes, encodeModel, type Model, type Node } from '../../onnx/onnx-proto.ts';

export interface ExportStyle {
  /** Element type of inputs and outputs, but for token ids and the timestep. */
  readonly floats?: 'float32' | 'float16';
  readonly timestep?: 'float32' | 'float16' | 'int64';
  /** A scalar, or a list of one. */
  readonly timestepShape?: readonly (number | string)[];
  /** The VAE encoder's output. */
  readonly moments?: string;
}

/** Exporter's name by ours, for inputs and outputs. */
type Names = Readonly<Record<string, string>>;

/** The file beside each model.onnx that its weights are in. */
export const dataName = 'model.onnx_data';

/**
 * Writes a checkpoint of one weight file per component as an exporter would: names, element types and
 * external data as Hugging Face optimum leaves them. For tests of reading such folders.
 */
export function writeExportedFolder(
  checkpoint: Checkpoint,
  directory: string,
  style: ExportStyle = {},
): void {
  const {
    floats = 'float32',
    timestep = 'float32',
    timestepShape = [],
    moments = 'latent_parameters',
  } = style;
  const { unet, vae, textEncoders, requiresAestheticsScore } = checkpoint;
  cpSync(checkpoint.directory, directory, {
    recursive: true,
    filter: (source) => !source.endsWith('.safetensors'),
  });
  const write = (
    name: string,
    component: Component<unknown>,
    graph: NetworkGraph,
    names: Names,
    change = (model: Model) => model,
  ) => {
    const folder = path.join(directory, name);
    mkdirSync(folder, { recursive: true });
    copyFileSync(path.join(component.directory, 'config.json'), path.join(folder, 'config.json'));
    const { model } = placeWeights(graph, component);
    const [weights] = component.tensors.values();
    copyFileSync(weights!.file, path.join(folder, dataName));
    const portTypes = { timestep, input_ids: 'int64' as const };
    const foreign = change(withForeignPorts(model, names, (port) => portTypes[port as never] ?? floats));
    writeFileSync(path.join(folder, 'model.onnx'), encodeModel(withDataIn(foreign, dataName)));
  };

  write(
    'unet',
    unet,
    unetGraph(unet.config, portableLayers, {
      pooledWidth: textEncoders.at(-1)!.config.projection_dim,
      timeIdCount: requiresAestheticsScore ? 5 : 6,
    }),
    { noise: 'out_sample' },
    (model) => withTimestepShape(model, timestepShape),
  );
  write('vae_encoder', vae, vaeGraph(vae.config, 'encoder', portableLayers), { pixels: 'sample', moments });
  write('vae_decoder', vae, vaeGraph(vae.config, 'decoder', portableLayers), {
    latents: 'latent_sample',
    pixels: 'sample',
  });
  for (const encoder of textEncoders) {
    const hasProjection = encoder.name === 'text_encoder_2';
    const last = encoder.config.num_hidden_layers - 1;
    write(
      encoder.name,
      encoder,
      withEveryState(clipTextGraph(encoder.config, portableLayers, hasProjection)),
      {
        ...Object.fromEntries(
          Array.from({ length: last }, (_, skip) => [
            stateName(skip + 1),
            `hidden_states.${last - skip - 1}`,
          ]),
        ),
        ...{ hidden_states: `hidden_states.${last}`, pooled: 'text_embeds' },
      },
      (model) => withFixedInputs(hasProjection ? withOwnPooling(model) : model, encoder.config.hidden_size),
    );
  }
}

const cast = (from: string, to: string, type: DataType): Node => ({
  name: `cast ${to}`,
  domain: '',
  op: 'Cast',
  inputs: [from],
  outputs: [to],
  attributes: { to: { i: dataTypes[type] } },
});

/**
 * Every value of the graph moves behind "inner/", and ports of other names and types are set before and
 * after.
 */
function withForeignPorts(model: Model, names: Names, typeOf: (port: string) => DataType): Model {
  const ports = new Set([...model.inputs, ...model.outputs].map(({ name }) => name));
  const inner = (name: string) => (ports.has(name) ? `inner/${name}` : name);
  const foreign = (name: string) => names[name] ?? name;
  return {
    ...model,
    inputs: model.inputs.map((port) => ({ ...port, name: foreign(port.name), dataType: typeOf(port.name) })),
    outputs: model.outputs.map((port) => ({
      ...port,
      name: foreign(port.name),
      dataType: typeOf(port.name),
    })),
    nodes: [
      ...model.inputs.map(({ name, dataType }) => cast(foreign(name), inner(name), dataType)),
      ...model.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(inner),
        outputs: node.outputs.map(inner),
      })),
      ...model.outputs.map(({ name }) => cast(inner(name), foreign(name), typeOf(name))),
    ],
  };
}

/** Exported timesteps are often scalars; the graph's own is a list of one. */
function withTimestepShape(model: Model, shape: readonly (number | string)[]): Model {
  if (shape.length > 0)
    return {
      ...model,
      inputs: model.inputs.map((port) => (port.name === 'timestep' ? { ...port, shape } : port)),
    };
  const axes = { name: 'axes', dataType: 'int64', shape: [1], data: new Uint8Array(8) } as const;
  const list: Node = {
    name: 'timestep as list',
    domain: '',
    op: 'Unsqueeze',
    inputs: ['timestep', 'axes'],
    outputs: ['timestep/list'],
    attributes: {},
  };
  return {
    ...model,
    initializers: [...model.initializers, axes],
    inputs: model.inputs.map((port) => (port.name === 'timestep' ? { ...port, shape: [] } : port)),
    nodes: [
      list,
      ...model.nodes.map((node) =>
        node.inputs[0] === 'timestep' ? { ...node, inputs: ['timestep/list'] } : node,
      ),
    ],
  };
}

const stateName = (skip: number) => `state before ${skip} more`;

/** Exporters give the states between all layers. */
function withEveryState(graph: NetworkGraph): NetworkGraph {
  const states = graph.nodes.filter(({ op, name }) => op === 'Unsqueeze' && name.startsWith('hidden_states'));
  const shape = graph.outputs.find(({ name }) => name === 'hidden_states')!.shape;
  const before = states.slice(1).map(
    ({ inputs }, index): Node => ({
      name: stateName(index + 1),
      domain: '',
      op: 'Identity',
      inputs: [inputs[0]!],
      outputs: [stateName(index + 1)],
      attributes: {},
    }),
  );
  return {
    ...graph,
    nodes: [...graph.nodes, ...before],
    outputs: [
      ...graph.outputs,
      ...before.map(({ outputs }) => ({ name: outputs[0]!, dataType: 'float32' as const, shape })),
    ],
  };
}

/** Exporters know of no vectors and leave out no layers. */
function withFixedInputs(model: Model, width: number): Model {
  const fixed = { vectors: [1, 1, width], has_vector: [1, 1, 1], clip_skip: [] };
  return {
    ...model,
    inputs: model.inputs.filter(({ name }) => !Object.hasOwn(fixed, name)),
    initializers: [
      ...model.initializers,
      ...Object.entries(fixed).map(([name, shape]) => {
        const dataType = name === 'clip_skip' ? ('int64' as const) : ('float32' as const);
        const bytes = shape.reduce<number>((product, side) => product * side, name === 'clip_skip' ? 8 : 4);
        return { name: `inner/${name}`, dataType, shape, data: new Uint8Array(bytes) };
      }),
    ],
    nodes: model.nodes.filter(
      ({ outputs }) => !Object.keys(fixed).some((name) => outputs[0] === `inner/${name}`),
    ),
  };
}

/** The place of the end token found in the graph, as transformers traces it: the first of the highest id. */
function withOwnPooling(model: Model): Model {
  const highest: Node = {
    name: 'end of text',
    domain: '',
    op: 'ArgMax',
    inputs: ['ids as floats'],
    outputs: ['inner/pooled_at'],
    attributes: { axis: { i: 1 }, keepdims: { i: 0 } },
  };
  return {
    ...model,
    inputs: model.inputs.filter(({ name }) => name !== 'pooled_at'),
    nodes: [
      cast('input_ids', 'ids as floats', 'float32'),
      highest,
      ...model.nodes.filter(({ outputs }) => outputs[0] !== 'inner/pooled_at'),
    ],
  };
}

function withDataIn(model: Model, file: string): Model {
  return {
    ...model,
    initializers: model.initializers.map((initializer) =>
      initializer.data instanceof Uint8Array
        ? initializer
        : { ...initializer, data: { ...initializer.data, file } },
    ),
  };
}
