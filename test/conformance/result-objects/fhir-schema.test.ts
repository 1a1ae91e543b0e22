import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { buildFhirBundle, storedResources } from '../../../src/result-objects/fhir-bundle.ts';
import { defaultFhirOptions } from '../../../src/result-objects/fhir-request.ts';
import type { Observation, Resource } from '../../../src/standards/fhir/resources.ts';
import { context, outcomes, reportRequest } from '../../unit/result-objects/synthetic-analysis.ts';

type JsonSchemaValidator = new () => { validate(resource: Resource): readonly unknown[] };

const Validator = createRequire(import.meta.url)('@asymmetrik/fhir-json-schema-validator') as JsonSchemaValidator;

suite('FHIR bundles before the schema of R4 and the rules that it cannot say', () => {
  const validator = new Validator();

  for (const [name, analysis] of Object.entries(outcomes)) {
    for (const patient of ['logical', 'create'] as const) {
      const { identity, segmentation } = reportRequest(analysis);
      const bundle = buildFhirBundle({ analysis, context, report: identity, segmentation, options: { ...defaultFhirOptions, patient } });
      const resources = bundle.entry.map((entry) => entry.resource);

      test(`${name}, patient ${patient}: bundle, entries and stored resources are valid by the R4 JSON schema`, () => {
        assert.deepEqual(validator.validate(bundle), []);
        for (const resource of [...resources, ...storedResources(bundle)]) assert.deepEqual(validator.validate(resource), [], resource.resourceType);
      });

      test(`${name}, patient ${patient}: obs-6, obs-7, us-core-2 and single choice types hold`, () => {
        for (const observation of resources.filter((resource): resource is Observation => resource.resourceType === 'Observation')) {
          const values = Object.keys(observation).filter((key) => key.startsWith('value'));
          assert.ok(values.length <= 1);
          // obs-6: dataAbsentReason only without a value. us-core-2: one of value, reason, component or member.
          assert.ok(observation.dataAbsentReason === undefined || values.length === 0);
          assert.ok(values.length === 1 || observation.dataAbsentReason !== undefined || (observation.component?.length ?? 0) > 0);
          // obs-7: with a value, no component has the code of the observation.
          const code = JSON.stringify(observation.code.coding);
          assert.ok(values.length === 0 || !observation.component?.some((component) => JSON.stringify(component.code.coding) === code));
          for (const component of observation.component ?? []) {
            assert.equal(Object.keys(component).filter((key) => key.startsWith('value') || key === 'dataAbsentReason').length, 1);
          }
        }
      });
    }
  }
});
