/**
 * Defined Terms of Specific Character Set, PS3.3 §C.12.1.1.2. `label` is the name TextDecoder knows the bytes by; every one of
 * these encodings has ASCII in its lower half.
 *
 * - `euc-jp` serves all Japanese sets: JIS X 0208 with both high bits set, katakana behind 8E, JIS X 0212 behind 8F.
 * - windows-874 is TIS-620 with more in 80–9F, windows-1254 is ISO 8859-9 with more in 80–9F: no defined character differs.
 */
export const singleSets: Readonly<Record<string, string>> = {
  'ISO_IR 6': 'ascii',
  'ISO_IR 100': 'latin1',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 13': 'katakana',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** With code extensions: the set that is in G0 and G1 before any escape sequence. The multi-byte ones start with ASCII alone. */
export const extensionSets: Readonly<Record<string, { readonly label: string; readonly multiByte: boolean }>> = {
  'ISO 2022 IR 6': { label: 'ascii', multiByte: false },
  'ISO 2022 IR 100': { label: 'latin1', multiByte: false },
  'ISO 2022 IR 101': { label: 'iso-8859-2', multiByte: false },
  'ISO 2022 IR 109': { label: 'iso-8859-3', multiByte: false },
  'ISO 2022 IR 110': { label: 'iso-8859-4', multiByte: false },
  'ISO 2022 IR 144': { label: 'iso-8859-5', multiByte: false },
  'ISO 2022 IR 127': { label: 'iso-8859-6', multiByte: false },
  'ISO 2022 IR 126': { label: 'iso-8859-7', multiByte: false },
  'ISO 2022 IR 138': { label: 'iso-8859-8', multiByte: false },
  'ISO 2022 IR 148': { label: 'windows-1254', multiByte: false },
  'ISO 2022 IR 203': { label: 'iso-8859-15', multiByte: false },
  'ISO 2022 IR 13': { label: 'katakana', multiByte: false },
  'ISO 2022 IR 166': { label: 'windows-874', multiByte: false },
  'ISO 2022 IR 87': { label: 'jis0208', multiByte: true },
  'ISO 2022 IR 159': { label: 'jis0212', multiByte: true },
  'ISO 2022 IR 149': { label: 'euc-kr', multiByte: true },
  'ISO 2022 IR 58': { label: 'gb18030', multiByte: true },
};

export interface Escape {
  readonly register: 'G0' | 'G1';
  readonly label: string;
}

/** What follows ESC (1B), PS3.3 Tables C.12-3 and C.12-4. `$@` (JIS C 6226-1978) is not in the tables but seen in old Japanese files. */
export const escapes: Readonly<Record<string, Escape>> = {
  '(B': { register: 'G0', label: 'ascii' },
  '(J': { register: 'G0', label: 'ascii' },
  '$B': { register: 'G0', label: 'jis0208' },
  '$@': { register: 'G0', label: 'jis0208' },
  '$(D': { register: 'G0', label: 'jis0212' },
  '-A': { register: 'G1', label: 'latin1' },
  '-B': { register: 'G1', label: 'iso-8859-2' },
  '-C': { register: 'G1', label: 'iso-8859-3' },
  '-D': { register: 'G1', label: 'iso-8859-4' },
  '-L': { register: 'G1', label: 'iso-8859-5' },
  '-G': { register: 'G1', label: 'iso-8859-6' },
  '-F': { register: 'G1', label: 'iso-8859-7' },
  '-H': { register: 'G1', label: 'iso-8859-8' },
  '-M': { register: 'G1', label: 'windows-1254' },
  '-b': { register: 'G1', label: 'iso-8859-15' },
  '-T': { register: 'G1', label: 'windows-874' },
  ')I': { register: 'G1', label: 'katakana' },
  '$)C': { register: 'G1', label: 'euc-kr' },
  '$)A': { register: 'G1', label: 'gb18030' },
};
