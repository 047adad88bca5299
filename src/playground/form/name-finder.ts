import type { TargetedKeyboardEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';

interface NameFinderProps {
  readonly id: string;
  readonly label: string;
  readonly names: readonly string[];
  /** What to say of a name that is none of them. */
  readonly unknown: (name: string) => string;
  /** What can be done with a name, the first by Enter; each tells why it cannot. */
  readonly actions: readonly {
    readonly label: string;
    readonly take: (name: string) => string | undefined;
  }[];
}

/** One name of many, found as one types. */
export function NameFinder({ id, label, names, unknown, actions }: NameFinderProps) {
  const input = useRef<HTMLInputElement>(null);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const act = (take: (name: string) => string | undefined): void => {
    const typed = input.current!.value.trim();
    if (typed === '') return;
    const found = names.find((name) => name.toLowerCase() === typed.toLowerCase());
    const refusal = found === undefined ? unknown(typed) : take(found);
    setTrouble(refusal);
    if (refusal === undefined) input.current!.value = '';
  };
  const onEnter = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act(actions[0]!.take);
  };
  return html`<div class="finder">
      <input
        ref=${input}
        id=${id}
        type="text"
        list=${`${id}-names`}
        autocomplete="off"
        aria-label=${label}
        placeholder=${label}
        aria-invalid=${trouble !== undefined}
        onKeyDown=${onEnter}
        onInput=${() => setTrouble(undefined)}
      />
      <datalist id=${`${id}-names`}>
        ${names.map((name) => html`<option value=${name}></option>`)}
      </datalist>
      ${actions.map(({ label: text, take }) => html`<button type="button" onClick=${() => act(take)}>${text}</button>`)}
    </div>
    ${trouble !== undefined && html`<p class="trouble" role="alert">${trouble}</p>`}`;
}
