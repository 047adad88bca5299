import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { openProtobuf, ProtobufError, type ProtobufFile, type Span } from '../../onnx/protobuf-file.ts';
import { CheckpointError } from '../checkpoint-error.ts';

/**
 * Which messages can hold a tensor, and through which fields they are reached: github.com/onnx/onnx,
 * onnx/onnx.proto at v1.18.0. Graphs nest in attributes (If, Loop, Scan), functions and training information.
 */
const children: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
};
const externalDataField = 13;
const keyField = 1;
const valueField = 2;
/** Deeper nesting than any exporter makes; ends a file made to exhaust the stack. */
const deepest = 64;

/**
 * The `location` of every tensor of a model that is kept in another file, without repeats.
 * @throws CheckpointError
 */
export function externalLocations(file: string): string[] {
  const model = openProtobuf(file);
  const found = new Set<string>();
  const visit = (kind: string, span: Span, depth: number): void => {
    if (depth > deepest) throw new CheckpointError(`${file}: graphs are nested more than ${deepest} deep`);
    for (const field of model.fields(span)) {
      if (field.span === undefined) continue;
      const child = children[kind]?.[field.number];
      if (child !== undefined) visit(child, field.span, depth + 1);
      else if (kind === 'tensor' && field.number === externalDataField) {
        const [key, value] = entryOf(model, field.span);
        if (key === 'location') found.add(value);
      }
    }
  };
  try {
    visit('model', model.whole, 0);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new CheckpointError(`${file}: not an ONNX model (${error.message})`);
  } finally {
    model.close();
  }
  return [...found];
}

function entryOf(model: ProtobufFile, span: Span): [key: string, value: string] {
  const texts = new Map<number, string>();
  for (const field of model.fields(span))
    if (field.span !== undefined) texts.set(field.number, model.text(field.span));
  return [texts.get(keyField) ?? '', texts.get(valueField) ?? ''];
}

/**
 * Refuses a model that would make ONNX Runtime read anything but regular files of its own folder: absolute
 * paths, `..`, links out, and files that have another name elsewhere (CVE-2022-25882, CVE-2024-27318,
 * CVE-2026-27489, CVE-2026-34446, CVE-2026-34447).
 * @returns the files the model reads besides itself, absolute.
 * @throws CheckpointError naming the model and the path.
 */
export async function requireOwnData(file: string): Promise<string[]> {
  const folder = await realpath(path.dirname(file)).catch(() => path.dirname(file));
  const model = path.join(folder, path.basename(file));
  await requirePlainFile(model, file);
  const files = [];
  for (const location of externalLocations(model)) {
    const parts = location.split(/[/\\]/);
    if (location === '' || location.includes('\0') || path.isAbsolute(location) || parts.includes('..'))
      throw new CheckpointError(
        `${file}: its weights are said to be in ${JSON.stringify(location)}, which is no path inside its folder`,
      );
    const place = path.join(folder, location);
    await requirePlainFile(place, file);
    files.push(place);
  }
  return files;
}

/** @param place in a folder whose own path holds no link. */
async function requirePlainFile(place: string, model: string): Promise<void> {
  const fail = (problem: string): never => {
    throw new CheckpointError(`${model}: ${place} ${problem}`);
  };
  const status = await lstat(place).catch(() => undefined);
  if (status === undefined) return fail('is missing');
  const real = await realpath(place).catch(() => undefined);
  if (real !== place) return fail(`is a link to ${real ?? 'nothing'}; put the file itself there (cp -L)`);
  if (!status.isFile()) return fail('is no regular file');
  if (status.nlink > 1) return fail('has another name elsewhere (a hard link); put a copy there');
}
