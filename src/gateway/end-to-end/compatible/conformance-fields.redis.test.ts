import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationRequest } from '../../../contract/generation.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** The wire contract's rows on fields, defaults, ranges (2) and names (6). */

let service: TestService;
let image: string;
before(async () => {
  service = await startTestService();
  image = (await picture(64, 64)).toString('base64');
});
after(() => service.close());

const prompt = 'a panda in the low light';

/** Runs a body and returns what the worker was given. */
async function taken(slug: string, body: object): Promise<GenerationRequest & Record<string, unknown>> {
  const own = slug.includes('img2img') ? { prompt, image } : { prompt };
  const response = await service.post(`/v1/${slug}`, { ...own, ...body });
  assert.equal(response.statusCode, 200, `${JSON.stringify(body)}: ${response.body.slice(0, 300)}`);
  return service.started.at(-1) as never;
}

async function refusal(slug: string, body: object): Promise<string> {
  const own = slug.includes('img2img') ? { prompt, image } : { prompt };
  const replies = await Promise.all([1, 2].map((v) => service.post(`/v${v}/${slug}`, { ...own, ...body })));
  for (const reply of replies) assert.equal(reply.statusCode, 400, `${JSON.stringify(body)}: ${reply.body}`);
  assert.equal(replies[0]!.body, replies[1]!.body);
  return replies[0]!.json().error;
}

const names: Record<string, string> = {
  ...{ negative_prompt: 'negativePrompt', num_inference_steps: 'steps', guidance_scale: 'guidanceScale' },
  ...{ high_noise_fraction: 'highNoiseFraction', img_width: 'width', img_height: 'height' },
  base_model: 'baseModel',
};

test('2.1 what a body of sdxl-torch leaves out has the published default', async () => {
  const request = await taken('sdxl-torch', {});
  for (const [field, value] of Object.entries({
    ...{ negative_prompt: '', style: 'base', samples: 1, scheduler: 'UniPC', num_inference_steps: 25 },
    ...{ guidance_scale: 7.5, high_noise_fraction: 0.8, strength: 0.2, img_width: 1024, img_height: 1024 },
    ...{ refiner: true, base64: false },
  }))
    assert.equal(request[names[field] ?? field], value, field);
});

test('2.2 what a body of sdxl-img2img leaves out has the published default', async () => {
  const request = await taken('sdxl-img2img', {});
  for (const [field, value] of Object.entries({
    ...{ negative_prompt: '', base_model: 'juggernaut', samples: 1, scheduler: 'UniPC' },
    ...{ num_inference_steps: 30, guidance_scale: 6.5, strength: 0.65, base64: false },
  }))
    assert.equal(request[names[field] ?? field], value, field);
});

for (const [slug, field, ...[least, most, under, over]] of [
  ['sdxl-torch', 'samples', 1, 4, 0, 5],
  ['sdxl-torch', 'num_inference_steps', 20, 100, 19, 101],
  ['sdxl-torch', 'guidance_scale', 1, 25, 0.99, 25.01],
  ['sdxl-torch', 'high_noise_fraction', 0, 1, -0.01, 1.01],
  ['sdxl-torch', 'strength', 0.1, 1, 0.09, 1.01],
  ['sdxl-torch', 'img_width', 1024, 1024, 1016, 1032],
  ['sdxl-torch', 'img_height', 1024, 1024, 1016, 1032],
  ['sdxl1.0-txt2img', 'img_width', 512, 2048, 504, 2056],
  ['sdxl1.0-txt2img', 'img_height', 512, 2048, 504, 2056],
  ['sdxl-img2img', 'samples', 1, 4, 0, 5],
  ['sdxl-img2img', 'num_inference_steps', 20, 100, 19, 101],
  ['sdxl-img2img', 'guidance_scale', 0.1, 25, 0.09, 25.01],
  ['sdxl-img2img', 'strength', 0.1, 1, 0.09, 1.01],
] as const)
  test(`2.1/2.2 ${slug} ${field}: ${least} to ${most}, as number and as text; beyond it 400 on v1 and v2`, async () => {
    for (const value of [least, most, String(least), String(most)])
      assert.equal((await taken(slug, { [field]: value }))[names[field] ?? field], Number(value));
    for (const value of [under, over, String(under), String(over), 'x', [], {}, 'NaN', '0x19'])
      assert.match(await refusal(slug, { [field]: value }), new RegExp(`^${field} must be`));
  });

test('2.1/2.2 integers are no fractions, whatever their form', async () => {
  for (const field of ['samples', 'num_inference_steps', 'seed'])
    for (const value of [1.5, '2.5', 25.5])
      assert.match(await refusal('sdxl-torch', { [field]: value }), /integer/);
  assert.equal((await taken('sdxl-torch', { num_inference_steps: '30.0' })).steps, 30);
});

test('2.3 seed: 0 and 999999999999999 are themselves, -1 and none are drawn, beyond them 400', async () => {
  for (const slug of ['sdxl-torch', 'sdxl-img2img']) {
    for (const seed of [0, 999_999_999_999_999, '98877465625'])
      assert.equal((await taken(slug, { seed })).seed, Number(seed));
    const drawn = [await taken(slug, { seed: -1 }), await taken(slug, { seed: '-1' }), await taken(slug, {})];
    assert.equal(new Set(drawn.map(({ seed }) => seed)).size, 3);
    for (const seed of [-2, 1e15])
      assert.match(await refusal(slug, { seed }), /^seed must be an integer from -1/);
  }
});

test('2.3 seed: the same parameters and seed make the same picture', async () => {
  const answers = await Promise.all([1, 2].map(() => service.post('/v1/sdxl-torch', { prompt, seed: 77 })));
  assert.deepEqual(answers[0]!.rawPayload, answers[1]!.rawPayload);
});

test('2.3 several wrong fields are all named', async () => {
  const text = await refusal('sdxl-torch', { samples: 9, seed: 'x', refiner: 3 });
  for (const field of ['samples', 'seed', 'refiner']) assert.match(text, new RegExp(`${field} must be`));
});

test('2.2 base_model: an installed one is taken, another one refused with the installed ones', async () => {
  assert.equal((await taken('sdxl-img2img', { base_model: 'juggernaut' })).baseModel, 'juggernaut');
  for (const name of ['yamers_realistic', 'x'])
    assert.match(
      await refusal('sdxl-img2img', { base_model: name }),
      /is not installed .* installed: juggernaut$/,
    );
});

test('2.2 image is mandatory for image to image', async () => {
  for (const body of [{ prompt }, { prompt, image: null }]) {
    const response = await service.post('/v2/sdxl-img2img', body);
    assert.equal(response.statusCode, 400);
    assert.match(response.json().error, /^image is mandatory/);
  }
});

const published = {
  'sdxl-torch': [
    ...['DDIM', 'DPM Multi', 'DPM Single', 'Euler a', 'Euler', 'Heun', 'DPM2 a Karras', 'DPM2 Karras', 'LMS'],
    ...['PNDM', 'DDPM', 'UniPC'],
  ],
  'sdxl-img2img': [
    ...['DPM++ SDE Karras', 'DPM++ 2M Karras', 'DPM++ 2M SDE Karras', 'DPM++ 2M SDE Heun Karras'],
    ...['DPM++ 3M SDE Karras', 'LMS Karras', 'DPM2 Karras', 'DPM2 a Karras', 'DPM++ 2S a Karras'],
    ...['DPM++ 2M SDE Exponential', 'UniPC'],
  ],
};

for (const [slug, schedulers] of Object.entries(published))
  test(`6.1/6.2 ${slug} takes the ${schedulers.length} published schedulers and only its own`, async () => {
    for (const scheduler of schedulers) assert.equal((await taken(slug, { scheduler })).scheduler, scheduler);
    const listed: string[] = (await service.app.inject('/v1/schedulers')).json()[slug].schedulers;
    assert.equal(listed.length, slug === 'sdxl-torch' ? 12 : 30);
    for (const scheduler of listed) await taken(slug, { scheduler });
    await refusal(slug, { scheduler: slug === 'sdxl-torch' ? 'LMS Karras' : 'DPM Multi' });
  });

test('6.3 the 104 styles are taken, with and without their family', async () => {
  const { styles } = (await service.app.inject('/v1/styles')).json();
  assert.equal(styles.length, 104);
  const first = ['base', '3d-model', 'analog film', 'anime', 'cinematic', 'comic book', 'craft clay'];
  assert.deepEqual(
    styles.slice(0, 7).map(({ name }: { name: string }) => name),
    first,
  );
  for (const { name, aliases } of styles)
    for (const style of [name, ...aliases]) {
      const response = await service.post('/v2/sdxl-torch', { prompt, style });
      assert.equal(response.statusCode, 200, style);
    }
});
