/** One thing that is wrong with one object. `rule` is stable and says which rule; `message` is for people and holds no patient data. */
export interface Fault {
  readonly rule: string;
  /** An `error` must not leave; a `warning` is legal and may trouble a viewer. */
  readonly severity: 'error' | 'warning';
  /** Name of the file or object as given. */
  readonly object: string;
  /** Path in the object: `/126010/125007[2]/112040`, or a keyword. */
  readonly where: string;
  readonly message: string;
}

/** Reports one fault of the object at hand. */
export type Report = (rule: string, where: string, message: string) => void;

const warnings = new Set(['group-without-number', 'number-without-child', 'scheme-private']);

export function severityOf(rule: string): Fault['severity'] {
  return warnings.has(rule) ? 'warning' : 'error';
}
