// Alarms: list, what is watched, the missing ones as text, acknowledgement; with JavaScript and without.
import { expect, test, type Demo, type Page } from '../harness/test.ts';

const ALARM = 'auth-nats-cpu-high';
const on = (demo: Demo) => demo.order(`/alarms/${ALARM}/state`, { state: 'ALARM' });
const off = (demo: Demo) => demo.order(`/alarms/${ALARM}/state`, { state: 'OK' });

interface Listed {
  rows: { name: string; state: string; acknowledged: { by: string } | null }[];
}

const state = async (demo: Demo) => (await demo.api<Listed>(`/alarms?q=${ALARM}`)).rows[0];
const list = (page: Page) => page.getByRole('region', { name: 'List of alarms' });

test('lists alarms, filters by name and by what they lack', async ({ page }) => {
  await page.goto('/alarms');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('alarms');
  await page.getByRole('searchbox').fill('AUTH-nats');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/[?&]q=AUTH-nats/);
  await expect(list(page).getByRole('listitem').first()).toContainText('auth-nats');
  await page.goto('/alarms?state=sideways');
  await expect(page.getByText('state=sideways')).toBeVisible();
});

test('shows what is watched, with its rules, and writes what is missing', async ({ page }) => {
  await page.goto('/alarms/coverage?q=auth-nats');
  const row = page.getByRole('row').filter({ hasText: 'auth-nats' });
  await expect(row).toContainText('> 80');
  await expect(page.getByText('an alarm on CPUUtilization of the service')).toBeVisible();
  await row.getByRole('link', { name: 'commands' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('missing for auth-nats');
  await expect(page.locator('pre')).toContainText('auth-nats');
  await page.getByRole('link', { name: 'Terraform' }).click();
  await expect(page).toHaveURL(/form=terraform/);
  const saved = await page.request.get((await page.getByRole('link', { name: /Save as/ }).getAttribute('href')) ?? '');
  expect(saved.headers()['content-disposition']).toContain('missing-alarms.tf');
});

test('an alarm is acknowledged by a form, and its recovery ends that', async ({ page, demo }) => {
  await on(demo);
  await expect.poll(async () => (await state(demo))?.state, { timeout: 30_000 }).toBe('ALARM');
  await page.goto('/');
  await expect(page.locator('#needs')).toContainText('auth-nats');
  await page.goto(`/alarms/production/${ALARM}`);
  await page.getByRole('textbox', { name: /Why it may wait/ }).fill('load test until 11');
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.getByText('Acknowledged by demo: load test until 11').first()).toBeVisible();
  await page.goto('/');
  await expect(page.locator('#needs')).toHaveCount(0);
  await expect(page.locator('#acknowledged')).toContainText(`${ALARM} acknowledged by demo`);
  await page.goto('/alarms');
  await expect(page.locator('#acknowledged')).toContainText('load test until 11');
  await off(demo);
  await expect.poll(async () => (await state(demo))?.acknowledged, { timeout: 30_000 }).toBe(null);
  await demo.settled();
  await page.goto(`/alarms/production/${ALARM}`);
  await expect(page.locator('#record')).toContainText('acknowledgement by demo ended: the alarm is OK');
});

test('a foreign page cannot acknowledge, and the API takes JSON only', async ({ page, demo }) => {
  const form = { environment: 'production', name: ALARM, reason: 'x' };
  // the browser's own cookie is sent along: what refuses is where it comes from
  const foreign = await page.request.post('/api/acknowledge', { form, headers: { origin: 'https://evil.test' } });
  expect(foreign.status()).toBe(403);
  const unsaid = await page.request.post('/api/acknowledge', { form });
  expect(unsaid.status()).toBe(403);
  const api = '/api/v1/alarms/acknowledgements';
  const plain = await page.request.post(api, { data: JSON.stringify(form), headers: { ...demo.bearer, 'content-type': 'text/plain' } });
  expect(plain.status()).toBe(415);
  const early = await page.request.post(api, { data: form, headers: demo.bearer });
  expect(early.status()).toBe(400);
  expect(((await early.json()) as { sentence: string }).sentence).toContain('is not on');
});
