import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { LoraChoice, Offered } from '../parts/wire.ts';
import { idOf } from './fields.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { choose } from './settings.ts';
import { chosenLoras, lorasInPrompt, type Settings } from './values.ts';

interface PromptLorasProps {
  readonly offered: Offered;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/**
 * What the prompt's `<lora:name:weight>` mean, which of them cannot be, and the way into the list of LoRAs.
 */
export function PromptLoras({ offered, schemas, current }: PromptLorasProps) {
  const found = lorasInPrompt(String(shownValue('prompt', schemas, current)));
  const listed = chosenLoras(current);
  const isHere = ({ name }: LoraChoice) => offered.loras.data.some((each) => each.name === name);
  const known = found.loras.filter(isHere);
  const twice = found.loras.find(({ name }, place) =>
    [...listed, ...found.loras.slice(0, place)].some((each) => each.name === name),
  );
  const canMove = known.length > 0 && known.length === found.loras.length && twice === undefined;
  const move = (): void => {
    choose(offered, { prompt: found.rest, loras: [...listed, ...known] });
    document.getElementById(idOf('prompt'))?.focus();
  };
  const troubles = [
    ...found.unread.map(texts.loras.unread),
    ...found.loras.filter((lora) => !isHere(lora)).map(({ name }) => texts.loras.unknown(name)),
    ...(twice ? [texts.loras.twice(twice.name)] : []),
  ];
  return html`<div role="status">
    ${
      known.length > 0 &&
      html`<p class="hint">
        ${texts.loras.inPrompt(known)}
        ${canMove && html` <button type="button" class="chip" onClick=${move}>${texts.loras.move}</button>`}
      </p>`
    }
    ${troubles.map((trouble) => html`<p class="hint warned">${trouble}</p>`)}
  </div>`;
}
