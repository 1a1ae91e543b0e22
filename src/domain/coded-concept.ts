/** A coded concept as DICOM's Code Sequence Macro carries it (PS3.3 §8.8): scheme designator, value, meaning (≤ 64 characters). */
export interface CodedConcept {
  readonly scheme: string;
  readonly value: string;
  readonly meaning: string;
}

export function sameConcept(a: CodedConcept, b: CodedConcept): boolean {
  // Never by meaning: products spell it differently (PS3.3 §8.3 makes value and scheme the identity).
  return a.scheme === b.scheme && a.value === b.value;
}
