/** A picture that cannot be used; the message says why and is fit for the client. */
export class ImageInputError extends Error {
  override name = 'ImageInputError';
}
