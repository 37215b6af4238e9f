// What changed of readiness: the score over time, each check that stands otherwise and why; with JavaScript and without.
import { expect, test, type Demo, type Page } from '../harness/test.ts';

// a fleet of its own: the score is recorded a minute after the start, which is three seconds here
test.use({ demoArgs: ['--no-script', '--speed', '20', '--seed', '5'] });
test.describe.configure({ mode: 'serial' });

interface Changes {
  began: string | null;
  changes: { check: string; name: string; was: string; is: string; reason: string }[];
  trend: { rows: { score: number | null; from: string }[] };
  paging: { matching: number; total: number };
}

const CHANGES = '/readiness/changes';
const list = (page: Page) => page.locator('#changes tbody tr');

/** Somebody stands for a drill of the environment, and that is on record as a change. */
async function attested(demo: Demo): Promise<Changes> {
  await expect.poll(async () => (await demo.api<Changes>(CHANGES)).began, { timeout: 60_000 }).not.toBeNull();
  const known = await demo.api<Changes>(`${CHANGES}?check=recovery-drill`);
  if (known.paging.matching === 0) {
    const expires = new Date(Date.now() + 20 * 86_400_000).toISOString();
    const wish = { check: 'recovery-drill', environment: 'production', value: 1000, note: 'restored within the hour', expires };
    await demo.tell('/attestations', wish);
  }
  let told: Changes | undefined;
  await expect(async () => {
    told = await demo.api<Changes>(`${CHANGES}?check=recovery-drill`);
    expect(told.changes.map(({ is }) => is)).toEqual(['passes']);
  }).toPass({ timeout: 40_000 });
  if (told === undefined) throw new Error('what was attested was never recorded');
  return told;
}

async function fits(page: Page): Promise<void> {
  for (const width of [360, 390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  }
}

test('what changed is told with was, is, when and why, and saved as it is shown', async ({ page, demo }) => {
  const told = await attested(demo);
  await page.goto(`${CHANGES}?check=recovery-drill`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What changed');
  await expect(list(page)).toHaveCount(1);
  await expect(list(page).first()).toContainText('recovery-drill');
  await expect(list(page).first()).toContainText('passes');
  await expect(list(page).first()).toContainText(told.changes[0]?.reason ?? 'no reason');
  await fits(page);
  const to = await page.getByRole('link', { name: 'All of it as CSV' }).getAttribute('href');
  const saved = await page.request.get(to ?? '');
  expect(saved.headers()['content-type']).toContain('text/csv');
  expect(await saved.text()).toContain(',recovery-drill,');
});

test('the score is drawn and stands beside as numbers', async ({ page, demo }) => {
  await attested(demo);
  await page.goto(CHANGES);
  const trend = page.locator('#trend');
  await expect(trend.getByRole('img')).toHaveAttribute('aria-label', /^The score of the fleet/);
  await trend.getByText(/as numbers$/).click();
  const rows = trend.locator('table.trend-rows tbody tr');
  await expect(rows.first()).toBeVisible();
  await expect(rows.first()).toContainText('now');
  await fits(page);
  const numbers = await page.request.get((await trend.getByRole('link', { name: 'These numbers as CSV' }).getAttribute('href')) ?? '');
  expect(await numbers.text()).toContain('the fleet,');
  await page.goto('/readiness');
  await expect(page.locator('#trend').getByRole('img')).toBeVisible();
});

test('a period, an instant and a filter stand in the address', async ({ page, demo }) => {
  await attested(demo);
  await page.goto(CHANGES);
  await page.getByRole('navigation', { name: 'How far back' }).getByRole('link', { name: '30 days' }).click();
  await expect(page).toHaveURL(/period=30d/);
  await page.getByRole('combobox', { name: 'Check' }).selectOption('recovery-drill');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/check=recovery-drill/);
  await expect(page).toHaveURL(/period=30d/);
  await expect(list(page)).toHaveCount(1);
  await page.getByRole('navigation', { name: 'Which' }).getByRole('link', { name: /^only recovery-drill/ }).click();
  await expect(page).not.toHaveURL(/check=/);
  await page.goto(`${CHANGES}?since=2030-01-01&colour=red`);
  await expect(page.getByRole('main')).toContainText('2030-01-01T00:00:00Z lies ahead of now.');
  await expect(page.getByText('colour=red')).toBeVisible();
});

test('the pages of the section lead to each other, and a check to what people can do', async ({ page, demo }) => {
  await attested(demo);
  await page.goto('/readiness');
  const ways = page.getByRole('navigation', { name: 'Readiness section' });
  for (const [name, heading] of [
    ['What changed', 'What changed'],
    ['Attestations', 'Attest a check'],
    ['Waivers', 'Waivers'],
    ['Checklists', 'Checklists'],
    ['Reports', 'Reports'],
  ] as const) {
    await ways.getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
    await expect(ways.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'page');
    await fits(page);
  }
  const path = (await demo.pathOf('auth-nats')).replace('/services/', '/readiness/');
  await page.goto(path);
  await page.locator('#check-runbook').getByRole('link', { name: 'Say it with evidence: runbook' }).click();
  await expect(page.getByRole('combobox', { name: 'Check', exact: true })).toHaveValue('runbook');
  await page.goto(path);
  await page.getByRole('link', { name: /^Accept the risk for a while: / }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waivers');
});
