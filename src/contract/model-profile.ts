/** What a model says of how it is meant to be asked, in its model.json. */
export interface ModelProfile {
  /** Take the place of the published defaults where a request names the model. */
  readonly defaults: ModelDefaults;
  /** Take the place of the published ranges, both ends included. */
  readonly ranges: ModelRanges;
}

/** Of a model that says nothing of itself. */
export const ordinaryProfile: ModelProfile = { defaults: {}, ranges: {} };

export interface ModelDefaults {
  /** A scheduler name; where an endpoint does not know it, the endpoint's own default stays. */
  readonly scheduler?: string;
  /** Of image to image, where it is another: its names of schedulers are of other libraries. */
  readonly imageToImageScheduler?: string;
  readonly steps?: number;
  readonly guidanceScale?: number;
  /** Of text to image, in pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly negativePrompt?: string;
  /** Layers of the text encoders left out beside the last, as diffusers counts. */
  readonly clipSkip?: number;
}

export interface ModelRanges {
  readonly steps?: Span;
  readonly guidanceScale?: Span;
}

/** Least and most. */
export type Span = readonly [number, number];

/** A checkpoint that requests can name, as a worker tells of it. */
export interface ServedModel {
  readonly name: string;
  /** The names it is served under. */
  readonly serves: readonly string[];
  readonly kind?: 'base' | 'refiner';
  readonly profile?: ModelProfile;
  /** Its networks are finished graphs, into which no LoRA and no embedding can be put. */
  readonly exported?: true;
}

/** The model that a request names, and what the model says of itself. */
export interface NamedModel {
  readonly name: string;
  readonly profile?: ModelProfile | undefined;
}
