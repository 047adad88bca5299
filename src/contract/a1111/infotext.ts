import { type RecreatedRequest, recreatedRequest } from '../infotext/recreated-request.ts';
import { refinerName } from '../served-names.ts';

/** A body with what its `infotext` says where the body itself says nothing. */
export interface CompletedBody {
  readonly raw: unknown;
  /** What the infotext leads to; undefined without one. */
  readonly recreated: RecreatedRequest | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** As A1111's apply_infotext (modules/api/api.py): what a request gives counts more. */
export function withInfotext(raw: unknown): CompletedBody {
  const { infotext } = (raw ?? {}) as { infotext?: unknown };
  if (typeof infotext !== 'string' || infotext.trim() === '') return { raw, recreated: undefined };
  const recreated = recreatedRequest(infotext);
  const given = Object.fromEntries(
    Object.entries(raw as Fields).filter(([, value]) => value !== null && value !== undefined),
  );
  const isSampled = ['sampler_name', 'sampler_index', 'scheduler'].some((name) => Object.hasOwn(given, name));
  const said = inTheirNames(recreated.fields, isSampled);
  const settings = given.override_settings;
  return {
    recreated,
    raw: {
      ...said,
      ...given,
      // Not a record: it is refused where the body is read.
      override_settings:
        typeof settings === 'object' && !Array.isArray(settings)
          ? { ...said.override_settings, ...settings }
          : (settings ?? said.override_settings),
    },
  };
}

function inTheirNames(fields: Fields, isSampled: boolean) {
  const said = {
    prompt: fields.prompt,
    negative_prompt: fields.negative_prompt,
    steps: fields.num_inference_steps,
    cfg_scale: fields.guidance_scale,
    seed: fields.seed,
    subseed: fields.subseed,
    subseed_strength: fields.subseed_strength,
    seed_resize_from_w: fields.seed_resize_from_w,
    seed_resize_from_h: fields.seed_resize_from_h,
    ...(!isSampled && { sampler_name: fields.sampler, scheduler: fields.schedule }),
    width: fields.img_width,
    height: fields.img_height,
    denoising_strength: fields.strength,
    ...(fields.refiner === true && {
      ...{ refiner_checkpoint: refinerName, refiner_switch_at: fields.high_noise_fraction },
    }),
  };
  return {
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    override_settings: { randn_source: fields.rng === 'torch-cpu' ? 'CPU' : 'NV' },
  };
}

/**
 * A published scheduler that an infotext names has no name there, and takes the place of the sampler where
 * the request itself names none.
 */
export function publishedScheduler(
  raw: unknown,
  slug: RecreatedRequest['slug'],
  recreated: RecreatedRequest | undefined,
): { readonly scheduler: unknown } | undefined {
  const { sampler_name, sampler_index, scheduler: spacing } = (raw ?? {}) as Fields;
  const isSampled = [sampler_name, sampler_index, spacing].some(
    (name) => name !== undefined && name !== null,
  );
  const scheduler = recreated?.slug === slug ? recreated.fields.scheduler : undefined;
  return isSampled || scheduler === undefined ? undefined : { scheduler };
}
