// Reports: looked at before, made, fetched in every format, opened from a file with no network; with JavaScript and without.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { made } from '../harness/accounts.ts';
import { expect, test, type Page } from '../harness/test.ts';

// a fleet of its own: a report that another file made would be counted here
test.use({ demoArgs: ['--no-script', '--seed', '7'] });
test.describe.configure({ mode: 'serial', timeout: 120_000 });

const shelf = (page: Page) => page.locator('#shelf tbody tr');

/** The text of a report's file, as the link on the page gives it. */
async function file(page: Page, name: RegExp): Promise<{ text: string; headers: Record<string, string> }> {
  const path = await shelf(page).first().getByRole('link', { name }).getAttribute('href');
  const answer = await page.request.get(path ?? '');
  expect(answer.status(), path ?? 'no link').toBe(200);
  return { text: await answer.text(), headers: answer.headers() };
}

test('a report is looked at, made, and fetched as it was', async ({ page, demo }) => {
  await page.goto('/reports');
  await expect(page.getByText('No report was made yet.')).toBeVisible();
  await page.getByRole('radio', { name: '7 days' }).check();
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page).toHaveURL(/[?&]period=7d/);
  const preview = page.locator('#preview');
  await expect(preview.getByRole('heading', { level: 3 }).first()).toContainText('Readiness of production');
  await expect(preview).toContainText('Confidence');
  // what was chosen stands in the form, and its other button makes the report
  await expect(page.getByRole('radio', { name: '7 days' })).toBeChecked();
  await page.getByRole('button', { name: 'Make the report' }).click();
  await expect(page).toHaveURL(/\/reports#report-/);
  await expect(shelf(page)).toHaveCount(1);
  await expect(shelf(page).first()).toContainText('by demo');

  const json = await file(page, /^JSON of/);
  const { document, key, signature } = JSON.parse(json.text) as {
    document: { id: string; readiness: { fleet: { score: number | null } }; period: { from: string; to: string } };
    key: string;
    signature: string;
  };
  expect(json.headers['content-disposition']).toMatch(/^attachment; filename="signalbox-[0-9a-f-]+\.json"$/);
  expect(signature.length).toBeGreaterThan(80);
  expect(Date.parse(document.period.to) - Date.parse(document.period.from)).toBe(7 * 86_400_000);
  expect((await file(page, /^JSON of/)).text, 'the same id is the same bytes').toBe(json.text);
  if (document.readiness.fleet.score !== null) {
    await expect(shelf(page).first()).toContainText(String(document.readiness.fleet.score));
  }
  // the key is anybody's, and is the one on the page
  const published = await fetch(`${demo.url}/.well-known/signalbox-report-key`);
  expect(await published.text()).toBe(`signalbox-report-key ed25519 ${key}\n`);
  await expect(page.locator('#check')).toContainText(key);

  const html = await file(page, /^HTML of/);
  expect(html.headers['content-disposition']).toMatch(/^inline; filename="signalbox-[0-9a-f-]+\.html"$/);
  expect(html.headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox; style-src 'sha256-[^']+'$/);
  expect(html.text).toContain(document.id);
});

test('the page in a file shows its plots with the network off and asks nobody', async ({ page, browser }) => {
  await page.goto('/reports');
  const { text } = await file(page, /^HTML of/);
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-report-'));
  // a browser of its own, as whoever gets the file has one
  const context = await browser.newContext({ offline: true });
  try {
    const path = join(directory, 'report.html');
    await writeFile(path, text);
    const reader = await context.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    reader.on('request', (request) => asked.push(request.url()));
    reader.on('console', (message) => complaints.push(message.text()));
    await reader.goto(`file://${path}`);
    await expect(reader.getByRole('heading', { level: 1 })).toContainText('Readiness of production');
    await expect(reader.locator('svg.plot').first()).toBeVisible();
    expect(asked.filter((url) => url !== `file://${path}`)).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
    await rm(directory, { recursive: true, force: true });
  }
});

test('the policy of the page names its own style', async ({ page }) => {
  await page.goto('/reports');
  const { text, headers } = await file(page, /^HTML of/);
  const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
});

test('what cannot be made is said beside the form', async ({ page }) => {
  await page.goto('/reports?period=between&preview=1');
  await expect(page.locator('#preview')).toContainText('No report can be made of this');
  await expect(page.getByRole('radio', { name: /^from/ })).toBeChecked();
  await expect(shelf(page)).toHaveCount(1);
});

test.describe('a viewer', () => {
  test.use({ signedIn: false });

  test('reads and makes none', async ({ page, demo, javaScriptEnabled }) => {
    await made(page, demo, `Ria ${javaScriptEnabled ? 'live' : 'plain'}`, 'viewer');
    await page.goto('/reports');
    await expect(page.getByRole('button', { name: 'Make the report' })).toBeDisabled();
    await expect(page.locator('#may-not')).toContainText('That needs the role operator');
    await expect(shelf(page)).toHaveCount(1);
    const refused = await page.request.post('/api/v1/reports', { data: {}, headers: { origin: demo.url } });
    expect(refused.status()).toBe(403);
  });
});
