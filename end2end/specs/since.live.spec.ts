// An open page that asks again is sent what changed, and not what it shows already.
import type { Response } from '@playwright/test';
import { expect, test } from '../harness/test.ts';

// five times as fast: a sweep every second, and after each the page asks
test.use({ demoArgs: ['--no-script', '--speed', '5'] });

const SERVICE = 'weather-manager-nats';
const ALARM = 'auth-nats-cpu-high';

interface List {
  body: { listed: { page: { rows: { service: string }[] } } };
}

interface Made {
  body: { html: string };
}

const rows = async (answer: Response) => ((await answer.json()) as List).body.listed.page.rows;
const html = async (answer: Response) => ((await answer.json()) as Made).body.html;

test('of the list of services only rows that changed are sent', async ({ page, demo }) => {
  const isList = (answer: Response) => answer.url() === `${demo.url}/api/services`;
  await page.goto('/services');
  const quiet = await page.waitForResponse(async (answer) => isList(answer) && (await rows(answer)).length === 0);
  expect((await quiet.body()).length).toBeLessThan(1_000);
  const all = page.getByRole('table').locator('tbody tr');
  const standing = all.filter({ hasText: SERVICE }).getByRole('cell').first();
  await expect(all).toHaveCount(23);
  await expect(standing).toHaveText('up');

  const moved = page.waitForResponse(async (answer) => isList(answer) && (await rows(answer)).some(({ service }) => service === SERVICE));
  const noLongerUp = expect(standing).not.toHaveText('up', { timeout: 30_000 });
  await Promise.all([demo.order('/tasks/stop', { service: SERVICE, reason: 'stopped by the browser tests' }), moved, noLongerUp]);
  expect((await rows(await moved)).length).toBeLessThan(5);
  await demo.settled();
  await expect(standing).toHaveText('up', { timeout: 30_000 });
  await expect(all).toHaveCount(23);
});

test('a page on which only ages moved is sent without its HTML, and what changes then still shows', async ({ page, demo }) => {
  const isPage = (answer: Response) => answer.url() === `${demo.url}/api/page`;
  await page.goto('/alarms');
  const quiet = await page.waitForResponse(async (answer) => isPage(answer) && (await html(answer)) === '');
  expect((await quiet.body()).length).toBeLessThan(2_000);
  // its age is of the newest sweep all the same
  const seen = page.locator('.headline time');
  const then = await seen.getAttribute('datetime');
  await expect.poll(() => seen.getAttribute('datetime')).not.toBe(then);
  await expect(seen).toContainText('ago');

  const alarm = page.getByRole('region', { name: 'List of alarms' }).getByRole('listitem').filter({ hasText: ALARM });
  await demo.order(`/alarms/${ALARM}/state`, { state: 'ALARM' });
  await expect(alarm).toContainText('ALARM', { timeout: 30_000 });
  await demo.order(`/alarms/${ALARM}/state`, { state: 'OK' });
  await expect(alarm).not.toContainText('ALARM', { timeout: 30_000 });
  await demo.settled();
});
