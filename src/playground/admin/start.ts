import { h, render } from 'preact';
import { AdminApp } from './admin-app.ts';
import { applyTheme } from './theme.ts';

/** The page at `/admin`. */
applyTheme();
render(h(AdminApp, {}), document.getElementById('page')!);
