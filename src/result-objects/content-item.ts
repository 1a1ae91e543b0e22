import type { CodedConcept } from '../domain/coded-concept.ts';

/** Relationship types of PS3.3 §C.17.3.2.4. */
export type Relationship = 'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD' | 'HAS ACQ CONTEXT' | 'HAS PROPERTIES' | 'INFERRED FROM' | 'SELECTED FROM';

export interface ImageReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Referenced Frame Number, 1-based; none for a single-frame image. */
  readonly frames: readonly number[];
  /** Referenced Segment Number. */
  readonly segments: readonly number[];
}

interface Named {
  /** Null on the root, and on items written by others without one. */
  readonly relationship: Relationship | null;
  readonly concept: CodedConcept | null;
  readonly children: readonly ContentItem[];
  /** Observation UID (0040,A171). */
  readonly observationUid?: string | undefined;
  /** Observation DateTime (0040,A032). */
  readonly observedAt?: string | undefined;
}

export type ContentItem = Named &
  (
    | { readonly valueType: 'CONTAINER'; /** TemplateIdentifier of DCMR, '' when absent. */ readonly template: string }
    | { readonly valueType: 'CODE'; readonly code: CodedConcept | null }
    | { readonly valueType: 'TEXT' | 'UIDREF' | 'DATE' | 'TIME' | 'DATETIME' | 'PNAME'; readonly text: string }
    | {
        readonly valueType: 'NUM';
        /** DS; null = Measured Value Sequence is empty, then `qualifier` says why. */
        readonly value: string | null;
        readonly unit: CodedConcept | null;
        readonly qualifier: CodedConcept | null;
      }
    | { readonly valueType: 'IMAGE' | 'COMPOSITE' | 'WAVEFORM'; readonly reference: ImageReference | null }
    | { readonly valueType: 'SCOORD'; readonly graphicType: string; /** column, row pairs */ readonly points: readonly number[] }
    | {
        readonly valueType: 'SCOORD3D';
        readonly graphicType: string;
        /** x, y, z triples in mm */
        readonly points: readonly number[];
        readonly frameOfReferenceUid: string;
      }
    | { readonly valueType: 'OTHER'; /** Value Type as written. */ readonly type: string }
  );

export type ContainerItem = Extract<ContentItem, { valueType: 'CONTAINER' }>;
export type NumItem = Extract<ContentItem, { valueType: 'NUM' }>;

interface Extra {
  readonly children?: readonly ContentItem[];
  readonly observationUid?: string;
  readonly observedAt?: string;
}

export function container(relationship: Relationship | null, concept: CodedConcept, template: string, children: readonly ContentItem[], extra: Extra = {}): ContainerItem {
  return { valueType: 'CONTAINER', relationship, concept, template, ...extra, children };
}

export function codeValue(relationship: Relationship, concept: CodedConcept, code: CodedConcept, extra: Extra = {}): ContentItem {
  return { valueType: 'CODE', relationship, concept, code, children: [], ...extra };
}

export function textValue(relationship: Relationship, concept: CodedConcept, text: string, extra: Extra = {}): ContentItem {
  return { valueType: 'TEXT', relationship, concept, text, children: [], ...extra };
}

export function uidValue(relationship: Relationship, concept: CodedConcept, uid: string): ContentItem {
  return { valueType: 'UIDREF', relationship, concept, text: uid, children: [] };
}

export function imageValue(relationship: Relationship, concept: CodedConcept | null, reference: ImageReference, children: readonly ContentItem[] = []): ContentItem {
  return { valueType: 'IMAGE', relationship, concept, reference, children };
}

/** All items of the tree, parents before children, in document order. */
export function* descendants(item: ContentItem): Generator<ContentItem> {
  yield item;
  for (const child of item.children) yield* descendants(child);
}
