import { arrayOver, type ElementType, elementBytes, elementCode, elementTypeOf } from '../element-types.ts';
import type { InferenceSession } from '../inference-session.ts';
import { loadLibrary } from '../library.ts';
import { countGraphs, type RunOptions } from '../runs/run-options.ts';
import { placeOf, type Tensor, type Tensors, type TensorValue, valueOverDevice } from '../tensor-values.ts';
import { allocateCuda, type CudaMemory } from './cuda-memory.ts';

/**
 * Runs of a session as CUDA graphs, whose kernels are launched at once instead of one by one. A graph is of
 * one shape of its inputs, and reads and writes the addresses that it was captured with: so each has memory
 * of its own.
 */
export interface CudaGraphs {
  /** Captures runs on inputs of these shapes. Their values do not matter. */
  capture(feeds: Tensors): Promise<void>;
  /** Replays the graph of the inputs' shapes; without a graph where there is none of them. */
  run(feeds: Tensors, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Gives the graphs' memory back. The session must have been released. */
  free(): void;
}

/** A tensor at a fixed place of the device. */
interface Place {
  readonly memory: CudaMemory;
  readonly value: TensorValue;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

interface Captured {
  readonly id: number;
  readonly inputs: ReadonlyMap<string, Place>;
  readonly outputs: ReadonlyMap<string, Place>;
}

/** @param session opened with `graphs`. @param index of its device. */
export function cudaGraphs(session: InferenceSession, index: number): CudaGraphs {
  const library = loadLibrary();
  const captured = new Map<string, Captured>();
  /** Of the numbers given; one that a failed capture had is not used again. */
  let last = 0;

  const place = ({ data, shape }: Tensor): Place => {
    const type = elementTypeOf(elementCode(data));
    const memory = allocateCuda(index, data.byteLength);
    const value = valueOverDevice(library, placeOf(index), memory.address, type, shape);
    return { memory, value, type, shape };
  };
  const places = (tensors: Tensors): Map<string, Place> =>
    new Map(Object.entries(tensors).map(([name, tensor]) => [name, place(tensor)]));

  const replay = async (
    { id, inputs, outputs }: Captured,
    feeds: Tensors,
    options: RunOptions,
  ): Promise<Record<string, Tensor>> => {
    const made: Record<string, Tensor> = {};
    const { targets = {} } = options;
    await session.runHeld(valuesOf(inputs), {
      ...options,
      into: valuesOf(outputs),
      graph: {
        id,
        before: () => {
          for (const [name, { memory }] of inputs) memory.write(feeds[name]!.data);
        },
        after: () => {
          for (const [name, { memory, type, shape }] of outputs) {
            const { data } = targets[name] ?? {
              data: arrayOver(type, new ArrayBuffer(sizeOf(type, shape))),
            };
            if (data.byteLength !== sizeOf(type, shape))
              throw new Error(`${name} takes ${sizeOf(type, shape)} bytes, not ${data.byteLength}`);
            memory.read(data);
            made[name] = { data, shape };
          }
        },
      },
    });
    return made;
  };

  return {
    capture: async (feeds) => {
      const key = shapesOf(feeds);
      if (captured.has(key)) return;
      // Says what the outputs' shapes are, and grows the arena to what the graph needs.
      const made = await session.run(feeds);
      const graph = { id: ++last, inputs: places(feeds), outputs: places(made) };
      countGraphs(1);
      try {
        await replay(graph, feeds, {});
        captured.set(key, graph);
      } catch (error) {
        free(graph);
        throw error;
      }
    },
    run: (feeds, options = {}) => {
      const found = captured.get(shapesOf(feeds));
      return found === undefined ? session.run(feeds, options) : replay(found, feeds, options);
    },
    free: () => {
      for (const graph of captured.values()) free(graph);
      captured.clear();
    },
  };
}

function free({ inputs, outputs }: Captured): void {
  countGraphs(-1);
  for (const { memory, value } of [...inputs.values(), ...outputs.values()]) {
    value.release();
    memory.free();
  }
}

const sizeOf = (type: ElementType, shape: readonly number[]): number =>
  shape.reduce((product, side) => product * side, elementBytes(type));

function shapesOf(feeds: Tensors): string {
  return Object.entries(feeds)
    .map(([name, { data, shape }]) => `${name} ${elementCode(data)} ${shape}`)
    .sort()
    .join('; ');
}

function valuesOf(places: ReadonlyMap<string, Place>): Record<string, TensorValue> {
  return Object.fromEntries([...places].map(([name, { value }]) => [name, value]));
}
