import type { Page } from 'playwright-core';

/** Gives a picture to the page as a user's hand would. @param encoded its file, in base64. */
export async function givePicture(page: Page, way: 'drop' | 'paste', encoded: string): Promise<void> {
  await page.evaluate(
    ([kind, text]) => {
      const bytes = Uint8Array.from(atob(text!), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], 'dropped.jpg', { type: 'image/jpeg' }));
      const init = { bubbles: true, cancelable: true };
      if (kind === 'drop')
        document
          .querySelector('.drop')!
          .dispatchEvent(new DragEvent('drop', { ...init, dataTransfer: data }));
      else document.dispatchEvent(new ClipboardEvent('paste', { ...init, clipboardData: data }));
    },
    [way, encoded],
  );
}
