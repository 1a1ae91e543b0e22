import { fileURLToPath } from 'node:url';

/**
 * Path of a module beside the caller, for fork() and Worker(): `.ts` when the sources run (tests), `.js` when the build runs.
 *
 * @param from  the caller's `import.meta.url`
 * @param name  relative path without extension, for example `./model-child`
 */
export function siblingModule(from: string, name: string): string {
  return fileURLToPath(new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from));
}
