// `test` for every spec: a fleet per worker, and a page that must stay quiet.
import { test as base, expect, type Page } from '@playwright/test';
import { Demo } from './demo.ts';

export { expect };
export type { Demo, Page };

const NOTHING = /(?!)/;

interface PerTest {
  /** Whether the browser is signed in before the test begins. */
  signedIn: boolean;
  /** Complaints of the page that a test provokes on purpose. One pattern: Playwright takes an array for something else. */
  tolerated: RegExp;
  quiet: void;
}

interface PerWorker {
  /** Passed to `signalbox demo`; a file that sets it gets a fleet of its own. */
  demoArgs: string[];
  demo: Demo;
}

export const test = base.extend<PerTest, PerWorker>({
  // nothing happens in this fleet but what a test orders
  demoArgs: [['--no-script'], { option: true, scope: 'worker' }],

  demo: [
    async ({ demoArgs }, use) => {
      const demo = await Demo.start(demoArgs);
      await use(demo);
      await demo.end();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: async ({ demo }, use) => use(demo.url),

  tolerated: async ({}, use) => use(NOTHING),

  signedIn: [true, { option: true }],

  // by the demo's link, as a newcomer is: one request, whose cookie the browser then has
  context: async ({ context, demo, signedIn }, use) => {
    if (signedIn) await context.request.get(demo.signIn, { maxRedirects: 0 });
    await use(context);
  },

  // Hydration mismatches, CSP violations and missing files all show as an error on the console and nowhere else.
  quiet: [
    async ({ page, tolerated, demo }, use, info) => {
      const complaints = listen(page, demo.url);
      await use();
      // a page without JavaScript does not use the WASM it was told to fetch
      const known = info.project.use.javaScriptEnabled === false ? /signalbox_bg\.wasm.*preloaded.*not used/ : NOTHING;
      const left = complaints.filter((complaint) => !known.test(complaint) && !tolerated.test(complaint));
      if (info.status !== info.expectedStatus) {
        await info.attach('server.log', { body: demo.said, contentType: 'text/plain' });
      }
      expect(left, 'what the page complained of').toEqual([]);
    },
    { auto: true },
  ],
});

function listen(page: Page, url: string): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) {
      complaints.push(`console.${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith('data:') && !asked.startsWith('blob:')) {
      complaints.push(`asked another host: ${asked}`);
    }
  });
  return complaints;
}
