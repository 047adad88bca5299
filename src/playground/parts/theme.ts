import { createStore } from './store.ts';

/** Light, dark, or as the system says. */
export type Theme = 'system' | 'light' | 'dark';

const place = 'sdxl-server.theme';
const themes: readonly Theme[] = ['system', 'light', 'dark'];

function stored(): Theme {
  const value = localStorage.getItem(place);
  return themes.find((theme) => theme === value) ?? 'system';
}

export const theme = createStore<Theme>(stored());

/** Marks the document with the theme; the style sheet does the rest. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.get();
}

export function nextTheme(): void {
  const next = themes[(themes.indexOf(theme.get()) + 1) % themes.length]!;
  localStorage.setItem(place, next);
  theme.set(next);
  applyTheme();
}
