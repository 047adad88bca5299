import os from 'node:os';
import { readModelsFolder } from '../../../src/installation/installation.ts';
import { loadedBytes } from '../../../src/installation/model-facts.ts';
import { openUnmerged } from '../../../src/installation/open-model.ts';
import { runtimeFolder } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { runtimeRelease } from '../../../src/networks/runtime/runtime.ts';
import { driverFindings, type ModelNeed, memoryFindings } from '../cuda/device-findings.ts';
import { type Gpu, readDriver } from '../cuda/driver.ts';
import { type Finding, showFindings } from '../cuda/findings.ts';
import { libraryFindings } from '../cuda/library-findings.ts';
import { readLoaderPath } from '../cuda/loader.ts';
import { showBytes } from '../download/sizes.ts';

export interface DoctorOptions {
  readonly modelsDir: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How many a worker on a GPU keeps loaded at once. */
  readonly residentModels?: number;
  /** Of ONNX Runtime's library and its providers; tests hand in their own. */
  readonly folder?: string;
  readonly version?: string;
  /** Of /proc and /sys. */
  readonly root?: string;
}

export interface Diagnosis {
  readonly text: string;
  /**
   * Provider libraries and everything they need are there (a device may be elsewhere, as while an image is
   * built).
   */
  readonly librariesReady: boolean;
  /** And a driver and a device. */
  readonly cudaReady: boolean;
}

/** What this machine has and lacks for CUDA, in plain words, and what to do about it. */
export async function diagnose(options: DoctorOptions): Promise<Diagnosis> {
  const { environment, modelsDir, folder = runtimeFolder(), version = runtimeRelease, root = '/' } = options;
  const libraries =
    process.platform === 'linux' && process.arch === 'x64'
      ? await libraryFindings(folder, version, readLoaderPath(environment))
      : [
          {
            level: 'missing' as const,
            text: `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
          },
        ];
  const driver = await readDriver(environment, root);
  const device = driverFindings(driver);
  const needs = modelsDir === undefined ? { models: [], problems: [] } : await needsOf(modelsDir);
  const librariesReady = isReady(libraries);
  const cudaReady = librariesReady && isReady(device);
  const sections = new Map<string, readonly Finding[]>([
    [`ONNX Runtime ${version}: CUDA provider and its libraries`, libraries],
    ['NVIDIA driver and devices', device],
    [
      `Memory for the models in ${modelsDir ?? 'MODELS_DIR (unset)'}`,
      memory(driver.gpus, needs, options.residentModels ?? 2),
    ],
  ]);
  return {
    text: `${showFindings(sections)}\n\n${verdict(librariesReady, isReady(device))}`,
    librariesReady,
    cudaReady,
  };
}

function isReady(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== 'missing');
}

function verdict(libraries: boolean, device: boolean): string {
  if (libraries && device)
    return 'CUDA: everything that can be looked at is there. To run every network once: DEVICE=cuda:0 npm run models -- verify NAME';
  if (libraries)
    return 'CUDA: the libraries are complete, but there is no device here. DEVICE=cuda:N fails on this machine; DEVICE=cpu works.';
  return `CUDA: not usable here${device ? ', although there is a device' : ''}: see MISSING above. DEVICE=cuda:N is refused when a worker starts; DEVICE=cpu works.`;
}

interface Needs {
  readonly models: readonly (ModelNeed & { readonly cpuBytes: number })[];
  readonly problems: readonly Finding[];
}

async function needsOf(modelsDir: string): Promise<Needs> {
  const models: Needs['models'][number][] = [];
  const problems: Finding[] = [];
  const warn = (text: string) => problems.push({ level: 'warning', text });
  const folder = await readModelsFolder(modelsDir).catch((error: Error) => {
    warn(error.message);
    return { models: [], unservable: [] };
  });
  for (const { reason } of folder.unservable) warn(reason);
  for (const model of folder.models)
    try {
      const opened = await openUnmerged(model);
      models.push({
        name: model.name,
        bytes: loadedBytes(opened, 'cuda'),
        cpuBytes: loadedBytes(opened, 'cpu'),
      });
    } catch (error) {
      warn((error as Error).message);
    }
  return { models, problems };
}

function memory(gpus: readonly Gpu[], { models, problems }: Needs, residentModels: number): Finding[] {
  const findings = [...problems, ...memoryFindings(gpus, models, residentModels)];
  if (models.length === 0) return findings;
  const weights = models.reduce((total, { cpuBytes }) => total + cpuBytes, 0);
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  const text = `for DEVICE=cpu all weights count in float32, ${showBytes(weights)}; this machine has ${showBytes(total)} of memory`;
  return [
    ...findings,
    weights < total ? { level: 'note', text } : { level: 'warning', text: `${text}: too little` },
  ];
}
