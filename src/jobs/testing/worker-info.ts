import type { WorkerInfo } from '../queue/heartbeat.ts';

/** A worker that serves both endpoints, with the refiner and one base model. */
export const workerInfo: WorkerInfo = {
  id: 'w',
  device: 'cpu',
  endpoints: ['sdxl-torch', 'sdxl-img2img'],
  refiner: true,
  baseModels: ['juggernaut'],
  sizeMultiple: 8,
  resident: [],
  busy: false,
};
