// What happens in the fleet shows in a page that is already open, without touching it.
import { expect, test, type Page } from '../harness/test.ts';

// five times as fast: a sweep every second, and a stopped task is replaced while one watches
test.use({ demoArgs: ['--no-script', '--speed', '5'] });

const REASON = 'stopped from outside by the browser tests';

/** Marks the document, so that a reload could not pass for a live update. */
async function markDocument(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() => document.documentElement.setAttribute('data-marked', 'yes'));
  return () => expect(page.locator('html')).toHaveAttribute('data-marked', 'yes');
}

async function isLive(page: Page): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
}

test('a stopped task appears in an open page, and stays on record after the fleet forgot it', async ({ page, demo }) => {
  await page.goto(await demo.pathOf('payment-nats'));
  await isLive(page);
  const notReloaded = await markDocument(page);
  const stopped = page.locator('#stopped');
  await expect(stopped).not.toContainText(REASON);
  await demo.order('/tasks/stop', { service: 'payment-nats', reason: REASON });
  await expect(stopped).toContainText(REASON, { timeout: 30_000 });
  await notReloaded();

  await demo.order('/tasks/forget-stopped');
  await page.reload();
  await expect(page.locator('#stopped')).toContainText(REASON);
  await demo.settled();
});

test('the Overview moves by itself, and counts the task that is missing', async ({ page, demo }) => {
  await page.goto('/');
  await isLive(page);
  const notReloaded = await markDocument(page);
  await demo.order('/tasks/stop', { service: 'settings-nats', reason: REASON });
  await expect(page.getByRole('main')).toContainText(/settings-nats.*stopped/, { timeout: 30_000 });
  await notReloaded();
  await demo.settled();
});

test('what has the focus keeps it over a live update', async ({ page, demo }) => {
  await page.goto('/services');
  await isLive(page);
  const link = page.getByRole('main').getByRole('link', { name: 'quest-system-nats' }).first();
  await link.focus();
  await demo.order('/tasks/stop', { service: 'quest-system-nats', reason: REASON });
  const row = page.getByRole('row').filter({ hasText: 'quest-system-nats' });
  await expect(row).not.toContainText(/\bup\b/, { timeout: 30_000 });
  await expect(link).toBeFocused();
  await demo.settled();
});

test('ages tick', async ({ page }) => {
  await page.goto('/sources');
  await isLive(page);
  const ages = page.getByRole('main').locator('time.age');
  const before = await ages.allTextContents();
  await expect.poll(() => ages.allTextContents()).not.toEqual(before);
});
