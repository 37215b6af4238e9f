// What no collector sees: attested with a file, accepted by two people, imported from Markdown; with JavaScript and without.
import { made } from '../harness/accounts.ts';
import { expect, test, type Demo, type Page } from '../harness/test.ts';

const SUMMARY = {
  root_group: {},
  metrics: {
    http_reqs: { count: 588_000, rate: 9_800 },
    http_req_duration: { 'p(95)': 180 },
    http_req_failed: { value: 0 },
  },
};

const file = (name: string, text: string) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });

interface Attestations {
  rows: { id: number; check: string; note: string; state: string }[];
}

/** Something of this project's own: both run against one server. */
const own = (words: string, live: boolean): string => `${words} ${live ? 'live' : 'plain'}`;

/** What a list of the API says of the rows with this text. */
const noted = async (demo: Demo, note: string) => (await demo.api<Attestations>('/attestations')).rows.filter((row) => row.note === note);

async function fits(page: Page): Promise<void> {
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  }
}

test('a load test is attested with what its file says', async ({ page, demo, javaScriptEnabled }) => {
  const note = own('from inside the network & out', javaScriptEnabled);
  await page.goto('/readiness/attest?check=load-test&environment=production');
  await expect(page.locator('#check')).toContainText('What has never been loaded breaks on the day it is.');
  await page.getByLabel('What was seen', { exact: true }).fill(note);
  // a file of another version is refused, and nothing typed is lost
  await page.getByLabel('File', { exact: true }).setInputFiles(file('summary.json', JSON.stringify({ version: '9', results: {}, metrics: { http_reqs: {} } })));
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.locator('#file')).toContainText('This is no summary of k6 that Signalbox knows');
  await expect(page.getByLabel('What was seen', { exact: true })).toHaveValue(note);
  await page.getByLabel('File', { exact: true }).setInputFiles(file('summary.json', JSON.stringify(SUMMARY)));
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.locator('#file')).toContainText('9800 requests a second');
  expect(await noted(demo, note)).toHaveLength(0);
  await fits(page);
  await page.getByRole('button', { name: 'Show what would be kept' }).click();
  await expect(page.locator('#draft')).toContainText('load-test of production holds in part');
  await page.getByRole('button', { name: 'Attest it' }).click();
  await expect(page.locator('#said')).toContainText(note);
  await expect.poll(async () => (await noted(demo, note)).length).toBe(1);
  const id = (await noted(demo, note))[0]?.id ?? 0;
  await fits(page);
  await page.getByRole('button', { name: `Take back attestation ${id}`, exact: true }).click();
  await expect(page.locator(`#attestation-${id}`)).toContainText('taken back');
});

test('a waiver has an end, and another person approves it', async ({ page, demo, javaScriptEnabled }) => {
  const reason = own('it is replaced in June', javaScriptEnabled);
  await page.goto('/readiness/waivers?check=recovery-drill&environment=production');
  await page.getByLabel('Why the failure is accepted').fill(reason);
  await page.getByLabel('What keeps the risk small meanwhile').fill('backups are looked at by hand');
  await page.getByLabel('Until (UTC)').fill('');
  await page.getByRole('button', { name: 'Show what would be asked for' }).click();
  await expect(page.locator('#ask')).toContainText('A waiver without an end is refused');
  await expect(page.getByLabel('Why the failure is accepted')).toHaveValue(reason);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
  await page.getByLabel('Until (UTC)').fill(tomorrow);
  await page.getByRole('button', { name: 'Show what would be asked for' }).click();
  await page.getByRole('button', { name: 'Ask for it' }).click();
  const row = page.locator('#open li').filter({ hasText: reason });
  await expect(row).toContainText('waits for approval');
  await expect(row.getByRole('button', { name: /^Approve waiver/ })).toBeDisabled();
  await expect(row).toContainText('approved by somebody else');
  await fits(page);
  await made(page, demo, own('Olga Waives', javaScriptEnabled), 'operator');
  await page.goto('/readiness/waivers');
  await row.getByRole('button', { name: /^Approve waiver/ }).click();
  await expect(row).toContainText('approved by Olga Waives');
  await row.locator('details.command summary').click();
  await row.getByRole('textbox').fill('the test is over');
  await row.locator('details.command').getByRole('button').click();
  await expect(page.locator('#open li').filter({ hasText: reason })).toHaveCount(0);
});

test('a checklist is looked at, imported, and changes nothing the second time', async ({ page, demo, javaScriptEnabled }) => {
  const name = own('Launch', javaScriptEnabled);
  const list = '# Launch\n\n## P0 – Recovery\n\n- [x] restore a backup\n- [ ] <img src=x onerror=alert(1)> fail over\n';
  await page.goto('/readiness/checklists');
  await page.getByLabel('File', { exact: true }).setInputFiles(file(`${name}.md`, 'no box in it'));
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await expect(page.locator('#preview')).toContainText('There is no item with a box in it');
  await page.getByLabel('File', { exact: true }).setInputFiles(file('list.md', list));
  await page.getByRole('button', { name: 'Show what would change' }).click();
  const preview = page.locator('#preview');
  await expect(preview).toContainText('1 of 2 items ticked');
  await preview.getByText('New: 2').click();
  await expect(preview).toContainText('<img src=x onerror=alert(1)> fail over');
  expect(await page.locator('main img').count()).toBe(0);
  await fits(page);
  await page.getByRole('button', { name: 'Import it' }).click();
  const row = page.locator('#lists li').filter({ hasText: name });
  await expect(row).toContainText('1 of 2 items ticked; 1 check');
  const to = (await row.getByRole('link', { name: 'As Markdown' }).getAttribute('href')) ?? '';
  const text = await (await fetch(`${demo.url}${to}`, { headers: demo.bearer })).text();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('File', { exact: true }).setInputFiles(file('again.md', text));
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await expect(page.locator('#preview')).toContainText('It is what is kept already');
  await row.getByRole('button', { name: /^Remove list/ }).click();
  await expect(page.locator('#lists li').filter({ hasText: name })).toHaveCount(0);
});
