import type { StyleTemplate } from './template.ts';

/** Published with the prefix `sai-`: the model maker's own presets. */
export const generalStyles = {
  base: {
    prompt: '{prompt}',
    negativePrompt: '',
  },
  '3d-model': {
    prompt:
      '{prompt} as a finished 3d character-studio model, clean subdivision surfaces, physically based materials, soft three-point studio light, ambient occlusion, neutral grey backdrop, path-traced render, crisp silhouette',
    negativePrompt:
      'flat drawing, pencil lines, photograph, broken mesh, jagged polygons, noisy render, smeared texture',
  },
  'analog film': {
    prompt:
      '35mm film photograph of {prompt}, gentle halation around highlights, visible silver grain, slightly faded colors leaning warm, soft corners, natural window light, unposed moment, scanned negative with faint dust',
    negativePrompt: 'digital sharpness, hdr, cgi, illustration, neon saturation, plastic skin, oversharpened',
  },
  anime: {
    prompt:
      'hand-drawn anime key frame of {prompt}, confident ink outlines, two-step cel shading, luminous painted background, expressive eyes, wind-blown detail, clear summer palette, dynamic three-quarter composition',
    negativePrompt:
      'photograph, 3d render, realistic skin pores, muddy colors, sketchy unfinished lines, extra fingers, western cartoon',
  },
  cinematic: {
    prompt:
      'widescreen movie frame of {prompt}, anamorphic lens, motivated key light with deep falloff, teal shadows against amber highlights, shallow focus, haze in the air, foreground framing, story caught mid-scene',
    negativePrompt:
      'flat lighting, snapshot, cartoon, drawing, centered passport pose, oversaturated, text, watermark',
  },
  'comic book': {
    prompt:
      'comic book panel of {prompt}, bold brush inks with spotted blacks, halftone shading, limited process colors, foreshortened action angle, speed lines, dramatic rim light, printed on pulpy paper',
    negativePrompt:
      'photograph, 3d render, soft airbrush, blurry lines, pastel wash, empty speech balloon, gibberish lettering',
  },
  'craft clay': {
    prompt:
      'stop-motion clay figure of {prompt}, hand-pressed plasticine with thumb prints, rounded chunky proportions, miniature handmade set, soft tabletop lamps, macro lens, shallow depth of field, playful matte colors',
    negativePrompt:
      'smooth plastic, glossy cgi, drawing, human skin, sharp edges, photo of a real person, grunge',
  },
  'digital art': {
    prompt:
      'polished digital painting of {prompt}, layered brushwork, strong value grouping, glowing edge light, complementary color accents, atmospheric depth, focal point on the upper third, portfolio illustration finish',
    negativePrompt:
      'photograph, raw sketch, low contrast, muddy values, jpeg artifacts, stiff pose, flat background',
  },
  enhance: {
    prompt:
      '{prompt}, refined detail in every material, balanced exposure, clean color separation, precise focus on the subject, gentle light modelling, uncluttered composition, finished professional quality',
    negativePrompt:
      'blurry, noisy, overexposed, washed out, malformed, cropped subject, compression artifacts, cluttered background',
  },
  'fantasy art': {
    prompt:
      'epic fantasy oil illustration of {prompt}, ancient landscape beyond, drifting embers and magical glow, ornate costume and carved detail, golden backlight breaking through mist, sweeping diagonal composition, jewel tones',
    negativePrompt:
      'modern objects, city street, photograph, flat colors, cheap costume, empty background, deformed hands',
  },
  isometric: {
    prompt:
      'isometric diorama of {prompt}, parallel projection from above, tidy miniature blocks on a floating base, soft ambient shadows, restrained pastel palette, crisp edges, plain seamless background',
    negativePrompt:
      'perspective distortion, vanishing point, eye-level view, photograph, clutter, cropped base, horizon',
  },
  'line art': {
    prompt:
      'black ink line drawing of {prompt}, single confident contour with varied stroke weight, generous white paper, sparse hatching only where form turns, elegant simplification, no fill',
    negativePrompt:
      'color, grey wash, shading gradients, photograph, 3d, smudges, dense texture, messy overlapping strokes',
  },
  lowpoly: {
    prompt:
      'low-poly scene of {prompt}, flat-shaded triangular facets, visible angular planes, simplified silhouette, warm key against cool fill, gradient sky, game-ready geometric sculpture look',
    negativePrompt:
      'smooth surfaces, fine texture, photograph, high polygon detail, noise, realistic hair, brush strokes',
  },
  neonpunk: {
    prompt:
      '{prompt} drenched in neonpunk light, magenta and cyan tubes reflecting on wet lacquered surfaces, electric rim glow, ink-black shadows, futuristic street fashion, low angle, vapor and holographic signs',
    negativePrompt: 'daylight, earthy palette, pastel, rustic, beige, dull lighting, sepia, countryside',
  },
  origami: {
    prompt:
      'folded paper origami of {prompt}, sharp creases and layered pleats, fine washi fibre texture, single folded form on a plain tabletop, raking side light showing every fold, calm two-tone palette',
    negativePrompt:
      'drawing, fabric, plastic, glue and scissors mess, round organic surfaces, photograph of a real animal, wrinkled waste paper',
  },
  photographic: {
    prompt:
      'professional photograph of {prompt}, full-frame camera, 50mm lens at f/2.8, natural directional light, true-to-life color, fine texture, softly blurred background, considered framing',
    negativePrompt:
      'drawing, painting, cgi, cartoon, oversmoothed skin, deformed anatomy, haloes, oversaturated',
  },
  'pixel art': {
    prompt:
      'pixel art of {prompt}, hand-placed square pixels on a strict grid, 16-bit console palette, clean one-pixel outlines, ordered dithering, readable sprite silhouette, no anti-aliasing',
    negativePrompt: 'blur, smooth gradient, photograph, vector curves, mixed pixel sizes, noise, 3d render',
  },
  texture: {
    prompt:
      'seamless surface texture of {prompt}, straight-down view filling the whole frame, even shadowless light, consistent scale, fine tactile relief, repeating without visible seams',
    negativePrompt: 'perspective, horizon, single object, vignette, cast shadow, border, text, focal blur',
  },
} as const satisfies Record<string, StyleTemplate>;
