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
    textPath: '/v2/sdxl-torch',
    text: { prompt: 'stepMs=0', refiner: false },
    image: { prompt: 'stepMs=0', base_model: 'fake' },
    isImage: (number) => number % 10 === 0,
  },
};

/**
 * The engine of production on the demo checkpoint, never without a job. Pictures are small, and four of five
 * take two steps of twenty: what is kept of each is to be seen, and a machine is not to compute for hours.
 */
const real: SoakKind = {
  startWorker: (service, environment) =>
    service.realWorker({
      ...environment,
      MODELS_DIR: path.resolve(import.meta.dirname, '../../../models/demo'),
      RESIDENT_MODELS: '2',
    }),
  load: {
    mostUnderWay: 3,
    textPath: '/v2/sdxl1.0-txt2img',
    text: {
      prompt: 'a large red circle in the middle on a white background',
      ...{ img_width: 512, img_height: 512 },
    },
    image: { prompt: 'a large green heart', base_model: 'juggernaut', strength: 0.1 },
    isImage: (number) => number % 5 !== 0,
  },
};

export const soakKinds = { fake, real } as const;
