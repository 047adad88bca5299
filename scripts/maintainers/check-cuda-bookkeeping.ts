/**
 * What ONNX Runtime's CUDA provider does with memory, threads and graphs under our runtime, seen without a
 * GPU:
 *     npm run check:cuda-bookkeeping -- [--fake DIR] [--wheel FILE] [--keep]
 * The real provider runs over a fake CUDA runtime whose device memory is the machine's and whose kernels do
 * nothing, so that it says nothing about numbers or speed. DIR (default ../shared/fakecuda) has its sources:
 * build.py, which is called with the provider and a folder, needs gcc, and leaves libraries that log their
 * calls to $FAKE_CUDA_LOG. The wheel of onnxruntime-gpu is fetched with pip where it is not given (247 MB).
 * For Linux x64.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { unpackProvider } from '../cli/cuda/install-provider.ts';
import { bindingFolder, cudaLibrary, runtimeVersion } from '../cli/cuda/provider-files.ts';
import { readSteps } from './cuda-bookkeeping/calls.ts';
import { expectations } from './cuda-bookkeeping/expectations.ts';
import { scenarios } from './cuda-bookkeeping/scenarios.ts';

const { values } = parseArgs({
  options: {
    fake: { type: 'string', default: path.join(import.meta.dirname, '../../../shared/fakecuda') },
    wheel: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const work = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
const [runtime, fake] = [path.join(work, 'runtime'), path.join(work, 'fake')];

function wheelOf(version: string): string {
  const options = ['--no-deps', '--only-binary=:all:', '--dest', work];
  execFileSync('python3', ['-m', 'pip', 'download', ...options, `onnxruntime-gpu==${version}`]);
  return globSync(path.join(work, 'onnxruntime_gpu-*.whl'))[0]!;
}

/** Runs a scenario. @returns what was seen. @throws AssertionError where that is not what should be. */
function check(name: string): string {
  const log = path.join(work, `${name.replaceAll(' ', '-')}.log`);
  const program = path.join(import.meta.dirname, 'cuda-bookkeeping/scenario.ts');
  const output = execFileSync(process.execPath, [program, runtime, name], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: fake, FAKE_CUDA_LOG: log },
    stdio: ['ignore', 'pipe', values.keep ? 'inherit' : 'ignore'],
  });
  return expectations[name]!(readSteps(log), JSON.parse(output));
}

let failures = 0;
try {
  mkdirSync(runtime);
  const wheel = values.wheel ?? wheelOf(runtimeVersion);
  for (const [name, bytes] of unpackProvider(readFileSync(wheel), wheel))
    writeFileSync(path.join(runtime, name), bytes);
  copyFileSync(path.join(bindingFolder, 'libonnxruntime.so.1'), path.join(runtime, 'libonnxruntime.so.1'));
  execFileSync('python3', [path.join(values.fake, 'build.py'), path.join(runtime, cudaLibrary), fake]);
  for (const name of Object.keys(scenarios))
    try {
      console.log(`ok    ${name}: ${check(name)}`);
    } catch (error) {
      failures++;
      console.log(`wrong ${name}: ${(error as Error).message}`);
    }
} finally {
  if (values.keep) console.log(`kept: ${work}`);
  else rmSync(work, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;
