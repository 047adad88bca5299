import type { StyleTemplate } from './template.ts';

/** Published with the prefix `photo-`. */
export const photoStyles = {
  alien: {
    prompt:
      'eerie first-contact photograph of {prompt}, unearthly anatomy and bioluminescent skin, strange mineral landscape under twin suns, sulphur haze, unfamiliar violet-green light, documentary long-lens framing',
    negativePrompt: 'earthly animal, ordinary city, cartoon, cute toy, human costume, plain daylight, text',
  },
  'film noir': {
    prompt:
      'film noir still of {prompt}, black and white, hard venetian-blind shadows, wet night pavement, cigarette haze, trench-coat mystery, low key single source, canted camera, 1940s studio grain',
    negativePrompt: 'color, bright daylight, cheerful, modern clothing, flat light, cartoon, beach',
  },
  hdr: {
    prompt:
      'high dynamic range photograph of {prompt}, bracketed exposure holding bright sky and deep shadow alike, rich local contrast, crisp micro-detail front to back, vivid yet believable color, wide scenic framing',
    negativePrompt: 'blown highlights, crushed blacks, haloes, flat, blurry, monochrome, painting',
  },
  'long exposure': {
    prompt:
      'long exposure photograph of {prompt}, tripod-sharp still subject amid silky flowing motion, ribbons of light trails, mist-smooth water, blue-hour sky with streaked clouds, tranquil balanced composition',
    negativePrompt: 'frozen motion, camera shake, harsh noon sun, flash, cartoon, cluttered, noise',
  },
  'neon noir': {
    prompt:
      'neon noir photograph of {prompt}, midnight city in rain, face split by crimson and electric blue sign light, glossy black reflections, cigarette-thin haze, lonely distance, telephoto compression, thriller tension',
    negativePrompt: 'sunny, pastel, rural, bright daylight, cheerful crowd, flat lighting, cartoon',
  },
  silhouette: {
    prompt:
      'silhouette photograph of {prompt}, pure black recognizable outline, glowing sunset gradient behind, low horizon, thin rim of light on the contour, uncluttered negative space, one strong gesture',
    negativePrompt:
      'front light, visible facial detail, busy background, flat grey sky, flash, overlapping shapes, text',
  },
  'tilt-shift': {
    prompt:
      'tilt-shift photograph of {prompt}, high oblique viewpoint, narrow band of sharp focus, strong blur above and below, scene turned into a toy-like miniature, boosted clear colors, bright midday light',
    negativePrompt: 'eye-level view, everything in focus, dark, night, portrait close-up, fog, grainy',
  },
} as const satisfies Record<string, StyleTemplate>;
