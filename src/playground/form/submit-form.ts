import { chosen, type Submission, send } from '../history/requests.ts';
import { texts } from '../parts/texts.ts';
import type { Offered } from '../parts/wire.ts';
import { mostCells, submissionsOf } from './comparison.ts';
import type { InputPicture } from './input-picture.ts';
import { requestOf, schemasOf, shownValue } from './schemas.ts';
import { drawSeed } from './settings.ts';
import type { Settings } from './values.ts';

/** Sends what the form asks for. @returns why it could not, for people; undefined where it was sent. */
export async function submitForm(
  offered: Offered,
  settings: Settings,
  input: InputPicture | undefined,
): Promise<string | undefined> {
  const { mode } = settings;
  const { slug, body } = requestOf(offered, settings);
  const isRefined = shownValue('refiner', schemasOf(offered, settings), settings) === true;
  const refiner = mode !== 'image' && isRefined && !offered.refiner ? { refiner: false } : {};
  if (typeof body.prompt !== 'string' || body.prompt.trim() === '') return texts.form.needsPrompt;
  if (mode === 'image' && input === undefined) return texts.form.needsPicture;
  try {
    if (mode === 'compare') return await compare(settings, { slug, body: { ...body, ...refiner } });
    chosen.set(
      await send({ slug, body: { ...body, ...refiner }, ...(mode === 'image' && input && { input }) }),
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function compare(
  { compared: { schedulers, steps } }: Settings,
  { slug, body }: Pick<Submission, 'slug' | 'body'>,
): Promise<string | undefined> {
  if (schedulers.length === 0) return texts.comparison.choose;
  if (schedulers.length * steps.length > mostCells) return texts.comparison.tooMany(mostCells);
  const seed = typeof body.seed === 'number' && body.seed >= 0 ? body.seed : drawSeed();
  const id = `comparison-${Date.now()}-${drawSeed()}`;
  for (const [place, submission] of submissionsOf({ slug, body, seed, schedulers, steps }, id).entries()) {
    const sent = await send(submission);
    if (place === 0) chosen.set(sent);
  }
  return undefined;
}
