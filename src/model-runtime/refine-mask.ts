import { fillHoles, largestComponent } from '../model-steps/label-masks.ts';
import type { Mask } from '../model-steps/volume.ts';
import type { Manifest } from './manifest-schema.ts';

/** The steps of the manifest that tidy the mask of one label, in order. */
export function refineMask(manifest: Manifest, label: string, mask: Mask): Mask {
  let refined = mask;
  for (const step of manifest.postprocess) {
    if (step.op === 'largest-component' && step.label === label) refined = largestComponent(refined);
    if (step.op === 'fill-holes' && step.label === label) refined = fillHoles(refined);
  }
  return refined;
}
