// A peer for the delivery benchmark: a FHIR endpoint and a STOW-RS service that answer at once and keep nothing. Prints its port.
import http from 'node:http';

const UID = Buffer.from('\x02\x00\x03\x00UI', 'latin1'); // (0002,0003) Media Storage SOP Instance UID

http
  .createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const answer = request.url.startsWith('/fhir') ? { resourceType: 'Bundle', type: 'transaction-response', entry: [{ response: { status: '201' } }] } : stored(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  })
  .listen(0, '127.0.0.1', function listening() {
    console.log(this.address().port);
  });

function stored(body) {
  const items = [];
  for (let at = body.indexOf(UID); at !== -1; at = body.indexOf(UID, at + 8)) {
    const length = body.readUInt16LE(at + 6);
    items.push({ '00081155': { vr: 'UI', Value: [body.toString('latin1', at + 8, at + 8 + length).replace(/\0$/, '')] } });
  }
  return { '00081199': { vr: 'SQ', Value: items } };
}
