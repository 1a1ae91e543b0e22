import type { NextFunction, Request, Response } from 'express';

/**
 * Refuses requests whose Host is a name that is not ours, when nobody has to log in: a web page elsewhere could let its own name
 * point to this machine and read patient data through the browser of someone who works here (DNS rebinding). Addresses cannot be
 * rebound and pass.
 */
export function onlyKnownHosts(names: readonly string[]): (request: Request, response: Response, next: NextFunction) => void {
  const known = new Set([...names, 'localhost'].map((name) => name.toLowerCase()));
  return (request, response, next) => {
    const host = (request.get('host') ?? '').replace(/:\d+$/, '').replaceAll(/[[\]]/g, '').toLowerCase();
    if (host === '' || isAddress(host) || known.has(host)) next();
    else response.status(421).json({ error: 'UNKNOWN_HOST', message: 'this name is not one of ours; use the address, localhost, or demand a login (http.auth.required)' });
  };
}

/** An address in numbers: what cannot be a name. `host` comes without brackets; a colon is in no name. */
function isAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}
