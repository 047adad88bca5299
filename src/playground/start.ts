import { h, render } from 'preact';
import { App } from './app.ts';
import { applyTheme } from './parts/theme.ts';

/** The page at `/`. */
applyTheme();
render(h(App, {}), document.getElementById('page')!);
