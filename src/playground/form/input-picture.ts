import { readInputPicture } from '../parts/api.ts';
import { createStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';

/** The picture that image to image starts from. */
export interface InputPicture {
  /** A file's name, or the address. */
  readonly name: string;
  readonly url?: string;
  readonly picture: Blob;
}

export const inputPicture = createStore<InputPicture | undefined>(undefined);

/** Takes a file as the input. @returns why not, for people. */
export async function takeFile(file: Blob, name: string, most: number): Promise<string | undefined> {
  if (file.size > most) return texts.input.tooLarge(Math.floor(most / 1024 / 1024));
  try {
    (await createImageBitmap(file)).close();
  } catch {
    return texts.input.noPicture;
  }
  inputPicture.set({ name, picture: file });
  return undefined;
}

/** Takes the picture behind an address, as the server sees it. @returns why not, for people. */
export async function takeAddress(url: string): Promise<string | undefined> {
  try {
    inputPicture.set({ name: url, url, picture: await readInputPicture(url) });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
