import { fault, ok, type Result } from '../../foundation/result.ts';

const MOST_FRAMES = 10_000;

/** Frame numbers of a path, 1-based, comma separated: PS3.18 §10.1.4. `%2C` counts as a comma. */
export function parseFrameList(text: string): Result<readonly number[], { readonly message: string }> {
  const parts = text.replaceAll(/%2c/gi, ',').split(',');
  if (parts.length > MOST_FRAMES) return fault({ message: `more than ${MOST_FRAMES} frames in one request` });
  if (!parts.every((part) => /^\d{1,9}$/.test(part.trim()))) return fault({ message: 'frames are whole numbers from 1 up, separated by commas' });
  const frames = parts.map(Number);
  return frames.every((frame) => frame >= 1) ? ok(frames) : fault({ message: 'frames count from 1' });
}
