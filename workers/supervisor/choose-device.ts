import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Config, readConfig } from '../../src/config/config.ts';
import { leastCudaBytes } from '../../src/installation/least-memory.ts';
import type { CudaDevice } from '../../src/networks/runtime/cuda/cuda-devices.ts';
import { hasCudaProvider } from '../../src/networks/runtime/cuda/cuda-folder.ts';
import type { Device } from '../../src/networks/runtime/device.ts';

/** A device that can be used and why, or why none can. */
export type CudaAnswer =
  | { readonly device: Device & `cuda:${number}`; readonly name: string; readonly freeBytes: number }
  | { readonly problem: string };

/** Answers whether some device has this many bytes free. */
export type LookForCuda = (bytes: number) => Promise<CudaAnswer>;

/**
 * The configuration with the device that DEVICE=auto stands for here and now: the first GPU where provider,
 * libraries, driver and enough free memory are there, else the CPU. It is decided once for a process, so that
 * what it makes again it makes on the same device. Any other device stays as it was set.
 * @param environment that the configuration was read from.
 */
export async function chooseDevice(
  config: Config,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  look: LookForCuda = lookForCuda,
): Promise<Config> {
  if (!config.isDeviceAutomatic) return config;
  // What is wrong with a models folder is told by whoever loads it.
  const bytes =
    config.modelsDir === undefined
      ? 0
      : await leastCudaBytes(config.modelsDir, config.serveModels).catch(() => 0);
  const answer = await look(bytes);
  if ('problem' in answer) return { ...config, deviceReason: `DEVICE=auto: no GPU: ${answer.problem}` };
  const { device, name, freeBytes } = answer;
  const deviceReason = `DEVICE=auto: ${name}, ${gigabytes(freeBytes)} free of the ${gigabytes(bytes)} needed at least`;
  return { ...readConfig({ ...environment, DEVICE: device }), isDeviceAutomatic: true, deviceReason };
}

/** Compute capabilities that the provider for CUDA 13 has machine code for (75;80;86;89;90a;120a, no PTX). */
const supported = /^(7\.5|8\.\d|9\.0|12\.0)$/;

/** The first device that can be used and has the memory. */
export function firstFit(devices: readonly CudaDevice[], bytes: number): CudaAnswer {
  const reasons: string[] = [];
  for (const { index, name, computeCapability, freeBytes } of devices) {
    if (!supported.test(computeCapability))
      reasons.push(
        `cuda:${index} (${name}) is of compute capability ${computeCapability}, for which the provider is not built`,
      );
    else if (freeBytes < bytes)
      reasons.push(
        `cuda:${index} (${name}) has ${gigabytes(freeBytes)} free, and ${gigabytes(bytes)} are needed at least`,
      );
    else return { device: `cuda:${index}`, name, freeBytes };
  }
  return { problem: reasons.join('; ') || 'the driver sees no device' };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const program = path.join(import.meta.dirname, '../look-for-cuda.ts');
const patienceMs = 60_000;

const lookForCuda: LookForCuda = async (bytes) => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return {
      problem: `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
    };
  if (!hasCudaProvider()) return { problem: 'the CUDA provider is not installed (npm run cuda:install)' };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, String(bytes)], {
      timeout: patienceMs,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as CudaAnswer;
  } catch (error) {
    const { signal, code } = error as { signal?: string; code?: number | string };
    return { problem: `looking for one ended with ${signal ?? `exit code ${code}`}` };
  }
};
