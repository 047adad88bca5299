/**
 * What a LoRA costs in each step if it is not merged: low-rank branches, x down up beside x W, with down and
 * up as inputs of the graph, over all attention layers of SDXL's UNet, one row of 1024 x 1024, in float32.
 * Each shape of layer is a graph of its own with the branch and without, run in turn.
 *     node scripts/bench/lora-branches.ts [--rank 32] [--rounds 7]
 */
import { parseArgs } from 'node:util';
import { openInferenceSession } from '../../src/networks/runtime/inference-session.ts';
import { encodeModel, type Model, type Node } from '../../src/onnx/onnx-proto.ts';
import { table } from '../cli/download/sizes.ts';
import { machineFacts } from './machine.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: { rank: { type: 'string', default: '32' }, rounds: { type: 'string', default: '7' } },
});
const [rank, rounds] = [Number(values.rank), Number(values.rounds)];

interface Layer {
  readonly what: string;
  readonly tokens: number;
  readonly inputs: number;
  readonly outputs: number;
  /** How often SDXL's UNet has it: 10 transformer blocks of width 640 and 60 of 1280. */
  readonly count: number;
}
const layers: readonly Layer[] = [
  { what: 'projections of 640', tokens: 4096, inputs: 640, outputs: 640, count: 10 * 6 },
  { what: 'of text to 640', tokens: 77, inputs: 2048, outputs: 640, count: 10 * 2 },
  { what: 'projections of 1280', tokens: 1024, inputs: 1280, outputs: 1280, count: 60 * 6 },
  { what: 'of text to 1280', tokens: 77, inputs: 2048, outputs: 1280, count: 60 * 2 },
];

const wave = (length: number) => Float32Array.from({ length }, (_, at) => Math.sin(at) / 8);

function graph({ inputs, outputs }: Layer, isBranched: boolean): Model {
  const port = (name: string, shape: readonly (number | string)[]) => ({
    ...({ name, dataType: 'float32', shape } as const),
  });
  const node = (op: string, from: readonly string[], output: string): Node => ({
    ...{ name: output, domain: '', op, inputs: from, outputs: [output], attributes: {} },
  });
  return {
    ...{ name: 'layer', opsets: { '': 18 } },
    inputs: [
      port('x', ['tokens', inputs]),
      ...(isBranched ? [port('down', [inputs, 'rank']), port('up', ['rank', outputs])] : []),
    ],
    outputs: [port('y', ['tokens', outputs])],
    initializers: [
      {
        ...{ name: 'weight', dataType: 'float32', shape: [inputs, outputs] },
        data: new Uint8Array(wave(inputs * outputs).buffer),
      },
    ],
    nodes: isBranched
      ? [
          node('MatMul', ['x', 'weight'], 'whole'),
          node('MatMul', ['x', 'down'], 'low'),
          node('MatMul', ['low', 'up'], 'change'),
          node('Add', ['whole', 'change'], 'y'),
        ]
      : [node('MatMul', ['x', 'weight'], 'y')],
  };
}

/** Seconds of CPU of one run of each, in turn. */
async function measure(layer: Layer): Promise<{ merged: number; branched: number }> {
  const { tokens, inputs, outputs } = layer;
  const x = { data: wave(tokens * inputs), shape: [tokens, inputs] };
  const branch = {
    down: { data: wave(inputs * rank), shape: [inputs, rank] },
    up: { data: wave(rank * outputs), shape: [rank, outputs] },
  };
  const sides = [
    { session: await openInferenceSession(encodeModel(graph(layer, false)), { device: 'cpu' }), feed: { x } },
    {
      session: await openInferenceSession(encodeModel(graph(layer, true)), { device: 'cpu' }),
      feed: { x, ...branch },
    },
  ];
  const seconds: number[][] = [[], []];
  // The first run of each warms it up.
  for (let round = 0; round <= rounds; round++)
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const began = process.cpuUsage();
      await sides[index]!.session.run(sides[index]!.feed);
      const { user, system } = process.cpuUsage(began);
      if (round > 0) seconds[index]!.push((user + system) / 1e6);
    }
  for (const { session } of sides) await session.release();
  return { merged: median(seconds[0]!), branched: median(seconds[1]!) };
}

const measured: (Layer & Awaited<ReturnType<typeof measure>>)[] = [];
for (const layer of layers) measured.push({ ...layer, ...(await measure(layer)) });
const sum = (of: 'merged' | 'branched') =>
  measured.reduce((all, { count, [of]: seconds }) => all + count * seconds, 0);
console.log(JSON.stringify(machineFacts()));
const rows = measured.map(({ what, count, merged, branched }) => [
  ...[what, String(count), (1000 * merged).toFixed(2), (1000 * branched).toFixed(2)],
  (branched / merged).toFixed(2),
]);
const [merged, branched] = [sum('merged'), sum('branched')];
console.log(
  `\n${table(
    [`rank ${rank}, ${rounds} rounds`, 'layers', 'merged, ms of CPU', 'with branch', 'ratio'],
    [
      ...rows,
      [
        ...['a step', '560', (1000 * merged).toFixed(0), (1000 * branched).toFixed(0)],
        (branched / merged).toFixed(2),
      ],
    ],
  )}`,
);
