import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { processRegistry } from './process-metrics.ts';
import { type Counted, type RequestMetrics, requestMetrics, secondsBuckets } from './request-metrics.ts';
import { sharedReading } from './shared-reading.ts';

/** What a worker counts; every function takes microseconds and never throws. */
export interface WorkerMetrics extends RequestMetrics {
  readonly registry: Registry;
  /** An attempt begins. @param waitedMs since the request was accepted; of a first attempt only. */
  started(request: Counted, waitedMs: number | undefined): void;
  waitsAgain(request: Counted, reason: string): void;
  stalled(): void;
  /** One step of sampling. @param model name of the checkpoint whose UNet computed it. */
  step(of: { model: string; scheduler: string }, seconds: number): void;
  made(pictures: Made): void;
  engineStarted(device: string, loadSeconds: number): void;
  engineLost(device: string, reason: 'crashed' | 'hung'): void;
  /** What one of the worker's devices tells is read anew at each scrape. */
  watch(device: string, sources: WorkerSources): void;
}

export interface Made extends Counted {
  readonly model: string;
  readonly pictures: number;
  readonly pixels: number;
  readonly inferenceSeconds: number;
  /** By stage: textEncode, base, refiner, vaeDecode and so on. */
  readonly stageSeconds: Readonly<Record<string, number>>;
}

/** Memory of a device in bytes, and the share of time it computed, 0 to 1. */
export interface DeviceState {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly utilization: number;
}

export interface WorkerSources {
  ready(): boolean;
  busy(): boolean;
  /** Every installed checkpoint, and whether it is loaded. */
  models(): readonly { readonly name: string; readonly loaded: boolean }[];
  /** Resident memory of the engine's process; undefined where it cannot be read. */
  engineBytes(): number | undefined;
  /** Undefined where the device does not tell. */
  device(): Promise<DeviceState | undefined>;
}

const stepBuckets = [0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30, 120];

export function workerMetrics(version: string): WorkerMetrics {
  const registry = processRegistry(version);
  const registers = [registry];
  const histogram = (name: string, help: string, labelNames: readonly string[], buckets = secondsBuckets) =>
    new Histogram({ ...{ name, help, labelNames, registers }, buckets: [...buckets] });
  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Counter({ name, help, labelNames, registers });

  const waits = histogram(
    'sdxl_queue_wait_seconds',
    'From the acceptance of a request to the begin of its first attempt.',
    ['endpoint'],
  );
  const again = counter('sdxl_jobs_retried_total', 'Attempts after which a request waits again.', ['reason']);
  const stalled = counter('sdxl_jobs_stalled_total', 'Requests taken back from workers that fell silent.');
  const steps = histogram(
    'sdxl_step_seconds',
    'One step of sampling, guidance included, whatever the number of samples.',
    ['model', 'scheduler'],
    stepBuckets,
  );
  const stages = histogram('sdxl_stage_seconds', 'Each stage of a request, all samples together.', ['stage']);
  const inference = histogram('sdxl_inference_seconds', 'A request on the engine, all stages.', ['endpoint']);
  const pictures = counter('sdxl_pictures_total', 'Pictures made.', ['endpoint', 'model']);
  const pixels = counter('sdxl_pixels_total', 'Pixels of the pictures made.', ['endpoint', 'model']);
  const starts = counter('sdxl_engine_starts_total', 'Engines that became ready.', ['device']);
  const losses = counter('sdxl_engine_losses_total', 'Engines that ended unasked.', ['device', 'reason']);
  const loads = histogram('sdxl_engine_load_seconds', 'Loading of checkpoints by a new engine.', []);
  const devices = watchDevices(registry);
  return {
    registry,
    ...requestMetrics(registry),
    started: ({ endpoint }, waitedMs) => {
      if (waitedMs !== undefined) waits.observe({ endpoint }, waitedMs / 1000);
    },
    waitsAgain: (_, reason) => again.inc({ reason }),
    stalled: () => stalled.inc(),
    step: (of, seconds) => steps.observe({ ...of }, seconds),
    made: (made) => {
      const { endpoint, model } = made;
      pictures.inc({ endpoint, model }, made.pictures);
      pixels.inc({ endpoint, model }, made.pixels);
      inference.observe({ endpoint }, made.inferenceSeconds);
      for (const [stage, seconds] of Object.entries(made.stageSeconds)) stages.observe({ stage }, seconds);
    },
    engineStarted: (device, seconds) => {
      starts.inc({ device });
      loads.observe(seconds);
    },
    engineLost: (device, reason) => losses.inc({ device, reason }),
    watch: (device, sources) => void devices.set(device, sources),
  };
}

/** Gauges of what the devices of the map tell; one whose worker starts again tells of its new engine. */
function watchDevices(registry: Registry): Map<string, WorkerSources> {
  const devices = new Map<string, WorkerSources>();
  const registers = [registry];
  const gauge = (name: string, help: string, read: (sources: WorkerSources) => number | undefined) =>
    new Gauge({
      ...{ name, help, registers, labelNames: ['device'] },
      collect() {
        this.reset();
        for (const [device, sources] of devices) {
          const value = read(sources);
          if (value !== undefined) this.set({ device }, value);
        }
      },
    });
  gauge('sdxl_engine_ready', 'Whether the engine has checkpoints loaded.', ({ ready }) => Number(ready()));
  gauge('sdxl_engine_busy', 'Whether the engine works on a request.', ({ busy }) => Number(busy()));
  gauge('sdxl_engine_resident_memory_bytes', 'Resident memory of the engine.', ({ engineBytes }) =>
    engineBytes(),
  );
  new Gauge({
    name: 'sdxl_model_loaded',
    help: 'Whether an installed checkpoint is loaded.',
    labelNames: ['device', 'model'],
    registers,
    collect() {
      this.reset();
      for (const [device, { models }] of devices)
        for (const { name, loaded } of models()) this.set({ device, model: name }, Number(loaded));
    },
  });
  // One question to each device for both.
  const states = sharedReading(() =>
    Promise.all(
      [...devices].map(async ([device, sources]) => ({
        ...{ device, state: await sources.device().catch(() => undefined) },
      })),
    ),
  );
  new Gauge({
    name: 'sdxl_device_utilization_ratio',
    help: 'Share of the last second in which the device computed.',
    labelNames: ['device'],
    registers,
    async collect() {
      this.reset();
      for (const { device, state } of await states()) if (state) this.set({ device }, state.utilization);
    },
  });
  new Gauge({
    name: 'sdxl_device_memory_bytes',
    help: 'Memory of the device, whoever uses it.',
    labelNames: ['device', 'kind'],
    registers,
    async collect() {
      this.reset();
      for (const { device, state } of await states()) {
        if (state === undefined) continue;
        this.set({ device, kind: 'used' }, state.usedBytes);
        this.set({ device, kind: 'total' }, state.totalBytes);
      }
    },
  });
  return devices;
}
