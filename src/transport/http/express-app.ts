import express, { type Express } from 'express';
import helmet from 'helmet';

export interface AppOptions {
  /** True when the listener speaks TLS: only then browsers are told to insist on it. */
  readonly tls: boolean;
  /** Origins (besides our own) the page may call, for `connect-src`. */
  readonly connectTo?: readonly string[];
}

/**
 * An express app with the headers every answer of ours carries: nothing sniffed, nothing framed by strangers, scripts from ourselves
 * only (WebAssembly and blob workers are what the image viewer needs). Bodies are parsed by the routes, each with its own limit.
 */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  // Query strings as name → string or list; nested objects would let a caller choose shapes.
  app.set('query parser', 'simple');
  app.use(
    helmet({
      strictTransportSecurity: options.tls ? { maxAge: 15_552_000 } : false,
      crossOriginResourcePolicy: { policy: 'same-origin' },
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
          workerSrc: ["'self'", 'blob:'],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          connectSrc: ["'self'", 'blob:', ...(options.connectTo ?? [])],
          objectSrc: ["'none'"],
          baseUri: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'self'"],
        },
      },
    }),
  );
  return app;
}
