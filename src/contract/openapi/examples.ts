import type { JsonObject } from './operation.ts';

export const exampleId = '2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10';
const base = 'http://gw.example:8080';
const picture = `${exampleId}/0f7d2c5e9b1a4d3f8e6c7b5a49382716-0.jpg`;
const links = {
  status_url: `${base}/v2/requests/${exampleId}/status`,
  response_url: `${base}/v2/requests/${exampleId}`,
};
const timings = { inference_time: 4.81, queue_time: 0.12, total_time: 4.97 };

const exampleImage = 'https://pictures.example/panda.jpg';

/** Examples of bodies and answers; the tests hold them against the schemas. */
export const examples = {
  'sdxl-torch': {
    shortest: { value: { prompt: 'a red panda reading by candle light' } },
    full: {
      value: {
        prompt: 'a (red panda:1.2) reading by candle light',
        negative_prompt: 'blurry',
        style: 'photographic',
        samples: 1,
        scheduler: 'Euler a',
        num_inference_steps: 30,
        guidance_scale: 7.5,
        high_noise_fraction: 0.8,
        seed: 468685,
        refiner: true,
        base64: false,
      },
    },
  },
  'sdxl-img2img': {
    shortest: { value: { prompt: 'the same panda in snow', image: exampleImage } },
    full: {
      value: {
        prompt: 'the same panda in snow',
        negative_prompt: 'blurry',
        image: exampleImage,
        base_model: 'juggernaut',
        samples: 1,
        scheduler: 'DPM++ 2M Karras',
        num_inference_steps: 30,
        guidance_scale: 6.5,
        strength: 0.65,
        seed: 468685,
        base64: true,
      },
    },
  },
  submitReply: {
    request_id: exampleId,
    status: 'QUEUED',
    poll_url: `${base}/v1/requests/${exampleId}`,
    ...links,
  },
  failed: {
    status: 'FAILED',
    request_id: exampleId,
    ...links,
    error: 'Input image not found',
    metrics: { inference_time: 0.008, queue_time: 0.23, total_time: 0.24 },
  },
  status: { status: 'PROCESSING', request_id: exampleId, ...links, metrics: {} },
  result: {
    status: 'COMPLETED',
    request_id: exampleId,
    ...links,
    error: null,
    output: `${base}/outputs/${picture}`,
    images: [
      {
        url: `${base}/outputs/${picture}`,
        content_type: 'image/jpeg',
        file_name: picture.slice(exampleId.length + 1),
        file_size: '183402',
      },
    ],
    seed: '468685',
    prompt: 'a red panda reading by candle light',
    metrics: { cost: 0, remaining_credits: 999999, ...timings },
  },
  openAiImages: {
    created: 1763668860,
    data: [{ url: `${base}/outputs/${picture}` }],
    background: 'opaque',
    output_format: 'png',
    quality: 'medium',
    size: '1024x1024',
    usage: {
      input_tokens: 4,
      input_tokens_details: { text_tokens: 4, image_tokens: 0 },
      output_tokens: 1024,
      output_tokens_details: { text_tokens: 0, image_tokens: 1024 },
      total_tokens: 1028,
    },
  },
} satisfies Record<string, JsonObject>;
