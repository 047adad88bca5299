import type { StyleTemplate } from './template.ts';

/** Published with the prefix `papercraft-`. */
export const papercraftStyles = {
  collage: {
    prompt:
      'mixed paper collage of {prompt}, torn magazine scraps, ticket stubs and patterned wrapping paper, visible glue edges and overlaps, lively scale jumps, warm vintage print colors, handmade composition',
    negativePrompt:
      'smooth digital painting, photograph of a person, uniform surface, 3d gloss, single material, minimal',
  },
  'flat papercut': {
    prompt:
      'flat papercut of {prompt}, one sheet silhouette with intricate knife-cut openings, crisp clean edges, strong figure-ground contrast, single color on pale backing, symmetrical folk rhythm',
    negativePrompt: 'shading, depth, photograph, painterly, layered shadow, blurry edge, many colors',
  },
  kirigami: {
    prompt:
      'kirigami pop-up of {prompt}, cut and folded from a single white card, architectural steps rising from the crease, precise slits, soft directional shadow, seen slightly from above, quiet pastel ground',
    negativePrompt:
      'glued scraps, drawing, clay, photograph of real building, rough tear, busy pattern, glossy plastic',
  },
  'paper mache': {
    prompt:
      'paper mache sculpture of {prompt}, lumpy hand-layered newsprint under bright poster paint, slightly wonky proportions, matte cracked surface, craft-table setting, soft overhead light, childlike charm',
    negativePrompt:
      'smooth plastic, metal, realistic skin, glossy render, flat drawing, precise geometry, photograph of a person',
  },
  'paper quilling': {
    prompt:
      'paper quilling artwork of {prompt}, hundreds of rolled and curled paper strips standing on edge, teardrop coils and scrolls, ombre color flow, tiny cast shadows, crisp macro detail on white board',
    negativePrompt: 'flat print, brush strokes, photograph, fabric, plastic, coarse shapes, blur',
  },
  'papercut collage': {
    prompt:
      'papercut collage of {prompt}, scissor-cut colored shapes overlapping boldly, joyful organic curves, gouache-painted paper, slight lifted edges, bright balanced arrangement on a white ground',
    negativePrompt: 'gradient, realistic detail, photograph, fine line drawing, 3d render, dark mood, text',
  },
  'papercut shadow box': {
    prompt:
      'papercut shadow box of {prompt}, many receding paper layers inside a deep frame, warm lamp glowing from behind, silhouettes fading lighter with distance, fine lace-like cuts, theatrical depth',
    negativePrompt:
      'flat single layer, harsh flash, photograph of real place, paint, plastic, empty box, blur',
  },
  'stacked papercut': {
    prompt:
      'stacked papercut relief of {prompt}, contour-map terraces of colored card, each level a shade apart, soft shadow at every step, clean laser-cut edges, view from directly above',
    negativePrompt: 'smooth gradient, single sheet, drawing, photograph, crumpled paper, rough tear, noise',
  },
  'thick layered papercut': {
    prompt:
      'thick layered papercut of {prompt}, heavy foam-backed card with chunky visible edges, bold simplified shapes, deep side-lit shadows, rich saturated sheets, tactile fibre texture, close frontal view',
    negativePrompt:
      'thin paper, flat print, photograph, glossy plastic, fine detail noise, blurry, pencil lines',
  },
} as const satisfies Record<string, StyleTemplate>;
