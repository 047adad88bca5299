import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { openClipTextEncoder } from '../../../src/networks/clip-text-encoder.ts';
import type { Unet, UnetInput } from '../../../src/networks/networks.ts';
import { oracleNumbers } from '../../../src/networks/testing/oracle-inputs.ts';
import { openUnet } from '../../../src/networks/unet.ts';
import { openVaeDecoder } from '../../../src/networks/vae.ts';
import { unetWork } from '../networks/unet-work.ts';
import type { Contest } from './contest.ts';

/** Steps of a picture by default; what happens once a picture is weighed against so many of them. */
const steps = 25;
const cpu = { device: 'cpu' } as const;

/** The samples `from` to `to` of an input. */
function part(input: UnetInput, from: number, to: number): UnetInput {
  const rows = (values: Float32Array) => {
    const width = values.length / input.batch;
    return values.subarray(from * width, to * width);
  };
  return {
    ...input,
    batch: to - from,
    latents: rows(input.latents),
    encoderHiddenStates: rows(input.encoderHiddenStates),
    textEmbeds: rows(input.textEmbeds),
    timeIds: rows(input.timeIds),
  };
}

function repeated(input: UnetInput, times: number): UnetInput {
  const rows = (values: Float32Array) => {
    const all = new Float32Array(values.length * times);
    for (let index = 0; index < times; index++) all.set(values, index * values.length);
    return all;
  };
  return {
    ...input,
    batch: input.batch * times,
    latents: rows(input.latents),
    encoderHiddenStates: rows(input.encoderHiddenStates),
    textEmbeds: rows(input.textEmbeds),
    timeIds: rows(input.timeIds),
  };
}

async function openedUnet(checkpoint: Checkpoint, side: number): Promise<{ unet: Unet; input: UnetInput }> {
  const { input, timeIdCount } = unetWork(checkpoint, side);
  return { unet: await openUnet(checkpoint.unet, { ...cpu, timeIdCount }), input };
}

/** Samples together or one after another. */
export function batchContests(checkpoint: Checkpoint, side: number): Contest[] {
  return [
    {
      usual: 'guidance as a batch of two',
      other: 'two calls of one sample',
      open: async () => {
        // Two networks: each keeps its prompts, as it would if guidance were made of two calls.
        const { unet, input } = await openedUnet(checkpoint, side);
        const { unet: first } = await openedUnet(checkpoint, side);
        const { unet: second } = await openedUnet(checkpoint, side);
        const halves = [part(input, 0, 1), part(input, 1, 2)];
        return {
          usual: () => unet.predictNoise(input),
          other: async () => {
            await first.predictNoise(halves[0]!);
            await second.predictNoise(halves[1]!);
          },
          release: () => Promise.all([unet, first, second].map((each) => each.release())),
        };
      },
    },
    {
      usual: '4 samples one after another',
      other: '4 samples as one batch (ENGINE_BATCH=4)',
      open: async () => {
        const { unet, input } = await openedUnet(checkpoint, side);
        const all = repeated(input, 4);
        const { unet: single } = await openedUnet(checkpoint, side);
        return {
          usual: async () => {
            for (let sample = 0; sample < 4; sample++) await single.predictNoise(input);
          },
          other: () => unet.predictNoise(all),
          release: () => Promise.all([unet.release(), single.release()]),
        };
      },
    },
  ];
}

/** What is kept instead of being computed again. */
export function repetitionContests(checkpoint: Checkpoint, side: number): Contest[] {
  return [
    {
      usual: "the prompt's keys and values are kept",
      other: 'computed in every step',
      open: async () => {
        const { unet, input } = await openedUnet(checkpoint, side);
        let turn = 0;
        return {
          usual: () => unet.predictNoise(input),
          // Any other number makes it another prompt.
          other: () => {
            const encoderHiddenStates = input.encoderHiddenStates.with(0, ++turn);
            return unet.predictNoise({ ...input, encoderHiddenStates });
          },
          release: () => unet.release(),
        };
      },
    },
    {
      usual: `${steps} steps, both prompts encoded before`,
      other: 'both prompts encoded anew (no prompt cache)',
      open: async () => {
        const { unet, input } = await openedUnet(checkpoint, side);
        const encoders = await Promise.all(
          checkpoint.textEncoders.map((component) => openClipTextEncoder(component, cpu)),
        );
        const walk = async () => {
          for (let step = 0; step < steps; step++) await unet.predictNoise(input);
        };
        return {
          usual: walk,
          other: async () => {
            for (const [index, encoder] of encoders.entries()) {
              const end = Math.min(checkpoint.textEncoders[index]!.config.vocab_size - 1, 49407);
              const ids = Int32Array.from({ length: 77 }, (_, at) => (at < 9 ? at + 300 : end));
              for (let prompt = 0; prompt < 2; prompt++) await encoder.encodePrompt(ids);
            }
            await walk();
          },
          release: () => Promise.all([unet, ...encoders].map((each) => each.release())),
        };
      },
    },
  ];
}

/** A picture's last stages while the next picture's first steps run: two pictures in a row, either way. */
export function overlap(checkpoint: Checkpoint, side: number): Contest {
  return {
    usual: `decoding and JPEG, then ${steps} steps of the next`,
    other: 'both at the same time',
    open: async () => {
      const { unet, input } = await openedUnet(checkpoint, side);
      const decoder = await openVaeDecoder(checkpoint.vae, cpu);
      const { height, width } = input;
      const latents = oracleNumbers([1, decoder.channels, height, width], 6);
      const finish = async () => {
        const pixels = await decoder.decode(latents, height, width);
        await encodeImage(pixels, side, side, 'jpeg');
      };
      const walk = async () => {
        for (let step = 0; step < steps; step++) await unet.predictNoise(input);
      };
      return {
        usual: async () => {
          await finish();
          await walk();
        },
        other: () => Promise.all([finish(), walk()]),
        release: () => Promise.all([unet.release(), decoder.release()]),
      };
    },
  };
}
