import { detectThings, type RgbPicture } from './detect-things.ts';
import { type Expectation, judgePicture } from './judge-picture.ts';
import type { Painter } from './painter.ts';
import { difference, edgeSharpness, foregroundShare, groundDistance } from './picture-measures.ts';
import { colours, shapes } from './shapes.ts';

/** For each knob of the API, by label: what should be positive. */
export type Effects = Readonly<Record<string, number>>;

const names = Object.keys(colours);
const shapeNames = Object.keys(shapes);

function pointsRight(expected: Expectation, picture: RgbPicture): number {
  const points = Object.values(judgePicture(expected, detectThings(picture)));
  return points.filter((point) => point === true).length;
}

/**
 * The effects on the pictures of one prompt, all of one seed: the index of the prompt.
 * @param prompts as many as wanted, of which those without a ground of their own serve the negative prompt.
 */
export async function measureEffects(
  { fromText, fromPicture }: Painter,
  prompts: readonly Expectation[],
  index: number,
): Promise<Effects> {
  const seed = index;
  const draw = async (body: Readonly<Record<string, unknown>>): Promise<RgbPicture> =>
    (await fromText({ seed, ...body })).picture;
  const expected = prompts[index]!;
  const { prompt } = expected;
  const usual = await draw({ prompt });

  const unguided = await draw({ prompt, guidance_scale: 1 });

  const open = prompts.filter(({ background }) => background === null);
  const free = open[index % open.length]!.prompt;
  const [plain, against] = [
    await draw({ prompt: free }),
    await draw({ prompt: free, negative_prompt: 'on a white background' }),
  ];
  const fromWhite = (picture: RgbPicture) => groundDistance(picture, colours.white!);

  const thing = names[index % names.length]!;
  // Another colour, and another pair of colours for each round through the names.
  const apart = 1 + (Math.floor(index / names.length) % (names.length - 1));
  const ground = names[(index + apart) % names.length]!;
  const shape = shapeNames[index % shapeNames.length]!;
  const [size, direction] = index % 2 === 0 ? (['large', 1] as const) : (['small', -1] as const);
  const weighted = async (weight: number) =>
    foregroundShare(
      await draw({
        prompt: `a (${size}:${weight}) ${thing} ${shape} in the middle on a ${ground} background`,
      }),
    );
  const grown = (await weighted(1.4)) - (await weighted(0.6));

  const unrefined = await draw({ prompt, refiner: false });

  const other = prompts[(index + 100) % prompts.length]!.prompt;
  const changed = async (strength: number) =>
    difference(usual, (await fromPicture({ prompt: other, seed, strength }, usual)).picture);
  const [slightly, half, strongly] = [await changed(0.2), await changed(0.5), await changed(0.8)];

  return {
    'guidance 7.5 against 1: points of the prompt right':
      pointsRight(expected, usual) - pointsRight(expected, unguided),
    'negative "on a white background" against none: distance of the ground from white':
      fromWhite(against) - fromWhite(plain),
    '(large:1.4) and (small:1.4) against :0.6: % of the picture covered more, or less':
      100 * direction * grown,
    'refiner on against off: sharpness of edges': edgeSharpness(usual) - edgeSharpness(unrefined),
    'strength 0.5 against 0.2: change of the input': half - slightly,
    'strength 0.8 against 0.5: change of the input': strongly - half,
  };
}
