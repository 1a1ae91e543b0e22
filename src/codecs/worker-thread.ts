import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { siblingModule } from '../foundation/sibling-module.ts';

/**
 * Starts a module beside the caller in a worker thread: `startThread(import.meta.url, './codec-worker', …)`.
 *
 * When the sources run instead of the build (tests), the thread has to load the TypeScript loader first: worker threads do not
 * inherit it.
 */
export function startThread(from: string, name: string, options: WorkerOptions = {}): Worker {
  const file = siblingModule(from, name);
  if (!file.endsWith('.ts')) return new Worker(file, options);
  const loader = pathToFileURL(path.join(path.dirname(createRequire(from).resolve('tsx/package.json')), 'dist/esm/api/index.mjs')).href;
  const script = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(pathToFileURL(file).href)}); })`;
  return new Worker(script, { ...options, eval: true });
}
