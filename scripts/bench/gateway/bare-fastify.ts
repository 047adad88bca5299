import Fastify from 'fastify';

/** What HTTP alone costs: answers as small as the gateway's, from memory. Ends with its input. */

const reply = {
  request_id: '2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10',
  status: 'QUEUED',
  poll_url: 'http://127.0.0.1:8080/v1/requests/2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10',
  status_url: 'http://127.0.0.1:8080/v2/requests/2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10/status',
  response_url: 'http://127.0.0.1:8080/v2/requests/2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10',
};
const app = Fastify();
app.post('/submit', async () => reply);
app.get('/poll', async () => reply);
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
