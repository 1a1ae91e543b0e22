import type { QualityCheck } from '../domain/findings.ts';
import { checkGeometry, checkIntensity } from '../model-steps/quality-checks.ts';
import { eligibilityChecks } from './analysed-series.ts';
import type { LoadedSeries } from './load-series.ts';
import type { Manifest } from './manifest-schema.ts';

/** Asks eligibility and those checks of the manifest that need the volume alone; the ones of the lungs need their mask. */
export function checkVolume(manifest: Manifest, series: LoadedSeries): QualityCheck[] {
  const quality = eligibilityChecks(manifest, series);
  for (const setting of manifest.quality)
    switch (setting.check) {
      case 'uniform-spacing':
      case 'missing-slices':
      case 'duplicate-slices':
      case 'tilt':
        quality.push(checkGeometry(setting, series.geometry));
        break;
      case 'hu-plausible':
      case 'noise-sd':
        quality.push(checkIntensity(setting, series.volume));
        break;
      case 'organ-present':
      case 'organ-complete':
      case 'body-part-match':
      case 'blur-laplacian':
      case 'exposure':
      case 'field-of-view':
      case 'image-size':
      case 'photometric':
      case 'laterality':
      case 'view':
      case 'burned-in':
        break; // asked of masks and of pictures
    }
  return quality;
}
