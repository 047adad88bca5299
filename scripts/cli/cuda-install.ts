/**
 * `npm run cuda:install`: ONNX Runtime's CUDA provider, which its npm package lacks, and the libraries of
 * CUDA and cuDNN that it needs, all into one folder of this project.
 */

import { parseArgs } from 'node:util';
import { cudaFolder, readCudaRecord } from '../../src/networks/runtime/cuda/cuda-folder.ts';
import { runtimeRelease, shippedFolder } from '../../src/networks/runtime/runtime.ts';
import { ownCommand } from '../../src/process/own-command.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import { type CudaPackage, libraryPackages, pinnedProvider, providerPlaces } from './cuda/cuda-packages.ts';
import { readDriver } from './cuda/driver.ts';
import { installPackages, isInstalled } from './cuda/install-packages.ts';
import { installationNotice } from './cuda/installation-notice.ts';
import { readLoaderPath, systemHas } from './cuda/loader.ts';
import { progressBar } from './download/progress.ts';

const usage = `${ownCommand('cuda:install [--mirror FOLDER|URL] [--system-libraries] [--dry-run] [--folder FOLDER]')}
  --mirror FOLDER|URL   where the packages lie under their own names, instead of pypi.org; their hashes are held against those known here
  --system-libraries    fetch only what the system's loader does not find already (CUDA 13, cuDNN 9)
  --dry-run             say what would be fetched, and fetch nothing
  --folder FOLDER       prepare a folder elsewhere, to be moved to ${cudaFolder}
${ownCommand('cuda:install --url URL (--sha256 HEX | --unpinned)')}
  another build of the provider alone, a NuGet .nupkg or a wheel of onnxruntime-gpu; what it needs must be there`;

/** What the arguments ask for; undefined where they are not understood. */
function wantedPackages(values: {
  url?: string | undefined;
  sha256?: string | undefined;
  unpinned: boolean;
}): readonly CudaPackage[] | undefined {
  const { url, sha256, unpinned } = values;
  if (url === undefined && sha256 === undefined && !unpinned)
    return [pinnedProvider(runtimeRelease), ...libraryPackages];
  if (url === undefined || (sha256 !== undefined) === unpinned) return undefined;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new Error(`--sha256 ${sha256}: must be 64 hexadecimal digits`);
  if (!URL.canParse(url)) throw new Error(`--url ${url}: must be an http(s) address`);
  return [{ ...providerPlaces, name: 'CUDA provider', url, sha256: sha256?.toLowerCase() }];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      mirror: { type: 'string' },
      'system-libraries': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      folder: { type: 'string', default: cudaFolder },
      url: { type: 'string' },
      sha256: { type: 'string' },
      unpinned: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = values.help ? undefined : wantedPackages(values);
  if (wanted === undefined) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `ONNX Runtime has CUDA for Linux on x64 only; this is ${process.platform} ${process.arch}`,
    );
  const { folder, mirror } = values;
  const packages: CudaPackage[] = [];
  const there: string[] = [];
  const loaderPath = readLoaderPath(process.env);
  const isLoaded = (name: string) => values['system-libraries'] && systemHas(name, loaderPath);
  for (const each of wanted)
    if (await isInstalled(folder, each)) there.push(each.name);
    else if (each.libraries.every(isLoaded)) there.push(`${each.name} (another, of the system)`);
    else packages.push(each);
  console.log(installationNotice(packages, there, folder, await readDriver(process.env)));
  if (values['dry-run']) {
    for (const { url } of packages) console.log(url);
    return;
  }
  const record = await installPackages({
    ...{ folder, mirror, version: runtimeRelease, runtimeFolder: shippedFolder },
    packages,
    onBytes: progressBar,
  });
  if (values.unpinned)
    console.log(`sha256 of the package: ${record.packages.at(-1)!.sha256} (taken as it came)`);
  console.log(
    `ONNX Runtime ${record.version}: ${Object.keys(readCudaRecord(folder)!.bytes).length} libraries in ${folder}`,
  );
  console.log(
    `Next: ${ownCommand('start')}; ${ownCommand('models doctor')} says what else this machine has and lacks`,
  );
}

await main().catch(reportFailure);
