import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';

/** Files with headers as they are wanted, in a folder of their own. */
export function createHeaderFiles() {
  const folder = mkdtempSync(path.join(tmpdir(), 'safetensors-'));
  let count = 0;
  return {
    folder,
    remove: () => rmSync(folder, { recursive: true }),
    /** `header` is JSON text or a value; `dataBytes` zeros follow it. */
    fileOf: (header: unknown, dataBytes: number, claimedLength?: number): string => {
      const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(claimedLength ?? json.length));
      const file = path.join(folder, `${count++}.safetensors`);
      writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
      return file;
    },
  };
}

/** Why a file is not read, without its name. */
export async function refusal(file: string): Promise<string> {
  const error = await readSafetensorsHeader(file).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CheckpointError, String(error));
  assert.ok(error.message.startsWith(file), error.message);
  return error.message.slice(file.length + 2);
}

/** Two tensors that fit into 20 bytes. */
export const weight = { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] };
export const bias = { dtype: 'F32', shape: [2], data_offsets: [12, 20] };
