/**
 * An engine whose networks answer at once: a program for outside-networks.ts, which talks to it as a worker
 * does. After `PROFILE_AFTER` requests it records what its thread does and, at the end of `PROFILE_RUNS`
 * more, writes to `PROFILE_FILE` a CPU profile of V8, the processor's time that the thread and its process
 * took, and the most memory of the process.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { capabilitiesOf } from '../../../workers/capabilities.ts';
import { createSdxlGenerator } from '../../../workers/engine/sdxl-generator.ts';
import { serveEngine } from '../../../workers/engine/serve-engine.ts';
import { openStandIns } from './stand-in-models.ts';

const [after, runs] = [Number(process.env.PROFILE_AFTER), Number(process.env.PROFILE_RUNS)];
const intervalMicroseconds = 200;

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

serveEngine(async (config) => {
  const { base, refiner } = await openStandIns();
  const models = new Map([
    [baseName, base],
    [refinerName, refiner],
  ]);
  const generator = createSdxlGenerator(models, { ...config, device: 'cuda:0' });
  const inspector = new Session();
  inspector.connect();
  let [begun, ended] = [0, 0];
  let thread: NodeJS.CpuUsage;
  let whole: NodeJS.CpuUsage;
  return {
    ...generator,
    capabilities: capabilitiesOf(
      [
        { name: base.name, serves: [baseName] },
        { name: refiner.name, serves: [refinerName] },
      ],
      base.vaeDecoder.factor,
    ),
    resident: () => [base.name, refiner.name],
    load: async () => undefined,
    generate: async (request, context) => {
      if (begun++ === after) {
        await inspector.post('Profiler.enable');
        await inspector.post('Profiler.setSamplingInterval', { interval: intervalMicroseconds });
        await inspector.post('Profiler.start');
        [thread, whole] = [process.threadCpuUsage(), process.cpuUsage()];
      }
      const made = await generator.generate(request, context);
      if (++ended === after + runs) {
        const threadMs = milliseconds(process.threadCpuUsage(thread));
        const processMs = milliseconds(process.cpuUsage(whole));
        const peakBytes = 1024 * process.resourceUsage().maxRSS;
        const { profile } = await inspector.post('Profiler.stop');
        writeFileSync(process.env.PROFILE_FILE!, JSON.stringify({ profile, threadMs, processMs, peakBytes }));
      }
      return made;
    },
  };
});
