import { type RecreatedRequest, recreatedRequest } from '../infotext/recreated-request.ts';
import { refinerName } from '../served-names.ts';
import { layersOfClipSkip } from './override-settings.ts';

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
    ...{ eta: fields.eta, s_churn: fields.s_churn, s_tmin: fields.s_tmin, s_tmax: fields.s_tmax },
    s_noise: fields.s_noise,
    ...(fields.refiner === true && {
      ...{ refiner_checkpoint: refinerName, refiner_switch_at: fields.high_noise_fraction },
    }),
  };
  return {
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    override_settings: {
      randn_source: fields.rng === 'torch-cpu' ? 'CPU' : 'NV',
      ...(fields.clip_skip !== undefined && {
        CLIP_stop_at_last_layers: layersOfClipSkip(fields.clip_skip as number),
      }),
    },
  };
}

/** Fields of ours that have no name there. */
const ownNames = [
  ...['scheduler', 'cache', 'guidance_rescale', 'guidance_start', 'guidance_end'],
  ...['loras', 'original_size', 'target_size', 'crop'],
];
/** Those that belong to the solver. */
const solverNames = ['scheduler', 'cache'];

/**
 * What an infotext of ours says that has no name there. A published scheduler takes the place of the sampler;
 * where the request itself names a sampler, nothing of the infotext's is left.
 */
export function ownFieldsOf(
  raw: unknown,
  slug: RecreatedRequest['slug'],
  recreated: RecreatedRequest | undefined,
): Fields {
  if (recreated?.slug !== slug) return {};
  const { sampler_name, sampler_index, scheduler } = (raw ?? {}) as Fields;
  const isSampled = [sampler_name, sampler_index, scheduler].some(
    (name) => name !== undefined && name !== null,
  );
  const names = ownNames.filter((name) => !(isSampled && solverNames.includes(name)));
  return Object.fromEntries(Object.entries(recreated.fields).filter(([name]) => names.includes(name)));
}
