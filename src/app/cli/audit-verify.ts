import { verifyAuditChain } from '../../store/audit-chain.ts';
import { withGatewayDatabase } from './gateway-database.ts';

/** `isocenter audit verify`: 0 = the hash chain holds, 1 = it does not, with every fault named. */
export function auditVerify(options: { readonly config?: string }): Promise<number> {
  return withGatewayDatabase(options.config, async (database) => {
    const report = await verifyAuditChain(database);
    for (const entry of report.faults) console.error(entry);
    console.log(`${report.chained} events chained, ${report.unchained} not yet; head ${report.headHash}`);
    console.log(report.faults.length === 0 ? 'the audit log is as it was written' : 'the audit log was changed');
    return report.faults.length === 0 ? 0 : 1;
  });
}
