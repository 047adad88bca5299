import type { StyleTemplate } from './template.ts';

/** Published with the prefix `game-`. */
export const gameStyles = {
  'bubble bobble': {
    prompt:
      '{prompt} in the spirit of Bubble Bobble, single-screen arcade stage of candy-colored platforms, floating glossy bubbles, tiny round dragon-like proportions, cheerful 8-bit sprite shading, black playfield background',
    negativePrompt: 'realistic, gritty, dark mood, photograph, modern 3d, gore, muted colors',
  },
  'cyberpunk game': {
    prompt:
      'cyberpunk role-playing game screenshot of {prompt}, third-person view over a rain-soaked neon district, ray-traced puddle reflections, augmented street gear, holographic interface glow, dense urban clutter',
    negativePrompt: 'medieval, farm, bright noon, cartoon, flat shading, hand drawing, empty room',
  },
  'fighting game': {
    prompt:
      'fighting game versus moment of {prompt}, side-on arena view, exaggerated muscular stance, impact flash and motion trails, glowing special-move energy, crowd-lit stage behind, saturated cel-edged render',
    negativePrompt:
      'calm portrait, passive pose, extra limbs, top-down view, blurry hands, pastel, photograph',
  },
  gta: {
    prompt:
      'GTA loading-screen artwork of {prompt}, confident cut-out figure with hard vector shading, thick dark contour, sun-bleached coastal city and palms, hot orange to magenta sky, swaggering low angle',
    negativePrompt: 'photograph, soft watercolor, fantasy, anime eyes, noise, gloomy grey, text',
  },
  mario: {
    prompt:
      '{prompt} as a Mario-like platform game world, plump toy-shaped characters, rolling green hills, floating brick blocks and pipes, primary colors, sunny sky with puffy clouds, bouncy glossy 3d render',
    negativePrompt: 'realistic, gritty, dark, horror, muted palette, thin proportions, photograph',
  },
  minecraft: {
    prompt:
      '{prompt} built in Minecraft, one-meter textured cubes everywhere, blocky figures, 16-pixel surface patterns, stepped terrain, square sun, soft shader light with long block shadows',
    negativePrompt:
      'curved surfaces, smooth sphere, realistic skin, high-resolution texture, brush strokes, photograph, round edges',
  },
  pokemon: {
    prompt:
      '{prompt} as a Pokemon-style creature and world, rounded friendly anatomy, one clear elemental motif, big glossy eyes, clean tapered outline, soft two-tone cel color, bright meadow backdrop, energetic pose',
    negativePrompt: 'scary, realistic fur, gore, photograph, muddy colors, human anatomy, complex clutter',
  },
  'retro arcade': {
    prompt:
      'retro arcade screen of {prompt}, large luminous sprites on black, cathode-ray bloom and scanlines, high-score layout, electric primary colors, tight repeating enemy ranks, cabinet glass reflection',
    negativePrompt:
      'photorealism, modern 3d, daylight, soft gradient, pastel, high resolution detail, watercolor',
  },
  'retro game': {
    prompt:
      'retro console game scene of {prompt}, 16-bit parallax background, compact expressive sprite, sixteen-color tiles, dithered sky, crisp square pixels, side-view adventure composition',
    negativePrompt:
      'smooth vector, photograph, 3d lighting, blur, modern interface, realistic texture, gradient banding',
  },
  'rpg fantasy game': {
    prompt:
      'fantasy role-playing game key art of {prompt}, adventuring party scale, enchanted weapons and layered armor, ruined temple beyond, shafts of colored spell light, painterly realism, heroic low viewpoint',
    negativePrompt: 'modern city, guns, cars, flat cartoon, pixelated, plain clothes, dull light',
  },
  'strategy game': {
    prompt:
      'strategy game map view of {prompt}, high oblique camera, tiny organized units and settlements, readable terrain with rivers and roads, crisp banner colors, miniature tabletop charm, clear morning light',
    negativePrompt:
      'close-up portrait, first-person view, blur, empty field, abstract, handwriting, photograph of people',
  },
  streetfighter: {
    prompt:
      '{prompt} as a Street Fighter contender, thick calligraphic ink contour, oversized fists and dramatic torso twist, swirling energy strokes, splattered brush background, hot saturated color, explosive diagonal',
    negativePrompt: 'limp pose, pastel, photograph, thin lines, extra fingers, calm scene, muted colors',
  },
  zelda: {
    prompt:
      '{prompt} in a Zelda-like adventure, windswept grassland and mossy ruins, gouache-soft cel shading, glowing ancient glyphs, distant mountain and tower, wide heroic sky, quiet sense of discovery',
    negativePrompt: 'modern city, guns, gritty realism, neon, horror, photograph, cramped interior',
  },
} as const satisfies Record<string, StyleTemplate>;
