// The record: searched and filtered by its URL, with JavaScript and without, and asked what came before an entry.
import { expect, test, type Page } from '../harness/test.ts';

test.use({ demoArgs: ['--no-script'] });

const entries = (page: Page) => page.getByRole('main').locator('.record > li:not(.day)');

test('lists what happened by day, newest first, with its kinds counted', async ({ page }) => {
  await page.goto('/timeline');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Timeline');
  await expect(page.getByRole('main').locator('.record .day').first()).toHaveText(/\d+ \w{3} \d{4}/);
  await expect(entries(page).first()).toContainText('ago');
  const times = await entries(page).locator('time.at').evaluateAll((all) => all.map((time) => time.getAttribute('datetime')));
  expect(times.length).toBeGreaterThan(10);
  expect([...times].sort().reverse()).toEqual(times);
  const narrow = page.getByRole('navigation', { name: 'Narrow it' });
  await narrow.getByRole('link', { name: /ECS event \d+/ }).click();
  await expect(page).toHaveURL(/kind=service_event/);
  await expect(entries(page).filter({ hasNotText: 'ECS event' })).toHaveCount(0);
});

test('searches by words that begin what is there', async ({ page }) => {
  await page.goto('/timeline');
  await page.getByRole('searchbox').fill('auth-na steady');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL(/[?&]q=auth-na(\+|%20)steady/);
  await expect(page.getByRole('searchbox')).toHaveValue('auth-na steady');
  await expect(entries(page).first()).toContainText('auth-nats');
  await expect(entries(page).filter({ hasNotText: 'auth-nats' })).toHaveCount(0);
});

test('takes search syntax as words, and says so when nothing matches', async ({ page }) => {
  for (const q of ['"', 'a AND', 'said:*', '(((', "'; DROP TABLE timeline"]) {
    expect((await page.request.get(`/timeline?q=${encodeURIComponent(q)}`)).status(), q).toBe(200);
  }
  await page.goto(`/timeline?q=${encodeURIComponent('"NEAR(')}`);
  await expect(page.getByRole('searchbox')).toHaveValue('"NEAR(');
  await page.goto('/timeline?q=no-such-word');
  await expect(page.getByText('Nothing on record matches.')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'The whole timeline' }).click();
  await expect(entries(page).first()).toBeVisible();
});

test('a service leads to its whole record, and an entry to what came before it', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('quest-system-nats'));
  await page.getByRole('link', { name: 'The whole record of it' }).click();
  await expect(page).toHaveURL(/service=quest-system-nats/);
  await expect(entries(page).filter({ hasNotText: 'quest-system-nats' })).toHaveCount(0);
  await entries(page).first().locator('a.before').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What changed in the ten minutes before this?');
  await expect(page.getByRole('region', { name: 'What the affected tasks share' })).toBeVisible();
});

test('pages without losing the question', async ({ page }) => {
  await page.goto('/timeline?tone=quiet');
  const first = await entries(page).first().innerText();
  const older = page.getByRole('link', { name: 'Older' });
  if (await older.count()) {
    await older.click();
    await expect(page).toHaveURL(/tone=quiet.*before=/);
    await page.getByRole('link', { name: 'Newest', exact: true }).click();
    await expect(page).toHaveURL(/tone=quiet$/);
    // among the newest, and not the very newest: the fleet lives on meanwhile
    await expect(entries(page).filter({ hasText: first.split('\n').at(-1)?.slice(0, 20) ?? '' }).first()).toBeVisible();
  }
});

test('a task has a page that says what it says, or why not', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('auth-nats'));
  await page.locator('#tasks tbody th a').first().click();
  await expect(page).toHaveURL(/auth-nats\/tasks\/\w+$/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('is RUNNING');
  await expect(page.locator('#facts')).toContainText('arn:aws:ecs:');
  await expect(page.locator('#log')).toContainText(/No log to show|\d\d:\d\d:\d\d/);
});

test.describe('an entry that never was', () => {
  test.use({ tolerated: /status of 404/ });

  test('is a 404 that says so', async ({ page }) => {
    const answer = await page.goto('/timeline?around=987654321');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('main')).toContainText('987654321');
  });
});
