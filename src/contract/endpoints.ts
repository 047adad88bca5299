/** The two published endpoints: text to image, and image to image. */
export const endpoints = ['sdxl-torch', 'sdxl-img2img'] as const;

export type Endpoint = (typeof endpoints)[number];
