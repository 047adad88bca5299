/** What pictures are encoded as. */
export const outputFormats = ['jpeg', 'png', 'webp'] as const;

export type OutputFormat = (typeof outputFormats)[number];
