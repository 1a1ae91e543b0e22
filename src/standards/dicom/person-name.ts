/** One PN value, PS3.5 §6.2.1: three component groups; absent ones are empty. */
export interface PersonNameGroups {
  readonly alphabetic: string;
  readonly ideographic: string;
  readonly phonetic: string;
}

export interface PersonNameComponents {
  readonly family: string;
  readonly given: string;
  readonly middle: string;
  readonly prefix: string;
  readonly suffix: string;
}

export function groupsOf(name: string): PersonNameGroups {
  const [alphabetic = '', ideographic = '', phonetic = ''] = name.split('=');
  return { alphabetic: tidy(alphabetic), ideographic: tidy(ideographic), phonetic: tidy(phonetic) };
}

/** Joins groups; trailing empty ones are left out. */
export function joinGroups(groups: Partial<PersonNameGroups>): string {
  return [groups.alphabetic ?? '', groups.ideographic ?? '', groups.phonetic ?? ''].join('=').replace(/=+$/, '');
}

export function componentsOf(group: string): PersonNameComponents {
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map((component) => component.trim());
  return { family, given, middle, prefix, suffix };
}

/** For people to read: `Dr. Jörg Müller`. The alphabetic group, or the first that is not empty. */
export function displayName(name: string): string {
  const groups = groupsOf(name);
  const { family, given, middle, prefix, suffix } = componentsOf(groups.alphabetic || groups.ideographic || groups.phonetic);
  return [prefix, given, middle, family, suffix].filter((part) => part !== '').join(' ');
}

/**
 * A name folded for matching: case, accents, repeated and trailing delimiters do not count (PS3.4 §C.2.2.2.1 leaves this to the SCP).
 * Groups stay apart, so that a key may ask for one of them.
 */
export function foldName(name: string): string {
  const folded = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase('und');
  return folded.split('=').map((group) => group.replaceAll(/[\s^]+/g, ' ').trim()).join('=').replace(/=+$/, '');
}

/** Trailing delimiters mean nothing (PS3.5 §6.2.1.1). */
function tidy(group: string): string {
  return group.replace(/[\^ ]+$/, '').trimStart();
}
