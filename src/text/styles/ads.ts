import type { StyleTemplate } from './template.ts';

/** Published with the prefix `ads-`. */
export const adsStyles = {
  advertising: {
    prompt:
      'advertising campaign image of {prompt}, hero subject with clear space for a headline, bold single-idea composition, glossy retouching, crisp key light with a colored kicker, saturated brand palette, billboard impact',
    negativePrompt:
      'cluttered, amateur snapshot, dim lighting, gibberish text, watermark, dirty background, dull colors',
  },
  automotive: {
    prompt:
      'automotive commercial photograph of {prompt}, low three-quarter angle, sculpted reflections along polished bodywork, dusk sky softbox, wet asphalt mirror, rolling motion in the background, razor-sharp wheels',
    negativePrompt:
      'warped wheels, mismatched headlights, extra doors, toy, dented panels, cluttered parking lot, harsh noon sun',
  },
  corporate: {
    prompt:
      'corporate brand photograph of {prompt}, bright modern office of glass and pale wood, confident natural posture, diffused daylight, cool blue-grey palette with one warm accent, tidy negative space',
    negativePrompt:
      'casual mess, gloomy light, cartoon, grunge, exaggerated smile, party, distorted hands, cluttered desk',
  },
  'fashion editorial': {
    prompt:
      'high-fashion magazine editorial of {prompt}, sculptural styling, assertive elongated pose, hard beauty light with a clean shadow, bold seamless backdrop, fabric texture in focus, full-length asymmetric framing',
    negativePrompt:
      'catalog stiffness, cheap fabric, cluttered location, cartoon, bad anatomy, blurry garment, selfie',
  },
  'food photography': {
    prompt:
      'appetizing food photograph of {prompt}, three-quarter tabletop view, soft side window light, glistening texture and rising steam, linen and dark wood props, shallow focus, fresh garnish, warm inviting palette',
    negativePrompt:
      'unappetizing, grey food, plastic look, flash glare, dirty plate, messy spill, cold blue cast, cartoon',
  },
  luxury: {
    prompt:
      'luxury product portrait of {prompt}, polished marble and brushed gold, velvet-black background, narrow strip light tracing the contours, restrained symmetrical composition, subtle reflections, quiet opulence',
    negativePrompt:
      'cheap material, plastic, bright clutter, cartoon colors, scratches, fingerprints, discount signage',
  },
  'real estate': {
    prompt:
      'real estate photograph of {prompt}, wide lens at chest height with straight verticals, balanced window and interior exposure, inviting staged furniture, twilight warmth, airy spacious rooms, spotless surfaces',
    negativePrompt:
      'tilted walls, fisheye, blown-out windows, clutter, dark corners, people, stains, construction debris',
  },
  retail: {
    prompt:
      'retail display photograph of {prompt}, orderly shelves and plinths, cheerful even lighting, color-blocked merchandise, inviting eye-level arrangement, seasonal accents, clean floor and polished storefront',
    negativePrompt:
      'empty shelves, dim light, crowds, unreadable price tags, mess, damaged packaging, dull colors',
  },
} as const satisfies Record<string, StyleTemplate>;
