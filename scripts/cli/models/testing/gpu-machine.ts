import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MemoryLimit } from '../../../../src/installation/memory/memory-plans.ts';
import { cudaLibrary, sharedLibrary } from '../../../../src/networks/runtime/cuda/cuda-folder.ts';
import { type FakeLibrary, writeFakeLibrary } from '../../cuda/testing/fake-library.ts';
import { diagnose } from '../doctor.ts';

/** The libraries of CUDA that the provider of these machines needs. */
export const needed = ['libcublasLt.so.12', 'libcublas.so.12', 'libcudart.so.12', 'libcudnn.so.9'];
const cudnnParts = ['graph', 'ops', 'cnn', 'heuristic', 'engines_precompiled', 'engines_runtime_compiled'];

/** Machines as doctor looks at them: folders with programs, libraries and what the kernel tells. */
export function createMachines() {
  const root = mkdtempSync(path.join(tmpdir(), 'doctor-'));
  const modelsDir = path.join(root, 'models');
  let machine = '';
  let count = 0;
  const at = (...names: string[]) => path.join(machine, ...names);
  const script = (name: string, body: string): void => {
    writeFileSync(at('bin', name), `#!/bin/sh\n${body}\n`);
    chmodSync(at('bin', name), 0o755);
  };
  return {
    modelsDir,
    /** A path of the present machine. */
    at,
    script,
    /** The next one has nothing but these folders. */
    next: (): void => {
      machine = path.join(root, String(count++));
      for (const folder of ['bin', 'binding', 'cuda', 'sys'])
        mkdirSync(path.join(machine, folder), { recursive: true });
      script('ldconfig', 'printf "0 libs\\n"');
    },
    remove: () => rmSync(root, { recursive: true }),
    installProvider: (options: FakeLibrary = {}): void => {
      writeFakeLibrary(at('binding', cudaLibrary), {
        needed,
        runpath: '$ORIGIN',
        tail: 'onnxruntime 1.30.0',
        ...options,
      });
      writeFakeLibrary(at('binding', sharedLibrary));
    },
    installCuda: (cudnn = '9.12.0'): void => {
      for (const soname of needed.slice(0, 3)) writeFakeLibrary(at('cuda', soname), { soname });
      writeFakeLibrary(at('cuda', `libcudnn.so.${cudnn}`), { soname: 'libcudnn.so.9' });
      symlinkSync(`libcudnn.so.${cudnn}`, at('cuda', 'libcudnn.so.9'));
      for (const part of cudnnParts) writeFakeLibrary(at('cuda', `libcudnn_${part}.so.9`));
    },
    gpu: (memory: string, capability = '9.0', driver = '570.86.15') =>
      script('nvidia-smi', `echo "0, NVIDIA H200, ${driver}, ${memory}, ${capability}"`),
    look: (
      own: { modelsDir?: string; libraryPath?: string; residentModels?: number; limit?: MemoryLimit } = {},
    ) =>
      diagnose({
        modelsDir: own.modelsDir,
        settings: {
          ...{ vaePrecision: 'float16', deterministic: false, vaeTiling: 'auto', batch: 1 },
          residentModels: own.residentModels ?? 2,
          deviceMemoryLimit: own.limit,
        },
        environment: { PATH: at('bin'), LD_LIBRARY_PATH: own.libraryPath ?? at('cuda') },
        folder: at('binding'),
        version: '1.30.0',
        root: at('sys'),
      }),
  };
}
