/**
 * How many layers more than one a text encoder's end may be left out by, as diffusers counts (`clip_skip` of
 * its encode_prompt): 0 is SDXL's own state before the last layer. CLIP-L has 12 layers, so that 11 leaves
 * the token embeddings themselves.
 */
export const mostClipSkip = 11;
