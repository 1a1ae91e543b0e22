import { GatewayError } from '../../foundation/errors.ts';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** `STORE_FULL` or `STORE_WRITE_FAILED`, both transient: nothing was stored, and the same may work later. */
export function asStoreError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const code = (thrown as { code?: unknown }).code;
  const context = typeof code === 'string' ? { code } : {};
  if (typeof code === 'string' && NO_SPACE.has(code)) return new GatewayError('STORE_FULL', 'no space left for segments', { failure: 'transient', context, cause: thrown });
  return new GatewayError('STORE_WRITE_FAILED', 'a segment could not be written', { failure: 'transient', context, cause: thrown });
}
