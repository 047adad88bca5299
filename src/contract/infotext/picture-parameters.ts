import { z } from 'zod';
import { slugNames } from '../slugs.ts';

/** Reading back what pictures say of how they were made. */

/** Body of `POST /v1/picture-parameters`; a picture may be a file part of a form. */
export const pictureParametersBody = z.object({
  image: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Data URI or base64; or a file part of this name' }),
  parameters: z
    .string()
    .max(131_072)
    .optional()
    .meta({ description: 'The text itself, in place of a picture' }),
});

/** Its answer. */
export const pictureParametersSchema = z.strictObject({
  parameters: z.string().meta({ description: 'What the picture says; empty where it says nothing' }),
  slug: z
    .enum(slugNames as [string, ...string[]])
    .nullable()
    .meta({ description: 'Where to send the request' }),
  request: z.record(z.string(), z.unknown()).nullable().meta({
    description: 'Its body; image to image lacks its image, which no picture holds',
  }),
  warnings: z.array(z.string()).meta({ description: 'What of it could not be taken over' }),
});
