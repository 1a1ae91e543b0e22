/**
 * A person name as it is compared (PS3.4 §C.2.2.2.1 lets PN matching ignore case, and accents): groups joined by `=`, components by `^`,
 * trailing delimiters dropped, case and accents folded, full width made plain, runs of space made one.
 */
export function personNameKey(name: string): string {
  return name
    .split('=')
    .map((group) => group.split('^').map(foldText).join('^').replace(/\^+$/, ''))
    .join('=')
    .replace(/=+$/, '');
}

/** Lower case, no combining marks, compatibility forms made plain, single spaces. Wildcards `*` and `?` pass through. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{Mn}/gu, '').normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}
