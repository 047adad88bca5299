import type { Report } from '../report/report.ts';

/** What the page says about its numbers, as heading and text. */
export function notes({ settings, testbeds, entries }: Report): (readonly [heading: string, text: string])[] {
  const pictures = testbeds.find(({ id }) => id !== 'mixture');
  return [
    [
      'The exact mixture',
      `A mixture of seven round normals in the plane, whose denoiser is known exactly. ${settings.accuracy.points} points a seed are moved together as if they were the latents of one picture, by each name's own schedule over the checkpoint's noise levels. The exact solution is computed in float64 by Dormand-Prince steps of order 5 with an error of 1e-8 a step; the solvers compute in float32, so errors near 1e-6 are rounding.`,
    ],
    ...(pictures?.id === 'checkpoint'
      ? ([
          [
            'The checkpoint',
            `Each name runs text to image from pure noise over its whole schedule with the base model, on the engine that serves requests, one picture at a time; names of sdxl-img2img too, as if at strength 1. The refiner is left out: a hand-off is another problem. Guidance scale ${settings.guidanceScale}, no style, no negative prompt.`,
          ],
          [
            'The converged reference',
            `The same flow from the same noise, start level and scale, solved by Dormand-Prince steps of order 5 with an error of ${settings.accuracy.tolerance} a step; a tenth of that tolerance moves the result by ${pictures.uncertainty?.toExponential(1) ?? 'an unknown amount'}. Names differ in where their schedule begins (with leading spacing it depends on the number of steps), so each is compared with the reference of its own beginning and end: what is measured is the error of its steps, not of its range.`,
          ],
        ] as const)
      : []),
    ...(pictures?.id === 'server'
      ? ([
          [
            'The server',
            'Each name runs through the public API: names of sdxl-torch as text to image without refiner, names of sdxl-img2img as image to image of a gray picture at strength 1. The API gives pictures and seconds, not latents: deterministic names are compared with their own picture of 100 steps, which is not quite a converged solution. Model calls are those of the method by definition. The time is the whole inference as the server reports it, decoding included.',
          ],
        ] as const)
      : []),
    ...(entries.some(({ variation }) => variation !== undefined)
      ? ([
          [
            'Saved evaluations',
            'A name with + has a step cache, which forecasts some evaluations from those before, or guidance between two fractions of its steps alone. Both are held to the same solution as the name itself, guided throughout, so that what is measured of them is what they cost in likeness. Forecast evaluations are no calls; one without guidance is half a call.',
          ],
        ] as const)
      : []),
    [
      'Where a run ends',
      'No network is trained below the lowest noise level of its table (0.029 for SDXL). A run to zero is solved exactly down to that level and takes the clean estimate there. A schedule whose last level lies higher (UniPC, DPM Multi and DPM Single of sdxl-torch; names without penultimate level) makes a leap to zero, which counts as its error. Runs that end at the lowest level (DDIM, PNDM, PLMS) are compared with the exact solution at that level.',
    ],
    [
      'Stochastic names',
      `They do not follow the flow, so they have no error of one picture. What is measured is the distribution: the sliced 1-Wasserstein distance. On the mixture it is to the mixture itself, computed from exact quantiles; as many exact samples are ${testbeds[0]!.floor?.toPrecision(2)} away by chance.${pictures?.id === 'checkpoint' ? ` With the checkpoint it is between the latent vectors of all seeds' pictures, wherever in the picture they are, and those of the converged pictures of the same seeds${pictures.floor === null ? '' : `; converged pictures of one half of the seeds are ${pictures.floor.toPrecision(2)} from those of the other`}. Few seeds make it coarse. A deterministic name's pictures are those of the same noise, so its distance is small by nature: compare stochastic names with each other.` : ' Deterministic names have the distance too.'}`,
    ],
    [
      'Slope and order',
      'Two different things. The order is the solver alone, measured on a smooth schedule that is refined from 100 to 200 steps (stochastic solvers: of the variance of all trajectories on normal data, 200 to 400 steps), where theory speaks. The slope is what the name with its own schedule shows at these numbers of steps: least squares over at least three of the finest runs, reported only where the error falls throughout, neighbouring slopes differ from the fit by at most 0.35, and errors are above five times the uncertainty of the reference. Multistep solvers begin with steps of low order and schedules end with a leap, which decide the slope at few steps.',
    ],
    [
      'Times',
      "Medians over seeds and prompts, on one machine, one picture at a time. Model: the guided evaluations of the network. Noise: drawing random numbers during the run. Arithmetic: everything else the solver does. Decoding the picture is left out. The mixture's model is nearly free: its times show the solvers, not pictures.",
    ],
    [
      'Picture difference',
      "1 − SSIM (Wang et al. 2004) of the decoded picture to the converged one, both scaled down as that paper's code does: 0 equal, 1 unrelated. Latent error: root mean square over all latent values, which spread by about 1.",
    ],
  ];
}
