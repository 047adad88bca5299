import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClipTextEncoder, Unet, UnetInput, VaeDecoder, Warmable } from '../networks/networks.ts';
import { createWarmUps } from './warm-up.ts';

const nothing = async () => undefined;

function watched() {
  const events: string[] = [];
  let running = 0;
  const run = async (what: string) => {
    events.push(running === 0 ? what : `${what} beside another`);
    running++;
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  const text = (shared: Warmable): ClipTextEncoder => ({
    ...{ tokens: 77, width: 8, projectionWidth: 8, deepestClipSkip: 0, takesVectors: true, ...shared },
    encodePrompt: async (ids) => {
      await run(`encode ${ids.length} tokens, of them ${ids.filter((id) => id === 9).length} ends`);
      return { hiddenStates: new Float32Array(), pooled: undefined };
    },
    release: nothing,
  });
  const unet = (shared: Warmable, timeIdCount = 6): Unet => ({
    ...{ channels: 4, crossAttentionWidth: 8, pooledWidth: 8, timeIdCount, ...shared },
    predictNoise: async ({ batch, height, width, timeIds, encoderHiddenStates }) => {
      const tokens = encoderHiddenStates.length / batch / 8;
      await run(`step of ${batch} x ${height} x ${width}, ${tokens} tokens, ${timeIds.length} ids`);
      return new Float32Array();
    },
    release: nothing,
  });
  const vae = (shared: Warmable): VaeDecoder => ({
    ...{ factor: 8, channels: 4, scalingFactor: 1, ...shared },
    decode: async (latents, height, width) => {
      await run(`decode ${latents.length / height / width} x ${height} x ${width}`);
      return new Float32Array();
    },
    release: nothing,
  });
  return { events, text, unet, vae };
}

const session = (): Warmable => ({ warmedUp: new Set() });

test('warming up encodes a prompt, and runs UNet and decoder at the size of requests, one after the other', async () => {
  const { events, text, unet, vae } = watched();
  const warmUps = createWarmUps(128);
  await Promise.all([
    warmUps.textEncoder(text(session()), 9),
    warmUps.vaeDecoder(vae(session())),
    warmUps.unet(unet(session()), 77, 8),
    warmUps.unet(unet(session(), 5), 77, 8),
  ]);
  assert.deepEqual(events, [
    'encode 77 tokens, of them 77 ends',
    'decode 4 x 16 x 16',
    'step of 2 x 16 x 16, 77 tokens, 12 ids',
    'step of 2 x 16 x 16, 77 tokens, 10 ids',
  ]);
});

test('a session is warmed up once, for all the networks that share it', async () => {
  const { events, text, unet, vae } = watched();
  const warmUps = createWarmUps(64);
  const [texts, unets, vaes] = [session(), session(), session()];
  const checkpoint = () =>
    Promise.all([
      warmUps.textEncoder(text(texts), 9),
      warmUps.unet(unet(unets), 77, 8),
      warmUps.vaeDecoder(vae(vaes)),
    ]);
  await Promise.all([checkpoint(), checkpoint()]);
  await checkpoint();
  assert.equal(events.length, 3);
  await warmUps.vaeDecoder(vae(session()));
  assert.equal(events.length, 4, 'another session');
  await warmUps.vaeDecoder(vae({}));
  await warmUps.vaeDecoder(vae({}));
  assert.equal(events.length, 6, 'of these it is not known what they share');
});

test('a UNet that can be captured is; what fails is tried again', async () => {
  const { unet } = watched();
  const warmUps = createWarmUps(64);
  const shared = session();
  const captured: UnetInput[] = [];
  let fails = true;
  const capture = async (input: UnetInput) => {
    if (fails) throw new Error('no memory');
    captured.push(input);
  };
  await warmUps.unet(unet(shared), 77, 8);
  const able = { ...unet(shared), capture };
  await assert.rejects(warmUps.unet(able, 77, 8), /no memory/);
  fails = false;
  for (let time = 0; time < 2; time++) await warmUps.unet(able, 77, 8);
  assert.deepEqual(
    captured.map(({ batch, height, width }) => [batch, height, width]),
    [[2, 8, 8]],
  );
});
