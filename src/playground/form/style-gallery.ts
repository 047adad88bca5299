import type { TargetedEvent, TargetedKeyboardEvent } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { setValue } from './settings.ts';
import { tileOf } from './style-tiles.ts';

interface StyleGalleryProps {
  readonly names: readonly string[];
  readonly chosen: string;
}

/**
 * Styles as small pictures: one row to leaf through, or all of them with a search. Arrow keys go from one to
 * the next.
 */
export function StyleGallery({ names, chosen }: StyleGalleryProps) {
  const [isWhole, setWhole] = useState(false);
  const [search, setSearch] = useState('');
  const found = isWhole ? names.filter((name) => name.includes(search.trim().toLowerCase())) : names;
  const focusable = found.includes(chosen) ? chosen : found[0];
  return html`<fieldset class=${isWhole ? 'field styles whole' : 'field styles'}>
    <legend class="label">${texts.form.style}: <em>${chosen}</em></legend>
    <div class="styles-head">
      ${
        isWhole &&
        html`<input
          type="search"
          aria-label=${texts.styles.search}
          placeholder=${texts.styles.search}
          value=${search}
          onInput=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => setSearch(currentTarget.value)}
        />`
      }
      <button type="button" class="quiet" aria-expanded=${isWhole} onClick=${() => setWhole(!isWhole)}>
        ${isWhole ? texts.styles.fewer : texts.styles.all}
      </button>
    </div>
    <div class="tiles" role="radiogroup" aria-label=${texts.form.style} onKeyDown=${turn}>
      ${found.map(
        (name) => html`<button
          key=${name}
          type="button"
          role="radio"
          aria-checked=${name === chosen}
          tabindex=${name === focusable ? 0 : -1}
          data-style=${name}
          title=${name}
          onClick=${() => setValue('style', name)}
        >
          <span class="tile" style=${tileOf(names.indexOf(name))}></span>
          <span class="tile-name">${name}</span>
        </button>`,
      )}
      ${found.length === 0 && html`<p class="hint">${texts.styles.none}</p>`}
    </div>
  </fieldset>`;
}

/** Left and right go by one, up and down by a row. */
function turn(event: TargetedKeyboardEvent<HTMLElement>): void {
  const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=radio]')];
  const place = tiles.indexOf(document.activeElement as HTMLElement);
  if (place === -1) return;
  const top = tiles[place]!.offsetTop;
  const column = tiles[place]!.offsetLeft;
  const inColumn = tiles.filter((tile) => tile.offsetLeft === column);
  const next = {
    ArrowRight: tiles[place + 1],
    ArrowLeft: tiles[place - 1],
    ArrowDown: inColumn.find((tile) => tile.offsetTop > top),
    ArrowUp: inColumn.findLast((tile) => tile.offsetTop < top),
    Home: tiles[0],
    End: tiles.at(-1),
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}
