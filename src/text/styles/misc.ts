import type { StyleTemplate } from './template.ts';

/** Published with the prefix `misc-`. */
export const miscStyles = {
  architectural: {
    prompt:
      'architectural visualization of {prompt}, disciplined two-point perspective, honest concrete, timber and glass, long late-day shadows, small figures for scale, landscaped foreground, serene magazine composition',
    negativePrompt:
      'crooked verticals, impossible structure, clutter, people close-up, cartoon, fisheye, dirty snow',
  },
  disco: {
    prompt:
      'disco-era scene of {prompt}, mirror-ball sparkle across the room, illuminated dance floor, satin and sequins, hot pink and amber spotlights, lens star flares, 1970s flash-photo energy, joyful motion',
    negativePrompt: 'daylight, rural, monochrome, grim, minimalist, office, dull clothes',
  },
  dreamscape: {
    prompt:
      'dreamscape of {prompt}, weightless islands and drifting veils of cloud, soft focus edges, pearlescent lilac and apricot light, impossible calm horizon, tiny wandering figure, hushed otherworldly mood',
    negativePrompt: 'harsh contrast, city traffic, gritty, documentary, hard edges, horror, dull grey',
  },
  dystopian: {
    prompt:
      'dystopian vision of {prompt}, monolithic decaying blocks, ash-colored sky, surveillance lights cutting through smog, exhausted muted palette with one warning red, oppressive symmetry, lone distant figure',
    negativePrompt: 'cheerful, lush nature, blue sky, pastel, cute, bright party, cartoon',
  },
  'fairy tale': {
    prompt:
      'storybook fairy tale illustration of {prompt}, crooked cottages and whispering woods, firefly glow, gouache with delicate pen work, rosy dawn palette, ornamental vignette edges, gentle wonder',
    negativePrompt: 'modern technology, gore, photograph, harsh light, industrial, cynical, neon',
  },
  gothic: {
    prompt:
      'gothic scene of {prompt}, pointed arches and weathered tracery, black lace and velvet, candlelight against moonlit stained windows, wreathing fog, deep burgundy and charcoal, brooding vertical composition',
    negativePrompt: 'bright cheerful, beach, pastel, modern interior, cartoon, sunny, minimalist',
  },
  grunge: {
    prompt:
      'grunge-styled image of {prompt}, torn poster layers, scratched emulsion and ink splatter, bleached denim palette, harsh on-camera flash, tilted frame, photocopied zine texture, defiant attitude',
    negativePrompt: 'polished, glossy, luxury, symmetrical, pastel, clean background, corporate',
  },
  horror: {
    prompt:
      'horror film frame of {prompt}, single weak light source, something half-seen at the edge of darkness, desaturated greens, damp peeling walls, long corridor depth, low unsteady angle, mounting dread',
    negativePrompt: 'cheerful, bright, cute, colorful, sunny, comedy, clean studio',
  },
  kawaii: {
    prompt:
      'kawaii illustration of {prompt}, squishy rounded shapes, tiny blushing face and sparkling eyes, milk-pastel pink, mint and butter, thick soft outline, scattered hearts and stars, sticker-like simple background',
    negativePrompt: 'scary, gritty, realistic anatomy, dark palette, sharp angles, gore, photograph',
  },
  lovecraftian: {
    prompt:
      'lovecraftian horror of {prompt}, immense tentacled presence beyond comprehension, non-euclidean basalt ruins, drowned green light, tiny doomed onlooker, star-choked sky, scratchy antique engraving texture',
    negativePrompt: 'cute, bright, modern comedy, clean geometry, pastel, plain daylight, simple background',
  },
  macabre: {
    prompt:
      'macabre still life of {prompt}, bones, wilted roses and guttering candle, dark vanitas symbolism, umber shadow with a sliver of cold light, decayed lace, elegant unsettling arrangement',
    negativePrompt: 'cheerful, vivid rainbow, cartoon, sunny, modern gadget, cute, clean white',
  },
  manga: {
    prompt:
      'black-and-white manga page art of {prompt}, sharp nib lines, screentone gradients, dramatic speed lines, intense close angle, pure white highlights, cinematic panel framing, expressive emotion',
    negativePrompt: 'full color, photograph, 3d, soft airbrush, western comic, gibberish text, smudged lines',
  },
  metropolis: {
    prompt:
      'great metropolis with {prompt}, canyon of skyscrapers, layered bridges and crowds, golden light striking upper floors, hazy receding depth, restless traffic trails, monumental wide composition',
    negativePrompt: 'village, empty desert, forest, close-up, cartoon, flat facade, deserted street',
  },
  minimalist: {
    prompt:
      'minimalist image of {prompt}, one essential form, vast empty ground, two or three quiet tones, even soft light, exact placement off center, no ornament, calm clarity',
    negativePrompt: 'clutter, pattern, busy background, many colors, ornament, noise, crowd',
  },
  monochrome: {
    prompt:
      'black and white photograph of {prompt}, full tonal scale from paper white to deep black, strong shape and texture, hard side light, considered geometry, fine silver-gelatin grain',
    negativePrompt: 'color, sepia tint, flat grey, low contrast, neon, cartoon, blurry',
  },
  nautical: {
    prompt:
      'nautical scene of {prompt}, salt-weathered timber and taut rigging, rolling swell and sea spray, brass lantern glow, navy, cream and oxide red, gulls wheeling, wide horizon under a changing sky',
    negativePrompt: 'desert, city street, indoor office, dry land, neon, futuristic, wrong rigging tangle',
  },
  space: {
    prompt:
      'deep space view of {prompt}, luminous nebula filaments, planetary limb with thin blue atmosphere, countless precise stars, single hard sunlight, ink-black shadows, immense silent scale',
    negativePrompt: 'ground, buildings, trees, daylight sky, cartoon, fog, cluttered interior',
  },
  'stained glass': {
    prompt:
      'stained glass window of {prompt}, hand-cut panes in bold lead lines, jewel-bright ruby, cobalt and gold, backlit glow with painted grisaille detail, stylized flat figures, pointed-arch frame',
    negativePrompt: 'photograph, soft gradient, no outlines, 3d render, dull colors, clear window, blur',
  },
  'techwear fashion': {
    prompt:
      'techwear fashion photograph of {prompt}, layered black waterproof shells, straps, taped seams and modular pockets, concrete underpass, cold diffuse light with a thin cyan accent, purposeful stance, full-length crop',
    negativePrompt:
      'floral dress, vintage suit, bright cotton, beach, cartoon, cluttered background, bad hands',
  },
  tribal: {
    prompt:
      'tribal-inspired artwork of {prompt}, rhythmic carved patterns, clay, ochre and charcoal pigments, woven fibre and beadwork textures, symmetrical mask-like frontality, firelight warmth, handmade dignity',
    negativePrompt:
      'modern city, plastic, neon, photograph of clothing store, caricature, chrome, minimalist',
  },
  zentangle: {
    prompt:
      'zentangle drawing of {prompt}, silhouette filled with interlocking repeating patterns, fine black pen on white, meditative spirals, scales and checks, varied density, no color, complete edge-to-edge patience',
    negativePrompt: 'color, photograph, grey smudge, empty areas, 3d, realistic shading, blur',
  },
} as const satisfies Record<string, StyleTemplate>;
