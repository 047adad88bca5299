import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClipTextEncoder, Unet, UnetInput, VaeDecoder } from '../../networks/networks.ts';
import type { OwnWeights } from '../../networks/runtime/weights/own-weights.ts';
import { createDeviceLayout } from './device-layout.ts';
import { memoryPlans } from './memory-plans.ts';

const step = {} as UnetInput;

/** What happens to networks and to the arena, in order. */
function watched(first: number) {
  const events: string[] = [];
  const layout = createDeviceLayout({
    device: 'cuda:0',
    plans: memoryPlans.slice(first),
    trim: async () => void events.push('trim'),
  });
  const unet = (name: string) =>
    layout.unet(async (): Promise<Unet> => {
      events.push(`load ${name}`);
      return {
        ...{ channels: 4, crossAttentionWidth: 8, pooledWidth: 8, timeIdCount: 6 },
        predictNoise: async () => {
          events.push(`run ${name}`);
          return new Float32Array();
        },
        release: async () => void events.push(`release ${name}`),
      };
    });
  const text = (name: string) =>
    layout.textEncoder(
      async (device): Promise<ClipTextEncoder> => ({
        ...{ tokens: 77, width: 8, projectionWidth: 8, deepestClipSkip: 0, takesVectors: true },
        encodePrompt: async () => {
          events.push(`run ${name} on ${device}`);
          return { hiddenStates: new Float32Array(), pooled: undefined };
        },
        release: async () => void events.push(`release ${name}`),
      }),
    );
  const vae = () =>
    layout.vaeDecoder(
      async (): Promise<VaeDecoder> => ({
        ...{ factor: 8, channels: 4, scalingFactor: 1 },
        decode: async (_, height, width) => {
          events.push(`decode ${height}x${width}`);
          return new Float32Array(3 * 64 * height * width);
        },
        release: async () => undefined,
      }),
    );
  const since = async (work: () => Promise<unknown>) => {
    events.length = 0;
    await work();
    return [...events];
  };
  return { layout, unet, text, vae, since };
}

test('where there is room every network stays', async () => {
  const { unet, since } = watched(0);
  const [base, refiner] = [await unet('base'), await unet('refiner')];
  const both = async () => {
    await base.predictNoise(step);
    await refiner.predictNoise(step);
  };
  assert.deepEqual(await since(both), ['run base', 'run refiner']);
});

test('one UNet at a time: another one that has its turn takes its place, and steps in a row load nothing', async () => {
  const { unet, since } = watched(1);
  const base = await unet('base');
  const refiner = await unet('refiner');
  const picture = async () => {
    for (const network of [base, base, refiner, refiner]) await network.predictNoise(step);
  };
  const swapped = ['release refiner', 'trim', 'load base', 'run base', 'run base'];
  const back = ['release base', 'trim', 'load refiner', 'run refiner', 'run refiner'];
  assert.deepEqual(await since(picture), [...swapped, ...back]);
  assert.deepEqual(await since(refiner.release), ['release refiner']);
});

test('each smaller plan holds from then on: UNets leave, text encoders move, the VAE works on tiles', async () => {
  const { layout, unet, text, vae, since } = watched(0);
  const [base, refiner, encoder, decoder] = [
    await unet('base'),
    await unet('refiner'),
    await text('encoder'),
    await vae(),
  ];
  await base.predictNoise(step);
  assert.deepEqual(await since(layout.lower), ['release refiner', 'trim', 'trim']);
  assert.equal(layout.plan().name, 'exchanged');

  const encode = () => encoder.encodePrompt(new Int32Array(77));
  assert.deepEqual(await since(encode), ['trim', 'run encoder on cuda:0']);
  assert.deepEqual(await since(layout.lower), ['release encoder', 'trim']);
  assert.deepEqual(await since(encode), ['run encoder on cpu']);

  const decode = () => decoder.decode(new Float32Array(4 * 128 * 128), 128, 128);
  assert.deepEqual(await since(decode), ['trim', 'decode 128x128']);
  await layout.lower();
  assert.deepEqual(await since(decode), Array(4).fill('decode 80x80'));
  assert.equal(await layout.lower(), undefined);
  assert.equal(layout.plan().name, 'tiled-vae');
  assert.deepEqual(await since(() => refiner.predictNoise(step)), [
    ...['trim', 'release base', 'trim', 'load refiner', 'run refiner'],
  ]);
});

test('other plans hold at once, and what is lower than they are comes after', async () => {
  const { layout, unet, text, since } = watched(0);
  const [base] = [await unet('base'), await unet('refiner'), await text('encoder')];
  await base.predictNoise(step);
  assert.deepEqual(await since(() => layout.replan(memoryPlans)), ['trim'], 'the same plan');
  assert.deepEqual(await since(() => layout.replan(memoryPlans.slice(2))), [
    ...['release encoder', 'release refiner', 'trim', 'trim'],
  ]);
  assert.equal(layout.plan().name, 'text-on-cpu');
  assert.equal((await layout.lower())?.name, 'tiled-vae');
  assert.equal(await layout.lower(), undefined);
});

test('UNets that have a seat for their weights stay loaded while they are exchanged; others leave for them', async () => {
  const [seat, weights] = ['seat', 'own'].map((name) => ({ name }) as unknown as OwnWeights);
  const events: string[] = [];
  const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans, weights, seat });
  const unet = (name: string, takesWeights: boolean) =>
    layout.unet(async (given): Promise<Unet> => {
      events.push(`load ${name} with ${given === seat ? 'the seat' : 'its own'}`);
      return {
        predictNoise: async () => new Float32Array(events.push(`run ${name}`)),
        release: async () => void events.push(`release ${name}`),
      } as unknown as Unet;
    }, takesWeights);
  const [base, refiner] = [await unet('base', true), await unet('refiner', true)];
  await layout.lower();
  assert.deepEqual(events, [
    ...['load base with its own', 'load refiner with its own'],
    ...['release base', 'release refiner'],
  ]);
  events.length = 0;
  for (const network of [base, refiner, base]) await network.predictNoise(step);
  assert.deepEqual(events, [
    ...['load base with the seat', 'run base', 'load refiner with the seat', 'run refiner', 'run base'],
  ]);
  await layout.lower();
  events.length = 0;
  const exported = await unet('exported', false);
  assert.deepEqual(events, ['release base', 'release refiner', 'load exported with the seat']);
  events.length = 0;
  await base.predictNoise(step);
  assert.deepEqual(events, ['release exported', 'load base with the seat', 'run base']);
  await exported.release();
});

test('a UNet that could not be loaded is tried again with the next step', async () => {
  const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans });
  let isFull = true;
  const open = async (): Promise<Unet> => {
    if (isFull) throw new Error('Failed to allocate memory for requested buffer of size 1');
    return {
      predictNoise: async () => new Float32Array(1),
      release: async () => undefined,
    } as unknown as Unet;
  };
  await assert.rejects(layout.unet(open), /Failed to allocate/);
  isFull = false;
  assert.equal((await (await layout.unet(open)).predictNoise(step)).length, 1);
});

test('a UNet is captured only where all stays, and one that was comes again without when memory is short', async () => {
  const events: string[] = [];
  const open = async (): Promise<Unet> => {
    events.push('load');
    return {
      predictNoise: async () => new Float32Array(1),
      capture: async () => void events.push('capture'),
      release: async () => void events.push('release'),
    } as unknown as Unet;
  };
  const small = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans.slice(1) });
  assert.equal((await small.unet(open)).capture, undefined);
  const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans });
  const unet = await layout.unet(open);
  await unet.capture!(step);
  events.length = 0;
  await layout.lower();
  await unet.predictNoise(step);
  assert.deepEqual(events, ['release', 'load']);
});

/** Loads that end when they are told to. */
function held(events: string[]) {
  const ends: (() => void)[] = [];
  const open = (name: string) => async (): Promise<Unet> => {
    events.push(`load ${name}`);
    await new Promise<void>((resolve) => ends.push(resolve));
    return {
      predictNoise: async () => new Float32Array(1),
      release: async () => void events.push(`release ${name}`),
    } as unknown as Unet;
  };
  return { open, end: () => ends.shift()!() };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('UNets are loaded at the same time where all stay, and one after the other where they take turns', async () => {
  for (const [plans, atOnce] of [
    [memoryPlans, ['load base', 'load refiner']],
    [memoryPlans.slice(1), ['load base']],
  ] as const) {
    const events: string[] = [];
    const { open, end } = held(events);
    const layout = createDeviceLayout({ device: 'cuda:0', plans });
    const both = [layout.unet(open('base')), layout.unet(open('refiner'))];
    await turn();
    assert.deepEqual(events, atOnce);
    end();
    await turn();
    end();
    await Promise.all(both);
    assert.deepEqual(events.slice(-1), ['load refiner']);
    assert.equal(events.includes('release base'), plans !== memoryPlans);
  }
});

test('a UNet that two steps ask for at once is loaded once', async () => {
  const events: string[] = [];
  const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans });
  const { open, end } = held(events);
  const opening = layout.unet(open('base'));
  await turn();
  end();
  const unet = await opening;
  await layout.lower();
  await layout.lower();
  await layout.unet(async () => unet);
  assert.deepEqual(events, ['load base', 'release base']);
  const steps = [unet.predictNoise(step), unet.predictNoise(step)];
  await turn();
  end();
  await Promise.all(steps);
  assert.deepEqual(events, ['load base', 'release base', 'load base']);
});

test('there is room for loading side by side only under the plan that was chosen with it', async () => {
  const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans, loadsTogether: true });
  assert.equal(layout.loadsTogether(), true);
  await layout.lower();
  assert.equal(layout.loadsTogether(), false);
  assert.equal(createDeviceLayout({ device: 'cuda:0', plans: memoryPlans }).loadsTogether(), false);
});
