import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import {
  cudaLibrary,
  providerLibraries,
  readCudaRecord,
  sharedLibrary,
} from '../../../src/networks/runtime/cuda/cuda-folder.ts';
import { ownCommand } from '../../../src/process/own-command.ts';
import { oldestDriver } from './cuda-packages.ts';
import type { Finding } from './findings.ts';
import { type LoaderPath, type NeededLibrary, neededLibraries } from './loader.ts';
import { readProviderFiles } from './provider-files.ts';

const installHint = `${ownCommand('cuda:install')} (built for CUDA 13; for another build --url URL --sha256 HEX)`;

/**
 * Where NVIDIA publishes a library: name in its apt packages (with the CUDA release behind) and in its Python
 * wheels.
 */
const sources: Readonly<Record<string, { apt: string; wheel: string }>> = {
  libcudart: { apt: 'cuda-cudart', wheel: 'nvidia-cuda-runtime' },
  libcublas: { apt: 'libcublas', wheel: 'nvidia-cublas' },
  libcublasLt: { apt: 'libcublas', wheel: 'nvidia-cublas' },
  libcufft: { apt: 'libcufft', wheel: 'nvidia-cufft' },
  libcurand: { apt: 'libcurand', wheel: 'nvidia-curand' },
  libnvrtc: { apt: 'cuda-nvrtc', wheel: 'nvidia-cuda-nvrtc' },
  libnvJitLink: { apt: 'libnvjitlink', wheel: 'nvidia-nvjitlink' },
  libcudnn: { apt: 'libcudnn9-cuda', wheel: 'nvidia-cudnn' },
};

/** cuDNN 9 opens these by name when a convolution or attention first runs; they lie beside libcudnn.so.9. */
const cudnnParts = [
  'libcudnn_graph.so.9',
  'libcudnn_ops.so.9',
  'libcudnn_cnn.so.9',
  'libcudnn_heuristic.so.9',
  'libcudnn_engines_precompiled.so.9',
  'libcudnn_engines_runtime_compiled.so.9',
];

/**
 * Provider libraries: there, whole, of the runtime's release, and everything they need within the loader's
 * reach.
 */
export async function libraryFindings(
  folder: string,
  version: string,
  systemPath: LoaderPath,
): Promise<Finding[]> {
  const installed = readCudaRecord(folder)?.order ?? [];
  const opened = new Map(installed.map((name) => [name, path.join(folder, name)]));
  const loaderPath = { ...systemPath, opened };
  const files = await readProviderFiles(folder, version);
  const absent = providerLibraries.filter((name) => files.bytes[name] === undefined);
  const findings: Finding[] = absent.map((name) => ({
    level: 'missing',
    text: `${name} is not beside ONNX Runtime (${folder})`,
  }));
  if (absent.length > 0) {
    const half = absent.length < providerLibraries.length ? 'the installation is half done; ' : '';
    findings.push({ level: 'note', text: `${half}both come from the same package`, fix: installHint });
  }
  for (const name of providerLibraries)
    if (files.bytes[name] !== undefined) findings.push(...(await needsOf(folder, name, loaderPath)));
  if (files.bytes[cudaLibrary] !== undefined) findings.push(versionFinding(files, version));
  return findings;
}

function versionFinding(
  { record, namesVersion }: Awaited<ReturnType<typeof readProviderFiles>>,
  version: string,
): Finding {
  if (record !== undefined)
    return record.version === version
      ? { level: 'ok', text: `provider of release ${version}, as cuda:install recorded` }
      : {
          level: 'missing',
          text: `the provider is of release ${record.version}, onnxruntime-node is ${version}: they do not work together`,
          fix: installHint,
        };
  return namesVersion
    ? { level: 'ok', text: `${cudaLibrary} names release ${version}` }
    : {
        level: 'warning',
        text: `${cudaLibrary} was put here by hand and does not name release ${version}, which it must be of`,
        fix: `if sessions fail to open: ${installHint}`,
      };
}

async function needsOf(folder: string, name: string, loaderPath: LoaderPath): Promise<Finding[]> {
  const file = path.join(folder, name);
  let needed: NeededLibrary[];
  try {
    needed = await neededLibraries(
      file,
      loaderPath,
      ['libonnxruntime.so.1', sharedLibrary],
      name === cudaLibrary ? ['libcudnn.so.9'] : [],
    );
  } catch (error) {
    return [{ level: 'missing', text: `${(error as Error).message}: the file is damaged`, fix: installHint }];
  }
  const bad = needed.filter((library) => library.file === undefined || library.problem !== undefined);
  const findings: Finding[] = bad.map((library) => missingFinding(library, needed, loaderPath));
  if (bad.length === 0)
    findings.push({ level: 'ok', text: `${name}: all ${needed.length} libraries it needs are found` });
  const cudnn = needed.find(({ soname, file: place }) => soname === 'libcudnn.so.9' && place !== undefined);
  if (cudnn !== undefined) findings.push(...(await cudnnFindings(cudnn.file!)));
  return findings;
}

function missingFinding(
  { soname, neededBy, file, problem }: NeededLibrary,
  needed: readonly NeededLibrary[],
  loaderPath: LoaderPath,
): Finding {
  if (problem !== undefined)
    return {
      level: 'missing',
      text: `${soname}: ${file} cannot be loaded: ${problem}`,
      fix: 'install it again',
    };
  if (soname === 'libcuda.so.1')
    return {
      level: 'missing',
      text: `${soname} (needed by ${neededBy}), which is the NVIDIA driver's, is in no folder that the loader looks in`,
      fix: `install the driver, ${oldestDriver} or newer; in a container: start it with --gpus all`,
    };
  const [, stem = soname, major = ''] = /^(.+?)\.so(?:\.(\d+))?/.exec(soname) ?? [];
  const other = [...loaderPath.cache.keys()].find((name) => name.startsWith(`${stem}.so.`));
  const release = cudaMajor(needed);
  const source = sources[stem];
  const elsewhere =
    other === undefined ? '' : `; ${other} is there, which is another version and does not count`;
  const install =
    source === undefined
      ? `install the package that has ${soname}`
      : release === '13'
        ? `${ownCommand('cuda:install')}, or apt install ${source.apt}-${release}${stem === 'libcudnn' ? '' : '-x'} (NVIDIA's repository)`
        : `apt install ${source.apt}-${release}${stem === 'libcudnn' ? '' : '-x'} (NVIDIA's repository), or pip install ${source.wheel}-cu${release}`;
  return {
    level: 'missing',
    text: `${soname} (needed by ${neededBy}) is in no folder that the loader looks in${elsewhere}`,
    fix: `${install}; a folder of your own must be on LD_LIBRARY_PATH before the worker starts${
      stem === 'libcudnn' && major !== '' ? `; it must be cuDNN ${major}` : ''
    }`,
  };
}

/** The CUDA release that the provider was built for, by its runtime library. */
function cudaMajor(needed: readonly NeededLibrary[]): string {
  const runtime = needed.map(({ soname }) => /^libcu(?:dart|blas|blasLt)\.so\.(\d+)$/.exec(soname)?.[1]);
  return runtime.find((major) => major !== undefined) ?? '12';
}

async function cudnnFindings(library: string): Promise<Finding[]> {
  const real = await realpath(library);
  const version = /\.so\.(\d+\.\d+(?:\.\d+)?)$/.exec(real)?.[1];
  const present = await readdir(path.dirname(real));
  const absent = cudnnParts.filter((part) => !present.includes(part));
  const findings: Finding[] =
    absent.length === 0
      ? [{ level: 'ok', text: `cuDNN ${version ?? '9'} with all its parts (${path.dirname(real)})` }]
      : [
          {
            level: 'missing',
            text: `cuDNN in ${path.dirname(real)} lacks ${absent.join(', ')}`,
            fix: 'install the whole cuDNN package again; its parts belong into one folder',
          },
        ];
  const [major = 9, minor = Number.POSITIVE_INFINITY] = version?.split('.').map(Number) ?? [];
  if (major === 9 && minor < 9)
    findings.push({
      level: 'warning',
      text: `cuDNN ${version} is old for this ONNX Runtime: 9.8 has been reported to fail in attention`,
      fix: 'install a newer cuDNN 9, or set ORT_ENABLE_CUDNN_FLASH_ATTENTION=0',
    });
  return findings;
}
