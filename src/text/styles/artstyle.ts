import type { StyleTemplate } from './template.ts';

/** Published with the prefix `artstyle-`. */
export const artStyles = {
  abstract: {
    prompt:
      'abstract composition inspired by {prompt}, interlocking shapes and free lines, form reduced to rhythm and color, textured acrylic layers, daring contrast of warm and cold fields, balanced asymmetry',
    negativePrompt:
      'photorealism, literal scene, fine facial detail, photograph, 3d render, text, sentimental',
  },
  'abstract expressionism': {
    prompt:
      'abstract expressionist canvas evoking {prompt}, sweeping gestural strokes, poured and flung paint, scraped impasto, raw linen showing through, charged black against cadmium red and ochre, all-over composition',
    negativePrompt:
      'photorealistic, neat outlines, smooth gradient, illustration, symmetry, clean vector, cute',
  },
  'art deco': {
    prompt:
      'art deco poster of {prompt}, stepped geometry and sunburst rays, streamlined stylized figure, gold leaf on black and emerald, strict vertical symmetry, fine metallic line inlay, jazz-age glamour',
    negativePrompt: 'rustic, sketchy, organic mess, photograph, grunge, baroque curls, muddy colors',
  },
  'art nouveau': {
    prompt:
      'art nouveau lithograph of {prompt}, whiplash curves and flowering vines, decorative arched border, flowing hair and drapery, flat muted ochre, sage and rose, elegant dark contour, ornamental halo',
    negativePrompt: 'photograph, harsh geometry, industrial, neon, 3d render, minimal, heavy shading',
  },
  constructivist: {
    prompt:
      'constructivist poster of {prompt}, tilted diagonal axis, red, black and cream shapes, photomontage fragments, bold bars and circles, industrial optimism, coarse letterpress texture',
    negativePrompt:
      'soft pastel, ornament, realism, romantic landscape, gradient, photograph, gibberish lettering',
  },
  cubist: {
    prompt:
      'cubist painting of {prompt}, several viewpoints folded into faceted planes, overlapping transparent shards, ochre, slate and olive palette, broken contours, shallow pictorial space, visible oil brushwork',
    negativePrompt: 'photograph, single-point perspective, smooth skin, anime, glossy render, bright neon',
  },
  expressionist: {
    prompt:
      'expressionist painting of {prompt}, distorted anguished forms, slashing thick strokes, acid greens against blood orange, tilting space, heavy dark outlines, raw emotion over likeness',
    negativePrompt:
      'photorealism, calm pastel, polished finish, symmetry, corporate, 3d render, tidy perspective',
  },
  graffiti: {
    prompt:
      'street graffiti mural of {prompt}, spray-can fades and drips, fat outlined shapes, bright layered fills over old brick, stencil accents, overspray haze, oblique alley view in late sun',
    negativePrompt:
      'gallery frame, watercolor, photograph of a person, clean white wall, faint colors, misspelled tags',
  },
  hyperrealism: {
    prompt:
      'hyperrealist painting of {prompt}, microscopic surface detail, pores, fibres and tiny reflections, cool neutral daylight, immaculate edges, life-size close framing, uncanny stillness',
    negativePrompt: 'loose brush strokes, cartoon, blur, simplified shapes, low detail, stylized, film grain',
  },
  impressionist: {
    prompt:
      'impressionist oil painting of {prompt}, short broken touches of unmixed color, flickering open-air light, violet shadows, loose edges dissolving into atmosphere, thick dabs in the highlights, fleeting moment',
    negativePrompt:
      'hard outlines, photograph, smooth digital gradient, black shadows, fine detail, neon, cgi',
  },
  pointillism: {
    prompt:
      'pointillist painting of {prompt}, built entirely of tiny separate dots of pure color, optical mixing, orange beside blue, calm frozen poses, hazy bright afternoon, ordered geometric composition',
    negativePrompt: 'lines, broad strokes, flat fill, photograph, smooth shading, outline, monochrome',
  },
  'pop art': {
    prompt:
      'pop art screen print of {prompt}, flat primary colors slightly off register, thick black contour, enlarged halftone dots, repeated graphic motif, ironic consumer-age glamour, solid bright background',
    negativePrompt: 'subtle tones, realism, oil painting, muted palette, depth of field, photograph, gloomy',
  },
  psychedelic: {
    prompt:
      'psychedelic poster vision of {prompt}, melting concentric waves, kaleidoscopic mirrored patterns, vibrating complementary colors, swirling liquid outlines, paisley and mushroom ornament, hypnotic center',
    negativePrompt: 'monochrome, minimal, realistic, straight lines, sober, dull, photograph',
  },
  renaissance: {
    prompt:
      'high renaissance oil panel of {prompt}, soft sfumato transitions, balanced pyramidal composition, rich vermilion and lapis drapery, distant blue landscape, serene idealized faces, aged varnish and fine craquelure',
    negativePrompt: 'modern clothing, photograph, neon, flat cartoon, abstract, digital brush, harsh flash',
  },
  steampunk: {
    prompt:
      'steampunk illustration of {prompt}, riveted brass and worn leather, exposed gears, pressure gauges and copper pipes, drifting steam lit by gas lamps, sepia and verdigris palette, inventive victorian machinery',
    negativePrompt: 'plastic, modern electronics, minimalist, neon city, clean white, smartphone, pastel',
  },
  surrealist: {
    prompt:
      'surrealist painting of {prompt}, impossible scale and quiet dream logic, objects transforming into one another, long shadows over an empty plain, meticulous smooth brushwork, uneasy twilight, hidden symbols',
    negativePrompt: 'ordinary scene, snapshot, cartoon, loose sketch, busy clutter, flat lighting, text',
  },
  typography: {
    prompt:
      'typographic artwork of {prompt}, letterforms sculpted into the shape of the subject, bold contrast of display and fine type, strict grid, two inks on tactile paper, generous margins, striking negative space',
    negativePrompt:
      'photograph, misspelled words, illegible smear, random symbols, clutter, gradient noise, low resolution',
  },
  watercolor: {
    prompt:
      'watercolor painting of {prompt}, transparent washes blooming wet into wet, crisp dry-brush accents, pigment granulation, white paper left for the light, loose pencil underdrawing, fresh airy palette',
    negativePrompt: 'opaque paint, thick outline, photograph, 3d render, muddy mix, hard digital edges, neon',
  },
} as const satisfies Record<string, StyleTemplate>;
