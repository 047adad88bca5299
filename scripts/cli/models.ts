/**
 * `npm run models -- list | pull | prepare | verify | doctor`: the models folder and what this machine can
 * run it on.
 */

import { givenText, readConfig, withVariables } from '../../src/config/config.ts';
import { type InstalledModel, readModelsFolder } from '../../src/installation/installation.ts';
import { networkLoaders } from '../../src/installation/load-models.ts';
import { openModel } from '../../src/installation/open-model.ts';
import { ownCommand } from '../../src/process/own-command.ts';
import { readArguments } from '../../src/process/read-arguments.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import { chooseDevice } from '../../workers/supervisor/devices/choose-device.ts';
import { progressBar } from './download/progress.ts';
import { showBytes, table } from './download/sizes.ts';
import { diagnose } from './models/doctor.ts';
import { listReport } from './models/list.ts';
import { prepare } from './models/prepare.ts';
import { pull } from './models/pull.ts';
import { verify } from './models/verify.ts';
import { defaultModels } from './start/demo-models.ts';

const usage = `${ownCommand('models COMMAND')}
  list                        every model: kind, files, size, element type, served names
  pull NAME URL...            download a checkpoint into MODELS_DIR/NAME and write its model.json; without URL the files of
                              its model.json that are missing. URL is https://host/org/name/resolve/main/file or any other
       [--sha256 HEX] [--vae URL] [--lora URL[@WEIGHT]]... [--serve-as NAME]...
                              HF_TOKEN is sent where it is set
  prepare [NAME...]           hashes, headers, every tensor against its config; LoRAs merged
       [--device cuda]        also for CUDA, as with DEVICE=cuda:N: convolution weights in its order
  verify [NAME...]            run every network once on DEVICE and show the largest values and NaN
       [--side PIXELS]        of the picture (default 1024 on CUDA, 512 elsewhere)
  doctor                      what this machine has and lacks for CUDA, and what to do about it
       [--json]               whether it is ready and the plans by card, for programs
       [--require libraries|cuda]   exit with 1 where they are not ready (for an image build, for a start script)
MODELS_DIR and DEVICE as for the server; without MODELS_DIR it is DATA_DIR/models, with the demo checkpoint for every name that
nothing there serves.`;

const { values, positionals } = readArguments('models', {
  allowPositionals: true,
  options: {
    sha256: { type: 'string' },
    vae: { type: 'string' },
    lora: { type: 'string', multiple: true, default: [] },
    'serve-as': { type: 'string', multiple: true },
    side: { type: 'string' },
    device: { type: 'string' },
    require: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [command, ...names] = positionals;
const config = readConfig();
const modelsDir = config.modelsDir ?? (await defaultModels(config.dataDir)).modelsDir;

async function chosen(): Promise<readonly InstalledModel[]> {
  const { models: installed, unservable } = await readModelsFolder(modelsDir);
  const broken = unservable.find(({ entry }) => names.includes(entry.replace(/\.safetensors$/i, '')));
  if (broken !== undefined) throw new Error(broken.reason);
  const unknown = names.find((name) => !installed.some((model) => model.name === name));
  if (unknown !== undefined)
    throw new Error(
      `${modelsDir} has no model ${unknown}; it has ${installed.map(({ name }) => name).join(', ') || 'none'}`,
    );
  return names.length === 0 ? installed : installed.filter(({ name }) => names.includes(name));
}

function loraOf(text: string): { url: string; weight: number } {
  const [, url = text, weight = '1'] = /^(.+)@(-?[\d.]+)$/.exec(text) ?? [];
  return { url, weight: Number(weight) };
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
  list: async () => console.log(await listReport(modelsDir)),

  pull: async () => {
    const [name, ...urls] = names;
    if (name === undefined) throw new Error(usage);
    const token = givenText('HF_TOKEN') || undefined;
    await pull({
      modelsDir,
      name,
      urls,
      sha256: values.sha256?.toLowerCase(),
      vae: values.vae,
      loras: values.lora.map(loraOf),
      serves: values['serve-as'],
      authorization: token ? `Bearer ${token}` : undefined,
      onFile: progressBar,
      onDone: (line) => console.log(line),
    });
    console.log(`next: ${ownCommand(`models prepare ${name}`)}`);
  },

  prepare: async () => {
    const device = values.device ?? (await chooseDevice(config)).device;
    if (!/^(cpu|webgpu|cuda|cuda:\d+)$/.test(device))
      throw new Error(`--device ${device}: must be cpu, webgpu or cuda`);
    const forCuda = device.startsWith('cuda');
    for (const model of await chosen()) {
      const { tensors, hashed, bytesWritten, seconds } = await prepare(model, forCuda);
      console.log(
        `${model.name}: ${tensors} tensors fit their configs, ${hashed} hashes are right, ${showBytes(bytesWritten)} written, ${seconds.toFixed(1)} s`,
      );
    }
  },

  verify: async () => {
    const { device, deviceReason } = await chooseDevice(config);
    if (deviceReason !== undefined) console.log(deviceReason);
    const side = Number(values.side ?? (device.startsWith('cuda') ? 1024 : 512));
    if (!Number.isInteger(side / 64) || side < 64)
      throw new Error(`--side ${values.side}: must be a multiple of 64`);
    const threads = config.engineThreads === 0 ? {} : { threads: config.engineThreads };
    const models = await chosen();
    if (models.length === 0) throw new Error(`${modelsDir}: no models to verify`);
    for (const model of models) {
      const checkpoint = await openModel(model, device);
      const load = networkLoaders(checkpoint, { device, ...threads });
      const rows = [];
      for await (const one of verify(checkpoint, load, side)) {
        const broken = [one.nan > 0 && `${one.nan} NaN`, one.infinite > 0 && `${one.infinite} infinite`];
        const trouble = broken.filter((text) => text !== false).join(', ');
        if (trouble !== '') process.exitCode = 1;
        rows.push([
          one.network,
          one.output,
          one.largest.toPrecision(4),
          trouble || 'none',
          `${one.loadSeconds.toFixed(1)} s`,
          `${one.runSeconds.toFixed(2)} s`,
        ]);
      }
      console.log(`${model.name} on ${device}, ${side} x ${side}`);
      console.log(table(['network', 'output', 'largest', 'NaN or infinite', 'load', 'run'], rows));
    }
  },

  doctor: async () => {
    const wanted = values.require;
    if (wanted !== undefined && wanted !== 'libraries' && wanted !== 'cuda')
      throw new Error(`--require ${wanted}: must be libraries or cuda`);
    const settings = readConfig(withVariables(process.env, { DEVICE: 'cuda:0', DEVICES: undefined }));
    const diagnosis = await diagnose({
      ...{ modelsDir, environment: process.env },
      settings: { ...settings, batch: settings.engineBatch },
    });
    const { librariesReady, cudaReady, cards } = diagnosis;
    if (values.json) console.log(JSON.stringify({ librariesReady, cudaReady, cards }, null, 2));
    else console.log(diagnosis.text);
    const isReady = wanted === 'cuda' ? diagnosis.cudaReady : diagnosis.librariesReady;
    if (wanted !== undefined && !isReady) process.exitCode = 1;
  },
};

try {
  const run = commands[command ?? ''];
  if (values.help || run === undefined) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
  } else await run();
} catch (error) {
  reportFailure(error);
}
