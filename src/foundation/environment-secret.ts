import { GatewayError } from './errors.ts';

/** A secret that the operator gives through the environment. Error: SECRET_MISSING (permanent); it names the variable, never a value. */
export function environmentSecret(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === '') throw new GatewayError('SECRET_MISSING', `the environment variable ${variable} is not set`, { failure: 'permanent' });
  return value;
}
