import { z } from 'zod';
import { forms } from '../domain/ladder.ts';

const form = z.enum(forms);

/** For a destination that takes whatever it is given: the same keys without anything to find out. */
export const fixedLadderShape = {
  accepts: z.array(form).min(1).default(['sr3d', 'seg']).describe('Forms of results it gets the best of: a list of sr3d, sr, seg, gsps, ko, pm, sc, pdf'),
  also: z.array(form).default([]).describe('Forms it gets in any case, beside the best of them'),
} as const;

/** Keys of destinations that take DICOM: which forms of a result they get. */
export const ladderShape = {
  accepts: z.union([z.literal('auto'), z.array(form).min(1)]).default('auto').describe('Forms of results it takes: a list of sr3d, sr, seg, gsps, ko, pm, sc, pdf, or auto = found out by asking and by its answers'),
  also: z.array(form).default([]).describe('Forms it gets in any case, beside the best that it takes'),
} as const;
