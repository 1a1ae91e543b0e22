import type { Component } from '../component.ts';
import { DicomAudit } from '../dicom-audit.ts';
import { createDicomComponent } from '../dicom-component.ts';
import { IntakeComponent } from '../intake-component.ts';
import type { RoleContext } from '../role-context.ts';

/** The components of the intake role, in start order: the store, then what writes of it, the DICOM port last. */
export function intakeComponents(context: RoleContext): readonly Component[] {
  const audit = new DicomAudit(context.database, context.clock, context.log);
  const intake = new IntakeComponent(context, 'intake', 'dimse');
  return [audit, intake, createDicomComponent(context, { receiver: intake, audit, hasRoom: () => intake.hasRoom() })];
}
