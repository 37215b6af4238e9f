// One running demo: the real binary with a simulated fleet, on ports of its own, ended by its id.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { natsServer, signalbox } from './surroundings.ts';

/** What `signalbox demo --format json` prints once it serves. */
interface Addresses {
  url: string;
  /** Whoever opens it is signed in, as an admin. */
  sign_in: string;
  /** An API token of the same. */
  token: string;
  yard: { aws: string; control: string };
}

interface ServiceKey {
  environment: string;
  cluster: string;
  service: string;
}

interface Tally {
  value: number;
  of: number | null;
}

/** What of the API's overview tells that the fleet is whole. */
interface Glance {
  tasks: Tally;
  alarms: Tally;
  nodes: Tally;
  connections: Tally;
  needs: unknown[];
}

export class Demo {
  /** The page of a rollout that nobody starts, once it was asked for. */
  private kept?: Promise<string>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly data: string,
    private readonly addresses: Addresses,
    private readonly log: string[],
  ) {}

  static async start(args: string[]): Promise<Demo> {
    const data = await mkdtemp(join(tmpdir(), 'signalbox-end2end-'));
    const child = spawn(
      signalbox(),
      ['demo', '--listen', '127.0.0.1:0', '--data', data, '--format', 'json', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SIGNALBOX_NATS_SERVER: natsServer() } },
    );
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      log.splice(0, log.length - 200);
    });
    const addresses = await firstLine(child, log);
    const demo = new Demo(child, data, JSON.parse(addresses) as Addresses, log);
    await demo.settled();
    return demo;
  }

  /**
   * Until every source has answered and nothing is missing. A page without JavaScript stays as it was rendered, so a test
   * of it must not begin while the first sweeps are under way; and a test that broke something waits here until it is whole.
   */
  async settled(): Promise<void> {
    let last = '';
    for (let tries = 0; tries < 300; tries += 1) {
      const { tasks, alarms, nodes, connections, needs } = await this.api<Glance>('/overview');
      const all = [tasks, nodes].every(({ value, of }) => value > 0 && value === of);
      if (all && (alarms.of ?? 0) > 0 && connections.value >= tasks.value && needs.length === 0) return;
      last = JSON.stringify({ tasks, alarms, nodes, connections, needs });
      await after(200);
    }
    throw new Error(`the fleet was not whole within a minute: ${last}`);
  }

  get url(): string {
    return this.addresses.url;
  }

  get signIn(): string {
    return this.addresses.sign_in;
  }

  /** What a script sends to be known. */
  get bearer(): { authorization: string } {
    return { authorization: `Bearer ${this.addresses.token}` };
  }

  get yard(): Addresses['yard'] {
    return this.addresses.yard;
  }

  /** The server's last words, for a failed test. */
  get said(): string {
    return this.log.join('\n');
  }

  /** What the JSON API says: for finding things, and for what a test is not about. */
  async api<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, { headers: this.bearer });
    if (!answer.ok) throw new Error(`GET /api/v1${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Tells the JSON API to do something; answers what it says, if it says anything. */
  async tell<T>(path: string, body: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method: 'POST',
      headers: { ...this.bearer, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST /api/v1${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Plans a health check over these services, each watched for so many seconds; answers the page of the plan, which nobody has started. */
  async planned(services: string[], bake: number | null = null): Promise<string> {
    const keys = await Promise.all(services.map((service) => this.keyOf(service)));
    const change = { is: 'health_check', command: ['CMD-SHELL', 'curl -f http://localhost:8080/health'], interval: 5, timeout: 2, retries: 1 };
    const { path } = await this.tell<{ path: string }>('/rollouts', { change, services: keys, reason: 'a test', bake });
    return path;
  }

  /** One such page, the same for every test that only looks. */
  plan(): Promise<string> {
    this.kept ??= this.planned(['settings-nats', 'payment-nats']);
    return this.kept;
  }

  private async keyOf(service: string): Promise<ServiceKey> {
    const found = await this.api<{ rows: ServiceKey[] }>(`/services?q=${encodeURIComponent(service)}`);
    const row = found.rows.find((row) => row.service === service);
    if (row === undefined) throw new Error(`there is no service ${service}`);
    return { environment: row.environment, cluster: row.cluster, service: row.service };
  }

  /** The address of a service's page. */
  async pathOf(service: string): Promise<string> {
    const row = await this.keyOf(service);
    return `/services/${[row.environment, row.cluster, row.service].map(encodeURIComponent).join('/')}`;
  }

  async taskOf(service: string): Promise<string> {
    const path = await this.pathOf(service);
    const { tasks } = await this.api<{ tasks: { id: string }[] }>(path);
    if (tasks[0] === undefined) throw new Error(`${service} has no task`);
    return `${path}/tasks/${encodeURIComponent(tasks[0].id)}`;
  }

  /** An order to the simulated fleet, from outside of everything under test. */
  async order(path: string, body: unknown = {}): Promise<void> {
    const answer = await fetch(`${this.yard.control}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`the yard refused POST ${path} ${JSON.stringify(body)}: ${answer.status} ${await answer.text()}`);
    }
  }

  /** Ends it as an operator would, and fails when it does not end in the time it promises. */
  async end(): Promise<void> {
    const ended = exited(this.child);
    this.child.kill('SIGTERM');
    const inTime = await Promise.race([ended.then(() => true), limit(8_000)]);
    if (!inTime) {
      this.child.kill('SIGKILL');
      await ended;
    }
    await rm(this.data, { recursive: true, force: true });
    if (!inTime) throw new Error(`the demo did not end within 8 s of SIGTERM\n${this.said}`);
  }
}

function firstLine(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the demo ended (${code}) before it served\n${log.join('\n')}`)));
    if (child.stdout === null) return reject(new Error('the demo has no stdout'));
    createInterface({ input: child.stdout }).once('line', resolve);
  });
}

function exited(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));
}

const limit = (ms: number): Promise<false> => after(ms, false as const, { ref: false });
