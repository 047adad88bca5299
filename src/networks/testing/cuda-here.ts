import { existsSync } from 'node:fs';
import path from 'node:path';
import { cudaLibrary, runtimeFolder } from '../runtime/cuda/cuda-folder.ts';

/** Whether ONNX Runtime's CUDA provider lies beside its own library, where `cuda:install` puts it. */
export const cudaProviderInstalled = existsSync(path.join(runtimeFolder(), cudaLibrary));

/** Whether tests of CUDA run here: with a driver and the provider they must pass. */
export const cudaHere = cudaProviderInstalled && existsSync('/dev/nvidiactl');
