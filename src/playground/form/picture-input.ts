import type { TargetedDragEvent, TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { BlobPicture } from '../stage/blob-picture.ts';
import { inputPicture, takeAddress, takeFile } from './input-picture.ts';

/** The input picture: dropped, pasted, chosen, or by its address. @param most bytes. */
export function PictureInput({ most }: { most: number }) {
  const input = useStore(inputPicture);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [isOver, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const address = useRef<HTMLInputElement>(null);

  const take = async (given: File | undefined, name = given?.name): Promise<void> => {
    if (given) setTrouble(await takeFile(given, name || 'picture.png', most));
  };
  useEffect(() => {
    const onPaste = (event: ClipboardEvent): void => {
      const pasted = [...(event.clipboardData?.files ?? [])][0];
      if (pasted === undefined) return;
      event.preventDefault();
      void take(pasted, 'pasted.png');
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, [most]);

  const over = (event: TargetedDragEvent<HTMLElement>): void => {
    event.preventDefault();
    setOver(event.type === 'dragover');
  };
  const drop = (event: TargetedDragEvent<HTMLElement>): void => {
    over(event);
    void take(event.dataTransfer?.files[0]);
  };
  const fetchAddress = async (): Promise<void> => {
    const url = address.current?.value.trim() ?? '';
    if (url === '' || busy) return;
    setBusy(true);
    setTrouble(await takeAddress(url));
    setBusy(false);
  };
  const onAddressKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    void fetchAddress();
  };

  return html`<fieldset class="field input">
    <legend class="label">${texts.input.label}</legend>
    <div
      class=${isOver ? 'drop over' : 'drop'}
      onDragOver=${over}
      onDragLeave=${over}
      onDrop=${drop}
    >
      ${
        input
          ? html`<${BlobPicture} class="chosen" blob=${input.picture} alt=${texts.input.label} />
              <span class="name">${input.name}</span>
              <button
                class="square"
                type="button"
                aria-label=${texts.input.remove}
                title=${texts.input.remove}
                onClick=${() => inputPicture.set(undefined)}
              >
                ×
              </button>`
          : html`<p>
              ${texts.input.drop}
              <button class="link" type="button" onClick=${() => file.current?.click()}>${texts.input.choose}</button>
            </p>`
      }
      <input
        ref=${file}
        class="unseen"
        type="file"
        accept="image/*"
        tabindex="-1"
        aria-label=${texts.input.label}
        onChange=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => {
          void take(currentTarget.files?.[0]);
          currentTarget.value = '';
        }}
      />
    </div>
    <div class="address">
      <input
        ref=${address}
        type="url"
        aria-label=${texts.input.address}
        placeholder="https://…"
        onKeyDown=${onAddressKey}
      />
      <button type="button" disabled=${busy} onClick=${fetchAddress}>${texts.input.fetch}</button>
    </div>
    ${trouble !== undefined && html`<p class="trouble" role="alert">${trouble}</p>`}
  </fieldset>`;
}
