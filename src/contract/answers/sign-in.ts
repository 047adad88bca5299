import { z } from 'zod';

/** The body of `POST /v1/sign-in`. */
export const signInBody = z.object({
  token: z.string().min(1).max(128).meta({ description: 'From a one-time link' }),
});

export const signInSchema = z.strictObject({ key: z.string().meta({ description: 'An API key' }) });
