import os from 'node:os';
import { readModelsFolder } from '../../../src/installation/installation.ts';
import { loadedBytes } from '../../../src/installation/model-facts.ts';
import { openUnmerged } from '../../../src/installation/open-model.ts';
import { runtimeFolder } from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { runtimeRelease } from '../../../src/networks/runtime/runtime.ts';
import { ownCommand } from '../../../src/process/own-command.ts';
import { driverFindings } from '../cuda/device-findings.ts';
import { type Gpu, readDriver } from '../cuda/driver.ts';
import { type Finding, showFindings } from '../cuda/findings.ts';
import { libraryFindings } from '../cuda/library-findings.ts';
import { readLoaderPath } from '../cuda/loader.ts';
import { showBytes } from '../download/sizes.ts';
import {
  type CardRow,
  cardRows,
  cardTable,
  memoryFindings,
  type NamedModel,
  type PlanSettings,
} from './memory-findings.ts';

export interface DoctorOptions {
  readonly modelsDir: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of a worker on a GPU; by default those that nobody has changed. */
  readonly settings?: PlanSettings;
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
  readonly cards: readonly CardRow[];
}

const usualSettings: PlanSettings = {
  ...{ vaePrecision: 'float16', deterministic: false, vaeTiling: 'auto', batch: 1, residentModels: 2 },
};

/** What this machine has and lacks for CUDA, in plain words, and what to do about it. */
export async function diagnose(options: DoctorOptions): Promise<Diagnosis> {
  const { settings = usualSettings } = options;
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
      await memory(driver.gpus, needs, settings),
    ],
  ]);
  const cards = await cardRows(settings);
  return {
    cards,
    text: [showFindings(sections), cardTable(cards), verdict(librariesReady, isReady(device))].join('\n\n'),
    librariesReady,
    cudaReady,
  };
}

function isReady(findings: readonly Finding[]): boolean {
  return findings.every(({ level }) => level !== 'missing');
}

function verdict(libraries: boolean, device: boolean): string {
  if (libraries && device)
    return `CUDA: everything that can be looked at is there. To run every network once: DEVICE=cuda:0 ${ownCommand('models verify NAME')}`;
  if (libraries)
    return 'CUDA: the libraries are complete, but there is no device here. DEVICE=cuda:N fails on this machine; DEVICE=cpu works.';
  return `CUDA: not usable here${device ? ', although there is a device' : ''}: see MISSING above. DEVICE=cuda:N is refused when a worker starts; DEVICE=cpu works.`;
}

interface Needs {
  readonly models: readonly NamedModel[];
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
      models.push({ name: model.name, opened: await openUnmerged(model) });
    } catch (error) {
      warn((error as Error).message);
    }
  return { models, problems };
}

async function memory(
  gpus: readonly Gpu[],
  { models, problems }: Needs,
  settings: PlanSettings,
): Promise<Finding[]> {
  const findings = [...problems, ...(await memoryFindings(gpus, models, settings))];
  if (models.length === 0) return findings;
  const weights = models.reduce((total, { opened }) => total + loadedBytes(opened, 'cpu'), 0);
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  const text = `for DEVICE=cpu all weights count in float32, ${showBytes(weights)}; this machine has ${showBytes(total)} of memory`;
  return [
    ...findings,
    weights < total ? { level: 'note', text } : { level: 'warning', text: `${text}: too little` },
  ];
}
