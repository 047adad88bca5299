import { useEffect, useRef } from 'preact/hooks';
import { RequestForm } from './form/request-form.ts';
import { changeSettings, settings } from './form/settings.ts';
import type { Mode } from './form/values.ts';
import { History } from './history/history.ts';
import { chosen } from './history/requests.ts';
import { html } from './parts/markup.ts';
import { useStore } from './parts/store.ts';
import { texts } from './parts/texts.ts';
import { TopBar } from './parts/top-bar.ts';
import type { Offered } from './parts/wire.ts';
import { Stage } from './stage/stage.ts';

const modes: readonly Mode[] = ['text', 'image', 'compare'];

/** Form, stage and history. */
export function GeneratePage({ capabilities }: { capabilities: Offered }) {
  const { mode } = useStore(settings);
  const stage = useRef<HTMLElement>(null);
  // On a phone the stage is below the form.
  useEffect(
    () =>
      chosen.subscribe(() => {
        const top = stage.current?.getBoundingClientRect().top ?? 0;
        if (top > innerHeight * 0.6) stage.current?.scrollIntoView({ behavior: 'smooth', block: 'start' });
      }),
    [],
  );
  return html`
    <a class="skip" href="#stage">${texts.skip}</a>
    <${TopBar} capabilities=${capabilities} />
    <main class="columns">
      <section class="request panel" aria-label=${texts.form.label}>
        <div class="modes" role="tablist" aria-label=${texts.modesLabel} onKeyDown=${turnTabs}>
          ${modes.map(
            (one) => html`<button
              role="tab"
              type="button"
              id=${`mode-${one}`}
              aria-selected=${one === mode}
              aria-controls="request-form"
              tabindex=${one === mode ? 0 : -1}
              onClick=${() => changeSettings({ mode: one })}
            >
              ${texts.modes[one]}
            </button>`,
          )}
        </div>
        <${RequestForm} capabilities=${capabilities} />
      </section>
      <section class="stage" id="stage" tabindex="-1" ref=${stage} aria-label=${texts.stage.label}>
        <${Stage} capabilities=${capabilities} />
      </section>
      <aside class="history panel" aria-label=${texts.history.label}>
        <${History} />
      </aside>
    </main>
  `;
}

/** Arrow keys go through the tabs, as the ARIA pattern has it. */
function turnTabs(event: KeyboardEvent): void {
  const turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (turn === undefined) return;
  const place = (modes.indexOf(settings.get().mode) + turn + modes.length) % modes.length;
  changeSettings({ mode: modes[place]! });
  document.getElementById(`mode-${modes[place]}`)?.focus();
}
