import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const runtime = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));

/** Whether ONNX Runtime's CUDA provider lies beside its own library, where `cuda:install` puts it. */
export const cudaProviderInstalled = existsSync(
  path.join(
    runtime,
    ...['bin', 'napi-v6', process.platform, process.arch],
    'libonnxruntime_providers_cuda.so',
  ),
);

/** Whether tests of CUDA run here: with a driver and the provider they must pass. */
export const cudaHere = cudaProviderInstalled && existsSync('/dev/nvidiactl');
