/**
 * What other services and programs call our fields, in lower case without separators, so that `cfg_scale` and
 * `cfgScale` are one. From the request bodies of AUTOMATIC1111 (modules/api/models.py), ComfyUI's sampler
 * nodes, diffusers' SDXL pipelines, OpenAI's Images API, Replicate's and fal's SDXL, Stability's v1 and
 * v2beta, Amazon Bedrock, Hugging Face's inference API and the published service's other models.
 */

/** Our words for it: the first that a body has; where it has none, the last says what is missing. */
export type ForeignName = readonly [string, ...string[]];

const table: readonly (readonly [ours: ForeignName, theirs: string])[] = [
  [
    ['prompt'],
    'text textprompt textprompts inputtext inputs positive positiveprompt pprompt caption description query prompts',
  ],
  [
    ['negative_prompt'],
    'negative negativetext negativeprompts negprompt nprompt uc ucprompt antiprompt unwanted exclude',
  ],
  [
    ['samples'],
    'n numimages numimage numoutputs numsamples numberofimages numberofoutputs numberofsamples numimagesperprompt ' +
      'imagesperprompt imagecount imagescount batch batchsize batchcount niter iterations count quantity nimages nsamples',
  ],
  [
    ['num_inference_steps'],
    'steps step numsteps nsteps inferencesteps samplingsteps samplesteps ddimsteps stepcount numberofsteps ' +
      'numberofinferencesteps numiterations',
  ],
  [
    ['guidance_scale'],
    'cfg cfgscale guidance guidancevalue promptguidance guidancestrength classifierfreeguidance ' +
      'classifierfreeguidancescale unconditionalguidancescale',
  ],
  [
    ['scheduler'],
    'samplername samplerindex samplerid samplertype samplingmethod samplermethod schedulername schedulertype ' +
      'schedulerid noisescheduler',
  ],
  [['img_width', 'size'], 'width imgwidth imagewidth outputwidth outwidth targetwidth w'],
  [['img_height', 'size'], 'height imgheight imageheight outputheight outheight targetheight h'],
  [
    ['size', 'img_width and img_height'],
    'size imagesize imgsize outputsize targetsize originalsize resolution dimensions aspectratio ratio aspect',
  ],
  [['style'], 'style stylepreset stylepresets stylename styletype styles presetstyle preset'],
  [
    ['strength'],
    'denoisingstrength denoisestrength denoise denoising promptstrength imagestrength imgstrength img2imgstrength ' +
      'initstrength initimagestrength noisestrength transformstrength',
  ],
  [['seed'], 'randomseed noiseseed seeds imageseed generatorseed rngseed seedvalue'],
  [
    ['high_noise_fraction'],
    'highnoisefraction highnoisefrac denoisingend denoisingstart refinerswitchat refinerswitch switchat refinerstart ' +
      'basefraction',
  ],
  [
    ['refiner'],
    'refiner refine userefiner enablerefiner withrefiner refinerenabled refinermodel refinercheckpoint',
  ],
  [
    ['base64', 'response_format'],
    'base64 b64 returnbase64 asbase64 usebase64 isbase64 base64output base64encoded responseformat returntype sendimages',
  ],
  [
    ['output_format'],
    'outputformat outputtype imageformat imgformat filetype fileformat format mimetype outputmimetype',
  ],
  [
    ['image'],
    'image images img initimage initimages initimg inputimage inputimages inputimg sourceimage sourceimg startimage ' +
      'referenceimage baseimage imageurl imageurls imgurl imageuri initimageurl inputimageurl inputurl imagebase64 ' +
      'imageb64 imagedata base64image b64image file pixels latentimage img2img',
  ],
  [['mask'], 'mask maskimage maskurl inpaintmask inpaintingmask maskimg maskdata'],
  [
    ['model', 'base_model'],
    'model modelname modelid modelkey modelversion checkpoint checkpointname sdmodelcheckpoint ckpt ckptname ' +
      'sdmodel basecheckpoint engine engineid',
  ],
  [['base_model'], 'basemodel'],
  [
    ['webhook_url'],
    'webhook webhookurl webhookuri webhookendpoint callback callbackurl callbackuri notifyurl',
  ],
  [['rng'], 'rng rngsource randnsource noisesource rngtype'],
];

/** By spelling (see near-misses.ts), our own words among them. */
export const foreignNames: ReadonlyMap<string, ForeignName> = new Map(
  table.flatMap(([ours, theirs]) =>
    [ours[0].replaceAll('_', ''), ...theirs.split(' ')].map((name) => [name, ours] as const),
  ),
);
