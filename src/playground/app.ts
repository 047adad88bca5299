import { useEffect, useState } from 'preact/hooks';
import { CallFailed } from '../client/http.ts';
import { GeneratePage } from './generate-page.ts';
import { restore } from './history/requests.ts';
import { exchangeToken } from './parts/api.ts';
import { html } from './parts/markup.ts';
import { keepFresh, offered, readOffered } from './parts/offered.ts';
import { apiKey, signIn, signOut, takeLinkToken } from './parts/session.ts';
import { SignIn } from './parts/sign-in.ts';
import { useStore } from './parts/store.ts';
import { texts } from './parts/texts.ts';

type Door = 'opening' | 'closed' | 'open';

/** Signs in by link or key, then shows the page. */
export function App() {
  const [door, setDoor] = useState<Door>('opening');
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const capabilities = useStore(offered);

  const open = async (): Promise<void> => {
    try {
      await readOffered();
      await restore();
      setTrouble(undefined);
      setDoor('open');
    } catch (error) {
      if (!(error instanceof CallFailed && error.status === 401)) setTrouble((error as Error).message);
      else if (apiKey.get() !== undefined) {
        setTrouble(texts.signIn.wrong);
        signOut();
      }
      setDoor('closed');
    }
  };
  useEffect(() => {
    void followLink(setTrouble).then(open);
  }, []);
  useEffect(() => (door === 'open' ? keepFresh() : undefined), [door]);

  if (door === 'opening') return html`<p class="opening">${texts.signIn.loading}</p>`;
  if (door === 'open' && capabilities !== undefined)
    return html`<${GeneratePage} capabilities=${capabilities} />`;
  return html`<${SignIn}
    trouble=${trouble}
    onKey=${(key: string) => {
      signIn(key);
      void open();
    }}
  />`;
}

/** Signs in by the one-time link that opened the page, where one did. */
async function followLink(setTrouble: (text: string) => void): Promise<void> {
  const token = takeLinkToken();
  if (token === undefined) return;
  try {
    signIn(await exchangeToken(token));
  } catch {
    // A tab that is signed in already needs no link.
    if (apiKey.get() === undefined) setTrouble(texts.signIn.usedLink);
  }
}
