/**
 * What ONNX Runtime's CUDA provider does with memory, threads and graphs under our runtime, seen without a
 * GPU:
 *     npm run check:cuda-bookkeeping -- [--fake DIR] [--wheel FILE] [--only NAME] [--keep]
 * The real provider runs over a fake CUDA runtime whose device memory is the machine's and whose kernels do
 * nothing, so that it says nothing about numbers or speed. DIR (default ../shared/fakecuda) has its sources:
 * build.py, which is called with the provider and a folder, needs gcc, and leaves libraries that log their
 * calls to $FAKE_CUDA_LOG. The wheel of onnxruntime-gpu is fetched with pip where it is not given (247 MB).
 * For Linux x64.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CudaRecord, cudaLibrary, recordName } from '../../src/networks/runtime/cuda/cuda-folder.ts';
import { runtimeRelease, shippedFolder } from '../../src/networks/runtime/runtime.ts';
import { providerPlaces } from '../cli/cuda/cuda-packages.ts';
import { loadingOrder } from '../cli/cuda/loading-order.ts';
import { unpackLibraries } from '../cli/cuda/unpack-libraries.ts';
import { readSteps } from './cuda-bookkeeping/calls.ts';
import { expectations } from './cuda-bookkeeping/expectations.ts';
import { scenarios } from './cuda-bookkeeping/scenarios.ts';

const { values } = parseArgs({
  options: {
    fake: { type: 'string', default: path.join(import.meta.dirname, '../../../shared/fakecuda') },
    wheel: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const work = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
const [runtime, fake, driver] = ['runtime', 'fake', 'driver'].map((name) => path.join(work, name)) as [
  string,
  string,
  string,
];

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
    // The driver's library alone is found by the loader, all others by their place.
    env: { ...process.env, LD_LIBRARY_PATH: driver, FAKE_CUDA_LOG: log },
    stdio: ['ignore', 'pipe', values.keep ? 'inherit' : 'ignore'],
  });
  return expectations[name]!(readSteps(log), JSON.parse(output));
}

let failures = 0;
try {
  mkdirSync(runtime);
  const wheel = values.wheel ?? wheelOf(runtimeRelease);
  for (const [name, bytes] of unpackLibraries(readFileSync(wheel), providerPlaces, wheel))
    writeFileSync(path.join(runtime, name), bytes);
  // As cuda:install links it: ONNX Runtime looks for its providers where the link is.
  symlinkSync(path.join(shippedFolder, 'libonnxruntime.so.1'), path.join(runtime, 'libonnxruntime.so.1'));
  execFileSync('python3', [path.join(values.fake, 'build.py'), path.join(runtime, cudaLibrary), fake]);
  const names = globSync('lib*.so.*', { cwd: fake }).filter((name) => /\.so\.\d+$/.test(name));
  mkdirSync(driver);
  for (const name of names)
    copyFileSync(path.join(fake, name), path.join(name === 'libcuda.so.1' ? driver : runtime, name));
  const libraries = names.filter((name) => name !== 'libcuda.so.1');
  const order = await loadingOrder(runtime, [{ name: 'fake', url: '', sha256: '', libraries }]);
  const record: CudaRecord = { version: runtimeRelease, packages: [], bytes: {}, order };
  writeFileSync(path.join(runtime, recordName), JSON.stringify(record));
  console.log(`opened by their places, in this order: ${order.join(', ')}`);
  for (const name of Object.keys(scenarios).filter((each) => each === (values.only ?? each)))
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
