import type { Form } from '../domain/ladder.ts';
import type { ResultRole } from './result-uids.ts';

/** Forms of the ladder by the role of their object. */
export const roleOfForm: Readonly<Record<Form, ResultRole>> = {
  sr3d: 'structured-report',
  sr: 'structured-report-2d',
  seg: 'segmentation',
  gsps: 'presentation-state',
  ko: 'key-objects',
  pm: 'parametric-map',
  sc: 'secondary-capture',
  pdf: 'encapsulated-pdf',
};

export function formOfRole(role: string): Form | undefined {
  return (Object.keys(roleOfForm) as Form[]).find((form) => roleOfForm[form] === role);
}
