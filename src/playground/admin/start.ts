import { h, render } from 'preact';
import { applyTheme } from '../parts/theme.ts';
import { AdminApp } from './app.ts';

/** The page at `/admin`. */
applyTheme();
render(h(AdminApp, {}), document.getElementById('page')!);
