import { analyseCine } from './analyse-cine.ts';
import { analyseDetection } from './analyse-detection.ts';
import { analyseImages } from './analyse-images.ts';
import { analyseVolumeLabels } from './analyse-volume-labels.ts';
import type { AnalysedSeries, AnalyseHooks } from './analysed-series.ts';
import type { LoadedModel } from './model-folder.ts';
import type { NetworkStage } from './network-stage.ts';
import { pipelineOf } from './pipeline.ts';
import type { SeriesInput } from './series-input.ts';

/**
 * Runs one model on one series: reads, checks, prepares, infers, measures. The same series and model give the same analysis.
 *
 * A series that a check refuses gives an analysis of outcome 'not-analysable' with the reason. Throws GatewayError when the bytes cannot be
 * read or the network fails.
 */
export async function analyseSeries(model: LoadedModel, network: NetworkStage, input: SeriesInput, hooks: AnalyseHooks): Promise<AnalysedSeries> {
  const pipeline = pipelineOf(model.manifest);
  switch (pipeline.kind) {
    case 'detection':
      return analyseDetection(model, pipeline, network, input, hooks);
    case 'volume-labels':
      return analyseVolumeLabels(model, pipeline, network, input, hooks);
    case 'cine-labels':
      return analyseCine(model, pipeline, network, input, hooks);
    case 'images':
      return analyseImages(model, pipeline, network, input, hooks);
  }
}
