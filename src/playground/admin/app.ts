import { useEffect, useState } from 'preact/hooks';
import { CallFailed } from '../../client/http.ts';
import { html, mark } from '../parts/markup.ts';
import { apiKey, leave, signIn, signOut } from '../parts/session.ts';
import { SignIn } from '../parts/sign-in.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { AuditLog } from './audit.ts';
import { Keys } from './keys.ts';
import { Models } from './models.ts';
import { QueueState } from './queues.ts';
import { Failures, Unfinished } from './requests.ts';
import { adminTrouble, keepReading, overview, refresh } from './state.ts';
import { adminTexts } from './texts.ts';
import { Workers } from './workers.ts';

/** Asks for an admin key where the tab has none, then shows the administrator's page. */
export function AdminApp() {
  const [isClosed, setClosed] = useState(false);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const shown = useStore(overview);

  const open = async (): Promise<void> => {
    try {
      await refresh();
      setClosed(false);
    } catch (error) {
      if (error instanceof CallFailed && error.status === 401 && apiKey.get() === undefined)
        setTrouble(undefined);
      else setTrouble((error as Error).message);
      if (error instanceof CallFailed && (error.status === 401 || error.status === 403)) signOut();
      setClosed(true);
    }
  };
  useEffect(() => void open(), []);
  useEffect(() => (shown === undefined ? undefined : keepReading()), [shown === undefined]);

  if (isClosed)
    return html`<${SignIn}
      trouble=${trouble}
      onKey=${(key: string) => {
        signIn(key);
        void open();
      }}
    />`;
  if (shown === undefined) return html`<p class="opening">${texts.signIn.loading}</p>`;
  return html`<header class="top">
      <img class="mark" src=${mark} alt="" width="28" height="28" />
      <h1>${adminTexts.title}</h1>
      <nav>
        <a class="quiet" href=".">${adminTexts.back}</a>
        <button class="quiet" type="button" onClick=${leave}>${texts.signOut}</button>
      </nav>
    </header>
    <main class="admin">
      <${Trouble} />
      <${QueueState} queues=${shown.queues} />
      <${Workers} workers=${shown.workers} />
      <${Models} models=${shown.models} />
      <${Unfinished} requests=${shown.unfinished} />
      <${Failures} requests=${shown.failures} />
      <${Keys} keys=${shown.keys} />
      <${AuditLog} acts=${shown.acts} keys=${shown.keys} />
    </main>`;
}

function Trouble() {
  const trouble = useStore(adminTrouble);
  return trouble === undefined ? undefined : html`<p class="trouble panel" role="alert">${trouble}</p>`;
}
