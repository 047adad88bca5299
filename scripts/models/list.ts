import path from 'node:path';
import { type InstalledModel, listModels } from '../../workers/installation.ts';
import { openModel } from '../../workers/open-model.ts';
import { componentsOf, dtypeOf, filesOf, storedBytes } from './model-facts.ts';
import { showBytes, table } from './sizes.ts';

/** Every model of the folder in a table; one that cannot be opened says why. */
export async function listReport(modelsDir: string): Promise<string> {
  const models = await listModels(modelsDir);
  if (models.length === 0)
    return `${modelsDir}: no models; \`npm run models -- pull NAME URL\` gets one, or put a checkpoint there`;
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
  const header = ['name', 'kind', 'files', 'size', 'dtype', 'served as'];
  return [`models in ${modelsDir}`, table(header, rows), ...problems].join('\n');
}

async function rowOf(model: InstalledModel): Promise<string[]> {
  const checkpoint = await openModel(model);
  const components = componentsOf(checkpoint);
  const files = filesOf(components);
  const bytes = components.reduce((sum, component) => sum + storedBytes(component), 0);
  return [
    model.name,
    checkpoint.requiresAestheticsScore ? 'refiner' : 'base',
    files.length === 1 ? path.basename(files[0]!) : `${files.length} files`,
    showBytes(bytes),
    dtypeOf(components),
    model.serves.join(', '),
  ];
}
