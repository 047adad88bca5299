import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts of a CPU profile of V8 that are read here (inspector protocol, Profiler.Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  /** Microseconds from one sample to the next. */
  readonly timeDeltas?: readonly number[];
}

const root = path.join(import.meta.dirname, '../../..');

/**
 * Milliseconds by file of ours, or by what else a thread was busy with; what V8 and native code did on a
 * function's behalf counts to its file. Idle time is left out.
 */
export function millisecondsByFile({
  nodes,
  samples = [],
  timeDeltas = [],
}: CpuProfile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, string>();
  const place = (id: number, above: string): void => {
    const { callFrame, children = [] } = byId.get(id)!;
    const { functionName, url } = callFrame;
    const own = url !== '' ? fileOf(url) : above === '' ? functionName : above;
    places.set(id, own === '(root)' ? '' : own);
    for (const child of children) place(child, places.get(id)!);
  };
  place(nodes[0]!.id, '');
  const spent = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const file = places.get(id)!;
    if (file === '(idle)') continue;
    // A delta ends with its own sample.
    spent.set(file, (spent.get(file) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1000);
  }
  return spent;
}

function fileOf(url: string): string {
  if (!url.startsWith('file:')) return url;
  const file = path.relative(root, fileURLToPath(url));
  return file.includes('node_modules') ? file.slice(file.lastIndexOf('node_modules')) : file;
}
