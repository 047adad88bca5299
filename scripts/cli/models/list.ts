import path from 'node:path';
import { type InstalledModel, readModelsFolder } from '../../../src/installation/installation.ts';
import {
  componentsOf,
  dtypeOf,
  exportedNetworks,
  filesOf,
  storedBytes,
  sum,
} from '../../../src/installation/model-facts.ts';
import { isExported, type OpenedModel, openUnmerged } from '../../../src/installation/open-model.ts';
import { ownCommand } from '../../../src/process/own-command.ts';
import { showBytes, table } from '../download/sizes.ts';

/** Every model of the folder in a table; one that cannot be served or opened says why. */
export async function listReport(modelsDir: string): Promise<string> {
  const { models, unservable } = await readModelsFolder(modelsDir);
  if (models.length + unservable.length === 0)
    return `${modelsDir}: no models; \`${ownCommand('models pull NAME URL')}\` gets one, or put a checkpoint there`;
  const rows = [];
  const problems = [];
  for (const model of models) {
    try {
      rows.push(await rowOf(model));
    } catch (error) {
      rows.push([model.name, '-', '-', '-', '-', model.serves.join(', ')]);
      problems.push(`${model.name}: ${(error as Error).message}`);
    }
  }
  for (const { entry, reason } of unservable) {
    rows.push([entry, '-', '-', '-', '-', 'not served']);
    problems.push(`${entry}: ${reason}`);
  }
  const header = ['name', 'kind', 'files', 'size', 'dtype', 'served as'];
  return [`models in ${modelsDir}`, table(header, rows), ...problems].join('\n');
}

async function rowOf(model: InstalledModel): Promise<string[]> {
  const opened = await openUnmerged(model);
  const kind = opened.requiresAestheticsScore ? 'refiner' : 'base';
  return [model.name, kind, ...weightsOf(opened), model.serves.join(', ')];
}

/** Files, size, element type. */
function weightsOf(opened: OpenedModel): string[] {
  if (isExported(opened)) {
    const networks = exportedNetworks(opened);
    return [`${networks.length} networks`, showBytes(sum(networks.map(({ bytes }) => bytes))), 'ONNX'];
  }
  const components = componentsOf(opened);
  const files = filesOf(components);
  return [
    files.length === 1 ? path.basename(files[0]!) : `${files.length} files`,
    showBytes(sum(components.map(storedBytes))),
    dtypeOf(components),
  ];
}
