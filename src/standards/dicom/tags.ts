/** Tags by keyword: `tags.PatientID` is 0x00100020. Source: PS3.6. */
export { tags } from './generated/dictionary-table.ts';
