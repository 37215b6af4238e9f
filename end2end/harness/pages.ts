// Every page there is: what must hold for each is tested for each.
import type { Demo } from './demo.ts';

export const pages: { name: string; path: (demo: Demo) => Promise<string> | string }[] = [
  { name: 'overview', path: () => '/' },
  { name: 'services', path: () => '/services' },
  { name: 'service', path: (demo) => demo.pathOf('auth-nats') },
  { name: 'timeline', path: () => '/timeline' },
  { name: 'task', path: (demo) => demo.taskOf('auth-nats') },
  { name: 'alarms', path: () => '/alarms' },
  { name: 'coverage', path: () => '/alarms/coverage' },
  { name: 'missing-alarms', path: () => '/alarms/missing' },
  { name: 'alarm', path: () => '/alarms/production/auth-nats-cpu-high' },
  { name: 'nats', path: () => '/nats' },
  { name: 'rollouts', path: () => '/rollouts' },
  { name: 'rollout', path: (demo) => demo.plan() },
  { name: 'plan', path: () => '/rollouts/new?command=true&interval=soon&draft=1' },
  { name: 'readiness', path: () => '/readiness' },
  { name: 'readiness-of-a-service', path: async (demo) => (await demo.pathOf('auth-nats')).replace('/services/', '/readiness/') },
  { name: 'changes', path: () => '/readiness/changes?period=90d&direction=worse&check=Z9&since=2030-01-01' },
  { name: 'reports', path: () => '/reports' },
  { name: 'report-preview', path: () => '/reports?period=7d&preview=1' },
  { name: 'attest', path: () => '/readiness/attest?check=load-test&environment=production&percent=most&sent=1' },
  { name: 'waivers', path: () => '/readiness/waivers?check=H1&environment=production&sent=1' },
  { name: 'checklists', path: () => '/readiness/checklists' },
  { name: 'sources', path: () => '/sources' },
  { name: 'access', path: () => '/access' },
  { name: 'not-found', path: () => '/no-such-page' },
];

/** The widths people have: two phones, a laptop, a wall. */
export const widths = [360, 390, 1280, 1920];
export const themes = ['light', 'dark'] as const;
