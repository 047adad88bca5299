import type { StyleTemplate } from './template.ts';

/** Published with the prefix `futuristic-`. */
export const futuristicStyles = {
  biomechanical: {
    prompt:
      'biomechanical vision of {prompt}, bone and tendon fused with ribbed conduits, oily iridescent chitin, symmetrical organic machinery, cold airbrushed greys with amber fluid glow, looming close composition',
    negativePrompt: 'cute, bright pastel, simple shapes, cartoon, plain skin, fluffy, flat lighting',
  },
  'biomechanical cyberpunk': {
    prompt:
      'biomechanical cyberpunk portrait of {prompt}, living tissue spliced with chrome implants, exposed fibre-optic nerves, rain-slick neon alley behind, sickly green and violet light, gritty close-up detail',
    negativePrompt:
      'natural landscape, clean white studio, cartoon, medieval, pastel, unmodified body, daylight',
  },
  cybernetic: {
    prompt:
      'cybernetic study of {prompt}, translucent panels revealing circuitry, seamless joints, data lights pulsing under the surface, clinical cool white and cyan light, precise engineering, calm frontal framing',
    negativePrompt:
      'rust, rustic wood, fantasy magic, painterly smear, medieval armor, warm candle light, cartoon',
  },
  'cybernetic robot': {
    prompt:
      'cybernetic robot design of {prompt}, articulated armor plates over hydraulic actuators, optical sensor eyes, panel gaps and stencilled markings, hangar light with strong rim, full figure, believable weight',
    negativePrompt: 'human skin, toy plastic, extra limbs, melted joints, sketch, blurry, cute mascot',
  },
  'cyberpunk cityscape': {
    prompt:
      'cyberpunk megacity with {prompt}, stacked towers vanishing into smog, dense glowing signage, elevated rails and flying traffic, rain reflections far below, violet dusk, vertiginous high viewpoint',
    negativePrompt:
      'countryside, blue daytime sky, low houses, empty street, historic town, flat light, cartoon',
  },
  futuristic: {
    prompt:
      'optimistic futuristic concept of {prompt}, sweeping aerodynamic curves, pearl-white composite and glass, integrated soft light lines, clear sky, spacious human-scaled design, clean visionary composition',
    negativePrompt: 'dystopia, rust, antique, clutter, dirt, medieval, wood cabin, grunge',
  },
  'retro cyberpunk': {
    prompt:
      'retro cyberpunk scene of {prompt}, 1980s home-computer hardware and chunky cables, magenta grid glow, crt scanlines, airbrushed chrome, late-night city haze, paperback cover composition',
    negativePrompt:
      'modern flat screens, pastoral, natural daylight, minimalism, watercolor, victorian, clean white',
  },
  'retro futurism': {
    prompt:
      'retro-futurist illustration of {prompt}, atomic-age optimism, finned rockets and bubble domes, tangerine, teal and cream gouache, smiling mid-century poster composition, bold sweeping curves, light print grain',
    negativePrompt: 'dystopia, gritty realism, modern gadgets, dark palette, photograph, neon rain, horror',
  },
  'sci-fi': {
    prompt:
      'science fiction film still of {prompt}, plausible worn technology, vast scale set against a small figure, volumetric light through drifting dust, deep blue ambience with warning-orange accents, wide lens',
    negativePrompt: 'fantasy castle, magic wand, historic costume, cartoon, cheap prop, flat light, text',
  },
  vaporwave: {
    prompt:
      'vaporwave collage of {prompt}, pink and turquoise sunset gradient, classical bust and palm shapes, wireframe horizon, vhs tracking noise, glossy early-computer rendering, wistful empty mall mood',
    negativePrompt: 'earth tones, realism, gritty, medieval, natural color, busy crowd, sharp modern photo',
  },
} as const satisfies Record<string, StyleTemplate>;
