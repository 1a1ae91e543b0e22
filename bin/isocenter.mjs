#!/usr/bin/env node
// `npx isocenter <verb>`: builds what is stale, then hands over to src/main.ts.
import { buildIfStale } from './build.mjs';

if (!buildIfStale()) process.exit(2);
await import('../dist/main.js');
