import { openClipTextEncoder } from '../networks/clip-text-encoder.ts';
import { openExportedTextEncoder } from '../networks/exported/exported-text-encoder.ts';
import { openExportedUnet } from '../networks/exported/exported-unet.ts';
import { openExportedVaeDecoder, openExportedVaeEncoder } from '../networks/exported/exported-vae.ts';
import {
  type ClipTextEncoder,
  type Unet,
  type VaeDecoder,
  type VaeEncoder,
  vaeGeometry,
} from '../networks/networks.ts';
import { type Device, isCuda } from '../networks/runtime/device.ts';
import { openInTurn, openTogether } from '../networks/runtime/open-all.ts';
import type { OwnWeights } from '../networks/runtime/weights/own-weights.ts';
import { runtimeLowRank } from '../networks/runtime-low-rank.ts';
import { openUnet } from '../networks/unet.ts';
import { openVaeDecoder, openVaeEncoder, type VaeOptions } from '../networks/vae.ts';
import { assembleModels, loadStageTokenizer, type Models } from '../pipelines/models.ts';
import type { InstalledModel } from './installation.ts';
import type { DeviceLayout } from './memory/device-layout.ts';
import { createNetworkPool, type NetworkPool } from './network-pool.ts';
import { isExported, type OpenedModel, openLocation, openModel, preparedFolder } from './open-model.ts';
import { createWarmUps, type WarmUps } from './warm-up.ts';

/**
 * A model's networks, each loaded when it is called for.
 * @throws CheckpointError naming file and tensor, from every one.
 */
export interface NetworkLoaders {
  readonly textEncoders: readonly (() => Promise<ClipTextEncoder>)[];
  readonly unet: () => Promise<Unet>;
  readonly vaeEncoder: () => Promise<VaeEncoder>;
  readonly vaeDecoder: () => Promise<VaeDecoder>;
}

/** Where networks come from and where they are held. */
export interface LoadingPlaces {
  /** Of networks of weights that are loaded already; those that were exported whole are always loaded. */
  readonly pool?: NetworkPool;
  /** By default every network stays where it was loaded, on the device. */
  readonly layout?: DeviceLayout;
  /** Whether there is room for loading networks at the same time; by default one comes after the other. */
  readonly together?: boolean;
  /** Of networks that compute on the same device. */
  readonly warmUps?: WarmUps;
}

export function networkLoaders(
  model: OpenedModel,
  options: VaeOptions,
  { pool = createNetworkPool(), layout }: LoadingPlaces = {},
): NetworkLoaders {
  const load = loadersOn(model, options, pool);
  const here = (index: number) => () => load.textEncoder(index, options.device);
  const indices = model.textEncoders.map((_, index) => index);
  if (layout === undefined)
    return {
      textEncoders: indices.map(here),
      unet: () => load.unet(),
      vaeEncoder: () => load.vaeEncoder(),
      vaeDecoder: () => load.vaeDecoder(),
    };
  return {
    textEncoders: indices.map(
      (index) => () => layout.textEncoder((device, weights) => load.textEncoder(index, device, weights)),
    ),
    unet: () => layout.unet(load.unet, !isExported(model)),
    vaeEncoder: () => layout.vaeEncoder(load.vaeEncoder),
    vaeDecoder: () => layout.vaeDecoder(load.vaeDecoder),
  };
}

/** Exported networks have their weights in their sessions, whatever memory they are given. */
interface DeviceLoaders {
  readonly textEncoder: (index: number, device: Device, weights?: OwnWeights) => Promise<ClipTextEncoder>;
  readonly unet: (weights?: OwnWeights) => Promise<Unet>;
  readonly vaeEncoder: (weights?: OwnWeights) => Promise<VaeEncoder>;
  readonly vaeDecoder: (weights?: OwnWeights) => Promise<VaeDecoder>;
}

function loadersOn(model: OpenedModel, options: VaeOptions, pool: NetworkPool): DeviceLoaders {
  const unetOptions = { ...options, timeIdCount: model.requiresAestheticsScore ? 5 : 6 };
  if (isExported(model))
    return {
      textEncoder: (index, device) =>
        openExportedTextEncoder(model.textEncoders[index]!, { ...options, device }),
      unet: () => openExportedUnet(model.unet, unetOptions),
      vaeEncoder: () => openExportedVaeEncoder(model.vaeEncoder, options),
      vaeDecoder: () => openExportedVaeDecoder(model.vaeDecoder, options),
    };
  const { textEncoders, unet, vae } = model;
  const unetKind = `UNet of ${unetOptions.timeIdCount} time ids`;
  return {
    textEncoder: (index, device, weights) =>
      pool.open(`text encoder on ${device}`, textEncoders[index]!, () =>
        openClipTextEncoder(textEncoders[index]!, { ...options, device, ...given(weights) }),
      ),
    unet: (weights) => pool.open(unetKind, unet, () => openUnet(unet, { ...unetOptions, ...given(weights) })),
    vaeEncoder: (weights) =>
      pool.open('VAE encoder', vae, () => openVaeEncoder(vae, { ...options, ...given(weights) })),
    vaeDecoder: (weights) =>
      pool.open('VAE decoder', vae, () => openVaeDecoder(vae, { ...options, ...given(weights) })),
  };
}

const given = (weights: OwnWeights | undefined): { weights?: OwnWeights } =>
  weights === undefined ? {} : { weights };

/** A checkpoint's networks, which leave the device together. */
export interface LoadedModels extends Models {
  release(): Promise<void>;
}

/**
 * Opens a checkpoint and loads all its networks; on CUDA, until they are as fast as they will be. Where one
 * cannot be loaded, none stays.
 * @param model an installed one, or the folder or file of a checkpoint.
 * @param onNetwork called after each network.
 * @param places of models that were loaded before, with the same options.
 * @throws CheckpointError naming file and tensor; Error where the runtime or the device refuses.
 */
export async function loadModels(
  model: InstalledModel | string,
  options: VaeOptions,
  onNetwork: () => void = () => undefined,
  places: LoadingPlaces = {},
): Promise<LoadedModels> {
  const checkpoint = await (typeof model === 'string'
    ? openLocation(model)
    : openModel(model, options.device, runtimeLowRank));
  const prepared = typeof model === 'string' ? {} : { preparedFolder: preparedFolder(model) };
  const load = networkLoaders(checkpoint, { ...options, ...prepared }, places);
  const { together = false, warmUps = createWarmUps() } = places;
  const warm = isCuda(options.device) ? warmUps : undefined;
  const last = load.textEncoders.length - 1;
  const tokenizers = await Promise.all(
    load.textEncoders.map((_, index) =>
      loadStageTokenizer(checkpoint.tokenizerDirectories[index], index === last),
    ),
  );
  const { factor } = vaeGeometry(
    isExported(checkpoint) ? checkpoint.vaeDecoder.config : checkpoint.vae.config,
  );
  const tokens = checkpoint.textEncoders[0]!.config.max_position_embeddings;
  const ready =
    <Opened extends { release(): Promise<void> }>(
      open: () => Promise<Opened>,
      warmUp: (network: Opened) => Promise<void> | undefined = () => undefined,
    ) =>
    async (): Promise<Opened> => {
      const network = await open();
      try {
        await warmUp(network);
      } catch (error) {
        await network.release();
        throw error;
      }
      onNetwork();
      return network;
    };
  const openAll = together ? openTogether : openInTurn;
  const textStages = async () => {
    const encoders = await openAll(
      load.textEncoders.map((open, index) =>
        ready(open, (encoder) => warm?.textEncoder(encoder, tokenizers[index]!.eos)),
      ),
    );
    const release = async () => void (await Promise.all(encoders.map((encoder) => encoder.release())));
    return {
      stages: encoders.map((encoder, index) => ({ encoder, tokenizer: tokenizers[index]! })),
      release,
    };
  };
  const networks = await openAll([
    textStages,
    ready(load.unet, (unet) => warm?.unet(unet, tokens, factor)),
    ready(load.vaeEncoder),
    ready(load.vaeDecoder, warm?.vaeDecoder),
  ]);
  const release = async () => void (await Promise.all(networks.map((network) => network.release())));
  const [{ stages }, unet, vaeEncoder, vaeDecoder] = networks;
  try {
    const models = assembleModels({
      ...{ name: checkpoint.name, textStages: stages, unet, vaeEncoder, vaeDecoder },
      schedulerConfig: checkpoint.scheduler,
      forceZerosForEmptyPrompt: checkpoint.forceZerosForEmptyPrompt,
    });
    return { ...models, release };
  } catch (error) {
    await release();
    throw error;
  }
}
