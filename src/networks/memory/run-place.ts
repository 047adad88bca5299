import type { Shape } from '../../graphs/infer-shapes.ts';
import type { Node } from '../../onnx/onnx-proto.ts';

/** Bytes that a node's kernel takes beside its outputs while it runs, all at once. */
export type Workspace = (
  node: Node,
  shapeOf: (value: string) => Shape,
  bytesOf: (value: string) => number,
) => readonly number[];

/** What of a device decides what a run allocates there. */
export interface RunPlace {
  /** Kernels that write over an input that nobody reads afterwards, where it is as large as their output. */
  readonly inPlace: ReadonlySet<string>;
  /** Whether what is fed is copied to the device first. */
  readonly copiesInputs: boolean;
  readonly workspace: Workspace;
}

const none: readonly number[] = [];
const attribute = ({ attributes }: Node, name: string): number => {
  const value = attributes[name];
  return value !== undefined && 'i' in value ? value.i : 0;
};

/** MLAS_CONV_WORKING_BUFFER_SIZE_PER_THREAD floats (core/mlas/lib/mlasi.h). */
const convolutionBytes = 64 * 2 ** 10;

/** What blocks of keys and values are cut to fit; half of what caches of servers have, most of others'. */
const cacheBytes = 2 ** 21;

/**
 * ONNX Runtime's CPU provider with that many threads: contrib_ops/cpu/bert/multihead_attention.cc (queries,
 * keys and values by head; flash attention's blocks, or with a mask all scores) and MLAS's convolutions.
 */
export function cpuPlace(threads: number): RunPlace {
  return {
    inPlace: new Set(['Add', 'Sub', 'Mul', 'QuickGelu', 'Gelu']),
    copiesInputs: false,
    workspace: (node, shapeOf, bytesOf) => {
      if (node.op === 'Conv') {
        const kernel = shapeOf(node.inputs[1]!).slice(2);
        return kernel.some((side) => side > 1) ? [threads * convolutionBytes] : none;
      }
      if (node.op !== 'MultiHeadAttention') return none;
      const [query, key] = node.inputs as [string, string];
      const [batch, tokens, width] = shapeOf(query) as [number, number, number];
      const keys = shapeOf(key)[1]!;
      const heads = attribute(node, 'num_heads');
      const byHead = node.inputs.slice(0, 3).map(bytesOf);
      if (attribute(node, 'unidirectional') === 1)
        return [...byHead, bytesOf(query), 4 * batch * heads * tokens * keys, 4 * batch * tokens * keys];
      const depth = width / heads;
      const columns = Math.max(1, Math.floor(cacheBytes / (4 * 2 * depth)));
      const [rows, block] = [Math.min(columns, 2 * depth, tokens), Math.min(columns, keys)];
      return [...byHead, 4 * threads * rows * (2 + block + depth)];
    },
  };
}

/**
 * The CUDA provider. Its attention kernels work on tokens as they are; what cuDNN's convolutions take beside
 * that depends on the card and is not known here.
 */
export const cudaPlace: RunPlace = {
  inPlace: new Set(['Add', 'Sub', 'Mul', 'QuickGelu', 'Gelu']),
  copiesInputs: true,
  workspace: () => none,
};
