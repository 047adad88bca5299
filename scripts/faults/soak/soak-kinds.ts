import path from 'node:path';
import type { FaultService, ServiceProcess } from '../service.ts';
import type { LoadOptions } from './load.ts';

/** What makes the pictures of a soak, and what is asked of it. */
export interface SoakKind {
  startWorker(service: FaultService, environment: NodeJS.ProcessEnv): Promise<ServiceProcess>;
  readonly load: Omit<LoadOptions, 'perSecond'>;
}

/** Without networks, with pictures of a megabyte: as many jobs as there can be. */
const fake: SoakKind = {
  startWorker: (service, environment) =>
    service.worker({ ...environment, FAKE_PICTURE_BYTES: String(2 ** 20) }),
  load: {
    mostUnderWay: 60,
    text: { prompt: 'stepMs=0', refiner: false },
    image: { prompt: 'stepMs=0', base_model: 'fake' },
  },
};

/** The engine of production on the demo checkpoint, base and refiner, never without a job. */
const real: SoakKind = {
  startWorker: (service, environment) =>
    service.realWorker({
      ...environment,
      MODELS_DIR: path.resolve(import.meta.dirname, '../../../models/demo'),
      RESIDENT_MODELS: '2',
    }),
  load: {
    mostUnderWay: 3,
    text: { prompt: 'a large red circle in the middle on a white background' },
    image: { prompt: 'a large green heart', base_model: 'juggernaut' },
  },
};

export const soakKinds = { fake, real } as const;
